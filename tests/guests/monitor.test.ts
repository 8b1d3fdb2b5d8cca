import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Paravirt, paravirt, statistics } from './paravirt.ts';
import { romThatLoops } from './small-programs.ts';

let folder: string;
let rom: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'paravirt-monitor-'));
  rom = join(folder, 'loop.rom');
  writeFileSync(rom, romThatLoops());
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Until the socket is there. */
async function listening(socket: string): Promise<void> {
  await expect.poll(() => statSync(socket, { throwIfNoEntry: false })?.isSocket(), { timeout: 30_000 }).toBe(true);
}

describe('A machine with a monitor', () => {
  it('is looked at, changed and ended from outside while its guest runs', async () => {
    const socket = join(folder, 'pc');
    const nets = ['--net', 'user', '--net', 'user,model=venet', '--net', 'user,bus=vbus,wire=hypercall'];
    const run = new Paravirt(['run', '--bios', rom, '--memory', '32M', ...nets, '--monitor', socket, '--stats=json']);
    const ask = async (...words: readonly string[]): Promise<readonly [number | undefined, string]> => {
      const { code, stdout, stderr } = await paravirt('monitor', socket, ...words);
      return [code, stdout + stderr];
    };
    try {
      await listening(socket);
      expect(statSync(socket).mode & 0o777).toBe(0o600);
      const [code, cards] = await ask('cards');
      expect(code).toBe(0);
      expect(cards.trimEnd().split('\n')).toHaveLength(3);
      expect(cards).toMatch(/^net1 +venet +vbus pci\/0 +52:54:00:12:34:57 link up$/m);
      expect(await ask('link', 'down', 'net0')).toEqual([0, '']);
      expect(await ask('device', 'add', 'user,model=venet')).toEqual([0, 'net3\n']);
      expect(await ask('vbus', 'cat', '/sys/vbus/instances/pci/devices/1/type')).toEqual([0, 'virtual-ethernet\n']);
      expect(await ask('vbus', 'unlink', 'net3')).toEqual([0, '']);
      expect(await ask('vbus', 'unlink', 'net3')).toEqual([1, 'paravirt: ENOENT: net3 is on no bus\n']);
      const json = await paravirt('monitor', '--json', socket, 'vbus', 'link', 'net3', 'pci');
      expect([json.code, json.stdout + json.stderr]).toEqual([0, '{"result":{"bus":"pci","ids":[2]}}\n']);
      const [, text] = await ask('cards');
      expect(text).toMatch(/^net0 .* link down$/m);
      expect(await ask('quit')).toEqual([0, '']);
      const outcome = await run.finished;
      expect(outcome.code).toBe(0);
      expect(statistics(outcome)['cards']).toHaveLength(4);
      expect(statSync(socket, { throwIfNoEntry: false })).toBeUndefined();
      const [gone, why] = await ask('cards');
      expect([gone, why]).toEqual([2, `paravirt: ${socket}: there is no such socket: is the machine running with --monitor?\n`]);
    } finally {
      await run.kill();
    }
  });

  it('takes the place of one that was killed and left its socket', async () => {
    const socket = join(folder, 'twice');
    for (let i = 0; i < 2; i++) {
      const run = new Paravirt(['run', '--bios', rom, '--memory', '32M', '--monitor', socket]);
      await listening(socket);
      await expect.poll(async () => (await paravirt('monitor', socket, 'buses')).code, { timeout: 30_000 }).toBe(0);
      // Killed without a chance to clean up: the socket stays, and the second machine takes its place.
      await run.kill();
    }
    rmSync(socket);
  });
});
