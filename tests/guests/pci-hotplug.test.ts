import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FileServer, serveFile } from './host-server.ts';
import { boot, debianImage, Paravirt } from './paravirt.ts';

/** Time that a boot may take on a slow machine, in seconds. */
const BOOT = 300;
const STEP = 60;
const CYCLES = 20;

let folder: string;
let server: FileServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paravirt-hotplug-'));
  server = await serveFile(8 << 20);
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** A running machine's monitor: one line, and the lines of its answer before `ok`. */
class Monitor {
  readonly #socket: Socket;
  #received = '';

  constructor(socket: Socket) {
    this.#socket = socket.setEncoding('utf8').on('data', (chunk: string) => {
      this.#received += chunk;
    });
  }

  static async open(path: string): Promise<Monitor> {
    await expect.poll(() => existsSync(path), { timeout: 30_000 }).toBe(true);
    const socket = connect(path);
    await once(socket, 'connect');
    return new Monitor(socket);
  }

  async ask(line: string): Promise<string> {
    this.#received = '';
    this.#socket.write(`${line}\n`);
    await expect.poll(() => /^(ok|error .*)\n$/m.test(this.#received), { timeout: STEP * 1000 }).toBe(true);
    return this.#received.replace(/^ok\n$/m, '').trim();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/**
 * Tells when eth1 comes, asks for an address there, and tells when it goes; what it prints is not what the console echoes. An interface is in
 * sysfs a moment before it can be named.
 */
const WATCH = `n=0; while [ $n -lt ${CYCLES} ]; do until ip link set eth1 up 2> /dev/null; do usleep 10000; done; \
udhcpc -i eth1 -n -q -t 5 -T 2 -s /bin/true > /dev/null 2>&1 && echo "came" "$n"; \
while [ -e /sys/class/net/eth1 ]; do usleep 10000; done; echo "went" "$n"; n=$((n + 1)); done\n`;

describe.each(['x86_64', 'i686'] as const)('[ACPI 6.5 §5.6.6] Debian’s kernel for %s', (arch) => {
  it('takes a PCI card and gives it back, twenty times, while another card is busy', async () => {
    const image = await debianImage(arch);
    const path = join(folder, arch);
    const parameters = `paravirt.do=address,shell`;
    const run = new Paravirt([...boot(image, parameters), '--memory', '512M', '--net', 'user', '--monitor', path]);
    try {
      await run.expect('paravirt: address 10.0.2.15/24', BOOT);
      await run.expect(/paravirt: shell.*# /s, STEP);
      const monitor = await Monitor.open(path);
      run.type(`(while wget -q -O /dev/null ${server.url}; do echo "fetched" "all"; done) &\n`);
      await run.expect('fetched all', STEP);
      run.type(WATCH);
      for (let cycle = 0; cycle < CYCLES; cycle++) {
        const card = await monitor.ask('device add user');
        await run.expect(`came ${cycle}\r\n`, STEP);
        expect(await monitor.ask(`device remove ${card}`)).toBe('requested');
        await run.expect(`went ${cycle}\r\n`, STEP);
        // The interface goes first, then the guest ejects the card.
        await expect.poll(() => monitor.ask('cards'), { timeout: STEP * 1000 }).not.toContain(`${card} `);
      }
      // Not asked: the guest gives back the card that it was started with.
      run.type('echo 0 > /sys/bus/pci/slots/1/power; echo "cards" "left: $(ls /sys/class/net)"\n');
      await run.expect('cards left: lo\r\n', STEP);
      expect(await monitor.ask('cards')).toBe('');
      monitor.close();
      run.type('exit\n');
      expect((await run.finished).code).toBe(0);
      expect(run.stdout.split('fetched all').length).toBeGreaterThan(CYCLES / 2);
    } finally {
      await run.kill();
    }
  });
});
