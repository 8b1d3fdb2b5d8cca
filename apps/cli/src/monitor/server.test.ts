import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { createPc, type Pc } from '@paravirt/machine';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { runClient } from './client.ts';
import { LONGEST_LINE } from './line-reader.ts';
import type { MonitorTarget } from './monitor-command.ts';
import { MonitorServer } from './server.ts';

const folder = mkdtempSync(join(tmpdir(), 'paravirt-monitor-'));
const path = join(folder, 'socket');
const servers: MonitorServer[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await server.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

const pc: Pc = createPc({ memory: 16 * 2 ** 20, boot: { bios: new Uint8Array(16).fill(0xf4) }, time: { mode: 'deterministic' } });
const target: MonitorTarget = {
  pc,
  addCard: () => Promise.reject(new Error('not here')),
  statistics: () => {
    throw new Error('not here');
  },
  quit: () => {},
};

async function listen(at = path): Promise<MonitorServer> {
  const server = await MonitorServer.listen(at, target);
  servers.push(server);
  return server;
}

/** A client that sends bytes and tells what it got, until the server has said `until` or ended. */
function client(): {
  readonly socket: Socket;
  readonly got: () => string;
  until(text: string): Promise<void>;
  readonly ended: Promise<void>;
} {
  const socket = connect({ path, allowHalfOpen: true });
  sockets.push(socket);
  let got = '';
  let check = (): void => {};
  socket.on('data', (bytes: Buffer) => {
    got += bytes.toString();
    check();
  });
  socket.on('error', () => {});
  const ended = new Promise<void>((resolve) => {
    socket.on('end', resolve);
    socket.on('close', () => resolve());
  });
  return {
    socket,
    got: () => got,
    ended,
    until: (text) =>
      new Promise((resolve) => {
        check = () => {
          if (got.includes(text)) resolve();
        };
        check();
      }),
  };
}

const run = async (command: readonly string[], json = false): Promise<readonly [boolean, string, string]> => {
  const output = new PassThrough();
  const errors = new PassThrough();
  const ok = await runClient({ path, command, json, input: new PassThrough(), output, errors });
  return [ok, (output.read() as Buffer | null)?.toString() ?? '', (errors.read() as Buffer | null)?.toString() ?? ''];
};

describe('The socket', () => {
  it('is its owner’s alone, and gone after the end', async () => {
    const server = await listen();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await server.close();
    await server.close();
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('is not put over a file, nor over another machine’s', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'mine');
    await expect(listen(file)).rejects.toThrow(`--monitor ${file}: there is something already`);
    await listen();
    await expect(listen()).rejects.toThrow('there is something already');
    await expect(listen(join(folder, 'no', 'where'))).rejects.toThrow(/there is no such directory|may not be made/);
    await expect(listen(join(folder, 'x'.repeat(200)))).rejects.toThrow('too long for a socket');
    const ask = client();
    ask.socket.write('buses\n');
    await ask.until('ok\n');
  });

  it('replaces one that was left behind', async () => {
    // A socket whose process was killed: the file stays, nobody listens.
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(path, resolve));
    const { renameSync } = await import('node:fs');
    const aside = join(folder, 'aside');
    renameSync(path, aside);
    await new Promise<void>((resolve) => dead.close(() => resolve()));
    renameSync(aside, path);
    await listen();
    expect(await run(['buses'])).toEqual([true, 'pci   00           1 devices\n', '']);
  });
});

describe('Clients', () => {
  it('are answered line by line, in text and JSON', async () => {
    await listen();
    const ask = client();
    ask.socket.write('buses\n{"command":"cards","id":1}\nnonsense\n');
    await ask.until('nonsense');
    expect(ask.got()).toMatch(/^pci .*\nok\n\{"id":1,"result":\[\]\}\nerror unknown-command: no command "nonsense"/);
  });

  it('get their answers also if they stop talking first', async () => {
    await listen();
    const ask = client();
    ask.socket.end('buses\n'.repeat(200));
    await ask.ended;
    expect(ask.got().match(/^ok$/gm)).toHaveLength(200);
  });

  it('may send huge lines, nonsense and halves of lines', async () => {
    await listen();
    const ask = client();
    ask.socket.write(Buffer.alloc(3 * LONGEST_LINE, 0x61));
    ask.socket.write('\n{"command":\n\xff\xfe\x00\n');
    ask.socket.write('{"command":"buses","arguments":[1]}\n[1,2]\nbuses\n');
    await ask.until('pci ');
    await ask.until('\nok\n');
    const [tooLong, ...rest] = ask.got().split('\n');
    expect(tooLong).toBe(`error too-long: a line has at most ${LONGEST_LINE} bytes`);
    expect(rest[0]).toMatch(/^\{"error":\{"code":"bad-request"/);
    expect(rest[1]).toMatch(/^error unknown-command/);
    expect(rest[2]).toMatch(/^\{"error":\{"code":"bad-request"/);
    expect(rest[3]).toMatch(/^error unknown-command/);
  });

  it('that do not read their answers are not read either, and do not stop others', async () => {
    await listen();
    const deaf = client();
    deaf.socket.pause();
    for (let i = 0; i < 100; i++) deaf.socket.write('help\n'.repeat(100));
    expect((await run(['buses']))[0]).toBe(true);
    deaf.socket.destroy();
    expect((await run(['buses']))[0]).toBe(true);
  });

  it('are sixteen at most; others are told', async () => {
    await listen();
    const first = Array.from({ length: 16 }, client);
    for (const each of first) {
      each.socket.write('buses\n');
      await each.until('ok\n');
    }
    const more = client();
    await more.ended;
    expect(more.got()).toMatch(/^error too-many: /);
    first[0]?.socket.destroy();
    await expect.poll(async () => (await run(['buses']))[0]).toBe(true);
  });

  it('are ended with the machine', async () => {
    const server = await listen();
    const ask = client();
    ask.socket.write('buses\n');
    await ask.until('ok\n');
    await server.close();
    await ask.ended;
  });
});

describe('paravirt monitor', () => {
  it('prints what a command says, and fails with what was wrong', async () => {
    await listen();
    expect(await run(['buses'])).toEqual([true, 'pci   00           1 devices\n', '']);
    expect(await run(['vbus', 'ls', '/no where'])).toEqual([false, '', 'paravirt: ENOENT: /no where\n']);
    expect(await run(['cards'], true)).toEqual([true, '{"result":[]}\n', '']);
    expect(await run(['stats'], true)).toEqual([false, '', '{"error":{"code":"internal","message":"not here"}}\n']);
  });

  it('reads lines from its input', async () => {
    await listen();
    const input = new PassThrough();
    const output = new PassThrough();
    input.end('buses\n\ncards\n');
    expect(await runClient({ path, command: [], json: false, input, output, errors: new PassThrough() })).toBe(true);
    expect((output.read() as Buffer).toString()).toBe('pci   00           1 devices\n');
  });

  it('says that no machine is there', async () => {
    await expect(run(['buses'])).rejects.toThrow('there is no such socket: is the machine running with --monitor?');
  });
});
