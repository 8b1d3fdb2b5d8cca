/**
 * How cards and their drivers notify each other, with a kernel that knows nothing of it: several cards with different options at once, each
 * of which has to bring files whole in both directions. What was in force is told by counters: of exits, interrupts and signals.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FileServer, receiveUploads, serveFile, type UploadServer } from './host-server.ts';
import { boot, debianImage, type Image, paravirt, statistics } from './paravirt.ts';

const DOWN = 2 << 20;
const UP = 1 << 20;

let image: Image;
let file: FileServer;
let uploads: UploadServer;

beforeAll(async () => {
  image = await debianImage('x86_64');
  file = await serveFile(DOWN);
  uploads = await receiveUploads();
});
afterAll(() => {
  file.close();
  uploads.close();
});

interface Card {
  readonly card: string;
  readonly options: Readonly<Record<string, string>>;
  readonly doorbells: { readonly rung: number };
  readonly signals: { readonly sent: number; readonly suppressed: number; readonly held: number };
  readonly interrupts: number;
}

interface Report {
  readonly cards: readonly Card[];
  readonly ports: readonly { readonly device: string; readonly writes: number }[];
  readonly mmio: readonly { readonly device: string; readonly reads: number; readonly writes: number }[];
  readonly sources: readonly { readonly name: string; readonly count: number }[];
  readonly connectors: readonly { readonly signals: number; readonly interrupts: number; readonly doorbells: number }[];
}

/** Boots with the cards, transfers over each, and powers off. */
async function transfer(...options: readonly string[]): Promise<Report> {
  const before = uploads.received.length;
  const cards = options.filter((option) => option === '--net').length;
  const parameters = [
    'paravirt.do=address,download,upload,poweroff',
    `paravirt.url=${file.url}`,
    `paravirt.upload=${uploads.target} paravirt.upload_size=${UP}`,
  ];
  const outcome = await paravirt(...boot(image, parameters.join(' ')), ...options, '--timeout', '300', '--stats=json');
  const { stdout } = outcome;
  expect(outcome.code, stdout + outcome.stderr).toBe(0);
  const downloads = stdout.match(new RegExp(`downloaded ${DOWN} bytes, \\d+ KiB/s, sha256 ${file.sha256} over eth`, 'g'));
  expect(downloads, stdout).toHaveLength(cards);
  const digests = [...stdout.matchAll(new RegExp(`uploaded ${UP} bytes, \\d+ KiB/s, sha256 ([0-9a-f]+) over eth`, 'g'))];
  expect(digests.map(([, digest]) => digest)).toEqual(uploads.received.slice(before));
  expect(digests).toHaveLength(cards);
  expect(stdout).not.toMatch(/BUG:|WARNING:|Oops|Call Trace|NETDEV WATCHDOG/);
  return statistics(outcome) as unknown as Report;
}

const nets = (...specs: readonly string[]): string[] => specs.flatMap((spec) => ['--net', spec]);
const count = (list: readonly { readonly name: string; readonly count: number }[], name: string): number =>
  list.find((each) => each.name === name)?.count ?? 0;

describe('A Debian guest with cards of different options', () => {
  it('gets and sends files whole over virtio-net on PCI, whatever its interrupts, doorbell, suppression, mitigation and place', async () => {
    const report = await transfer(
      ...nets(
        'user,interrupts=intx,doorbell=port,mitigation=poll:50us:2',
        'user,interrupts=msix-shared,suppression=flags,mitigation=timer:100us',
        'user,suppression=none,place=deferred',
        'user,mitigation=packets:8:100us,place=deferred,doorbell=port',
      ),
    );
    const [intx, shared, none, packets] = report.cards;
    expect(report.cards).toHaveLength(4);
    // Doorbells that are ports are the only accesses to ports of a card.
    const rung = (name: string): number => report.ports.find(({ device }) => device.startsWith(`virtio-net ${name} BAR`))?.writes ?? 0;
    expect(rung('net0')).toBe(intx?.doorbells.rung);
    expect(rung('net3')).toBe(packets?.doorbells.rung);
    expect([rung('net1'), rung('net2')]).toEqual([0, 0]);
    // INTx sends no messages, and asks for its status at each interrupt.
    expect(count(report.sources, 'virtio-net net0 messages')).toBe(0);
    expect(report.mmio.find(({ device }) => device.startsWith('virtio-net net0 BAR0'))?.reads).toBeGreaterThan(intx?.interrupts ?? 0);
    for (const card of [shared, none, packets]) expect(count(report.sources, `virtio-net ${card?.card} messages`)).toBe(card?.interrupts);
    expect([intx?.signals.held, shared?.signals.held, none?.signals.held]).toEqual([0, 0, 0]);
    expect(packets?.signals.held).toBeGreaterThan(0);
    expect(none?.signals.suppressed).toBe(0);
    expect(shared?.signals.suppressed).toBeGreaterThan(0);
  });

  it('does so over a bridge whose doorbells are memory, which interrupts by its pin, once for each signal', async () => {
    const report = await transfer(
      ...['--vbus', 'pci,doorbell=mmio,interrupts=intx,aggregation=off'],
      ...nets(
        'user,model=venet,mitigation=packets:8:100us',
        'user,model=venet,mitigation=timer:100us,place=deferred',
        'user,bus=vbus,suppression=shm-signal',
        'user,bus=vbus,suppression=flags,mitigation=packets:8:100us,place=deferred',
      ),
    );
    const [bridge] = report.connectors;
    const rung = report.cards.reduce((sum, { doorbells }) => sum + doorbells.rung, 0);
    expect(bridge?.doorbells).toBe(rung);
    expect(report.ports.filter(({ device }) => device.startsWith('vbus-bridge'))).toEqual([]);
    expect(report.mmio.find(({ device }) => device.startsWith('vbus-bridge BAR1'))?.writes).toBeGreaterThan(rung);
    expect(count(report.sources, 'vbus-bridge messages')).toBe(0);
    expect(report.cards.map(({ signals }) => signals.held > 0)).toEqual([true, false, false, true]);
  });
});
