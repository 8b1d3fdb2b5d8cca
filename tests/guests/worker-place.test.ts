/**
 * A card whose data path is in a worker thread on the guest's memory, with a kernel that knows nothing of it: files come whole in both
 * directions, pings are answered, and a reset of the machine under traffic leaves a guest that boots again.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchange, type FileServer, freePort, receiveUploads, serveFile, takenPort, type UploadServer } from './host-server.ts';
import { boot, debianImage, type Image, Paravirt, paravirt, statistics } from './paravirt.ts';

const DOWN = 8 << 20;
const UP = 4 << 20;
/** Time that a boot and a transfer may take on a slow machine, in seconds. */
const BOOT = 300;
const STEP = 120;

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

interface Report {
  readonly cards: readonly {
    readonly options: { readonly place: string };
    readonly frames: { readonly transmitted: number; readonly received: number };
    readonly doorbells: { readonly rung: number };
    readonly signals: { readonly sent: number };
    readonly interrupts: number;
  }[];
  readonly frames: readonly { readonly transmittedFrames: number; readonly receivedFrames: number }[];
}

describe('A Debian guest with a card in a worker thread', () => {
  it('has its address, pings, gets and sends files whole, is reached by a forward, and powers off', async () => {
    const port = await freePort();
    const parameters = [
      'paravirt.do=address,ping,download,upload,shell',
      `paravirt.url=${file.url}`,
      `paravirt.upload=${uploads.target} paravirt.upload_size=${UP}`,
    ];
    const net = `user,place=worker,forward=tcp:127.0.0.1:${port}-:7`;
    const run = new Paravirt([...boot(image, parameters.join(' ')), '--memory', '256M', '--net', net, '--stats=json']);
    try {
      await run.expect('paravirt: address 10.0.2.15/24', BOOT);
      await run.expect('4 packets transmitted, 4 packets received', STEP);
      await run.expect(new RegExp(`downloaded ${DOWN} bytes, \\d+ KiB/s, sha256 ${file.sha256}`), STEP);
      await run.expect(/uploaded [^\n]*\n/, STEP);
      expect(run.stdout).toMatch(new RegExp(`uploaded ${UP} bytes, \\d+ KiB/s, sha256 ${uploads.received.at(-1)}`));
      await run.expect(/paravirt: shell.*# /s, STEP);
      run.type('nc -l -p 7 -e cat & sleep 1; echo listening $((1 + 1))\n');
      await run.expect('listening 2', STEP);
      expect(await exchange(port, 'there and back')).toBe('there and back');
      run.type('exit\n');
      const outcome = await run.finished;
      expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0);
      expect(outcome.stdout).not.toMatch(/BUG:|WARNING:|Oops|Call Trace|NETDEV WATCHDOG/);
      const { cards, frames } = statistics(outcome) as unknown as Report;
      const [card] = cards;
      expect(card?.options.place).toBe('worker');
      expect(card?.frames).toEqual({ transmitted: frames[0]?.transmittedFrames, received: frames[0]?.receivedFrames });
      expect(card?.frames.received).toBeGreaterThan(100);
      expect(card?.doorbells.rung).toBeGreaterThan(100);
      expect(card?.interrupts).toBeGreaterThan(100);
      expect(card?.signals.sent).toBeGreaterThanOrEqual(card?.interrupts ?? 0);
    } finally {
      await run.kill();
    }
  });

  it('boots again after resets in the middle of its traffic', async () => {
    const parameters = `paravirt.do=address,shell paravirt.url=${file.url}`;
    const run = new Paravirt([...boot(image, parameters), '--memory', '256M', '--net', 'user,place=worker']);
    try {
      for (let boots = 1; boots <= 3; boots++) {
        const times = (text: string): RegExp => new RegExp(`(?:${text}.*?){${boots}}`, 's');
        await run.expect(times('paravirt: address 10.0.2.15/24'), BOOT);
        await run.expect(times('paravirt: shell.*?# '), STEP);
        run.type(`wget -q -O - ${file.url} | sha256sum; echo whole $((${boots} + 40))\n`);
        await run.expect(`whole ${boots + 40}`, STEP);
        expect(run.stdout.split(file.sha256)).toHaveLength(boots + 1);
        if (boots === 3) break;
        // The keyboard controller's line: at once, whatever is under way.
        run.type(`(while true; do wget -q -O /dev/null ${file.url}; done) & sleep 0.3; echo b > /proc/sysrq-trigger\n`);
      }
      run.type('exit\n');
      expect((await run.finished).code).toBe(0);
    } finally {
      await run.kill();
    }
  });
});

describe('What a card in a worker thread cannot have ends the command with one line and code 2', () => {
  const refused = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await paravirt(...boot(image, ''), ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^paravirt: [^\n]+\n$/);
    return stderr;
  };

  it('a bus of 2009, or a run without a host', async () => {
    expect(await refused('--net', 'user,model=venet,place=worker')).toContain('place worker');
    expect(await refused('--net', 'user,bus=vbus,place=worker')).toContain('place worker');
    expect(await refused('--net', 'user,place=worker', '--deterministic')).toContain('deterministic');
  });

  it('a port that is in use, a folder that is not there', async () => {
    const { port, close } = await takenPort();
    expect(await refused('--net', `user,place=worker,forward=tcp:127.0.0.1:${port}-:7`)).toContain(String(port));
    await close();
    expect(await refused('--net', 'user,place=worker,tftp=/does/not/exist')).toContain('/does/not/exist');
  });
});
