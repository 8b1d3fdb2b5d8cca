/** `paravirt trace`: a modelled card in every format, and the cards of a guest on two buses. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boot, debianImage, Paravirt, paravirt } from './paravirt.ts';

interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly cat?: string;
  readonly ts?: number;
  readonly id?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'paravirt-trace-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MODEL = ['trace', '--card', 'model=venet,wire=hypercall', '--workload', 'request-response:3'];
const eventsOf = (text: string): readonly TraceEvent[] => (JSON.parse(text) as { traceEvents: TraceEvent[] }).traceEvents;

describe('paravirt trace of a modelled card', () => {
  it('prints a row for each buffer that the device took, the same in every run', async () => {
    const [first, second] = [await paravirt(...MODEL), await paravirt(...MODEL)];
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect(second.stdout).toBe(first.stdout);
    const rows = first.stdout.split('\n').filter((line) => /net0\.(rx|tx)/.test(line));
    expect(rows).toHaveLength(6);
  });

  it('is a trace whose slices all end, and a capture with a comment for each frame', async () => {
    const events = eventsOf((await paravirt(...MODEL, '--format', 'chrome')).stdout);
    const open = (ph: string): number => events.filter((event) => event.ph === ph).length;
    expect(open('b')).toBe(open('e'));
    expect(events.filter(({ name, cat }) => cat === 'doorbell' && name === 'doorbell')).toHaveLength(3);
    const path = join(folder, 'model.pcapng');
    expect((await paravirt(...MODEL, '--format', 'pcapng', '--out', path)).code).toBe(0);
    const text = readFileSync(path, 'latin1');
    expect(text.match(/net0\.[rt]x buffer \d+, \d+ bytes; from/g)).toHaveLength(6);
  });

  it('tells a mistake in one line', async () => {
    const { code, stderr } = await paravirt('trace', '--card', 'model=venet,bus=pci');
    expect([code, stderr.split('\n').length]).toEqual([2, 2]);
  });
});

describe('paravirt trace of a guest', () => {
  it('follows the cards of both buses, as far as their devices know', async () => {
    const image = await debianImage('x86_64');
    const path = join(folder, 'guest.json');
    const [, ...options] = boot(image, '');
    const nets = ['--net', 'user,model=virtio-net', '--net', 'user,model=venet'];
    const guest = new Paravirt(['trace', ...options, ...nets, '--deterministic', '--timeout', '120', '--format', 'chrome', '--out', path]);
    guest.type('ping -c 2 10.0.2.2; poweroff -f\n');
    guest.endInput();
    const { code } = await guest.finished;
    expect(code).toBe(0);
    const events = eventsOf(readFileSync(path, 'utf8'));
    for (const ring of ['net0.tx', 'net0.rx', 'net1.tx', 'net1.rx']) {
      const stays = events.filter(({ cat, ph, name }) => cat === ring && ph === 'b' && name === 'device');
      expect([ring, stays.length > 0]).toEqual([ring, true]);
    }
    expect(new Set(events.filter(({ cat }) => cat === 'interrupt').map(({ name }) => name))).toEqual(
      new Set(['interrupt: net0', 'interrupt: vbus-bridge']),
    );
  });
});
