import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchange, type FileServer, freePort, serveFile } from './host-server.ts';
import { boot, debianImage, type Image, Paravirt, paravirt, statistics } from './paravirt.ts';

/** Time that a boot may take on a slow machine, in seconds. */
const BOOT = 300;
const STEP = 60;

let folder: string;
let server: FileServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paravirt-guests-'));
  server = await serveFile(4 << 20);
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

describe('Debian’s kernel for x86_64', () => {
  let image: Image;
  beforeAll(async () => {
    image = await debianImage('x86_64');
  });

  it('boots, reaches the network both ways, gives a shell and powers off', async () => {
    const port = await freePort();
    const capture = join(folder, 'capture.pcap');
    const parameters = `paravirt.do=address,ping,download,shell paravirt.url=${server.url}`;
    const network = `user,model=virtio-net-pci,forward=tcp:127.0.0.1:${port}-:7,pcap=${capture}`;
    const run = new Paravirt([...boot(image, parameters), '--memory', '512M', '--net', network, '--stats=json']);
    try {
      await run.expect('paravirt: address 10.0.2.15/24', BOOT);
      await run.expect('4 packets transmitted, 4 packets received', STEP);
      await run.expect('paravirt: ping 10.0.2.2 ok', STEP);
      await run.expect(/paravirt: downloaded [^\n]*\n/, STEP);
      expect(run.stdout).toMatch(new RegExp(`paravirt: downloaded ${server.size} bytes, \\d+ KiB/s, sha256 ${server.sha256}`));

      await run.expect(/paravirt: shell.*# /s, STEP);
      run.type('echo six times seven is $((6 * 7))\n');
      await run.expect('six times seven is 42', STEP);
      run.type('nc -l -p 7 -e cat & sleep 1; echo listening $((1 + 1))\n');
      await run.expect('listening 2', STEP);
      expect(await exchange(port, 'there and back')).toBe('there and back');
      run.type('exit\n');
      const outcome = await run.finished;
      expect(outcome.code).toBe(0);
      expect(statistics(outcome)['instructions']).toBeGreaterThan(100_000_000);
    } finally {
      await run.kill();
    }
    // Enhanced packet capture: a section header block, little-endian; or the classic magic.
    expect(['0a0d0d0a', 'd4c3b2a1', '4d3cb2a1']).toContain(readFileSync(capture).subarray(0, 4).toString('hex'));
  });

  it('prints the same and retires the same instructions on interpreter and translator in deterministic mode', async () => {
    const early = (engine: string) =>
      paravirt(
        ...boot(image, 'earlyprintk=serial,ttyS0,115200 paravirt.do=poweroff'),
        ...[
          '--memory',
          '256M',
          '--deterministic',
          '--engine',
          engine,
          '--stats=json',
          '--expect',
          'Calibrating delay loop',
          '--timeout',
          String(BOOT),
        ],
      );
    const [first, second] = await Promise.all([early('interpreter'), early('translator')]);
    expect(first.stdout).toContain('Linux version');
    expect(first.code).toBe(0);
    expect(second.stdout).toBe(first.stdout);
    expect(statistics(second)['instructions']).toBe(statistics(first)['instructions']);
  });
});

describe('Debian’s kernel for i686', () => {
  it('boots, reaches the network and powers off', async () => {
    const image = await debianImage('i686');
    const parameters = `paravirt.do=address,ping,download,poweroff paravirt.url=${server.url}`;
    const outcome = await paravirt(
      ...boot(image, parameters),
      ...['--memory', '256M', '--net', 'user,model=virtio-net-pci', '--timeout', String(2 * BOOT - STEP)],
    );
    expect(outcome.stdout).toContain('paravirt: address 10.0.2.15/24');
    expect(outcome.stdout).toContain('4 packets transmitted, 4 packets received');
    expect(outcome.stdout).toContain(`sha256 ${server.sha256}`);
    expect(outcome.code).toBe(0);
  });
});
