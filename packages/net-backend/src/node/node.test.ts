import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@paravirt/bus';
import { afterEach, describe, expect, it } from 'vitest';
import { capture, parseForward, portPair, UserNetwork } from '../index.ts';
import { NodeHostNetwork, openCaptureFile, tftpDirectory } from '../node.ts';
import { TestHost } from '../testing.ts';

const MIB = 1 << 20;
const text = (s: string): Uint8Array => new TextEncoder().encode(s);
const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 2_654_435_761) >>> 13);

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

/** A guest on a user network over real sockets; virtual time follows the real one. */
function realNetwork(offloads = false): { network: UserNetwork; guest: TestHost; host: NodeHostNetwork } {
  const began = process.hrtime.bigint();
  const clock = new VirtualClock(() => process.hrtime.bigint() - began);
  const host = new NodeHostNetwork();
  const network = new UserNetwork({ clock, host });
  const guest = new TestHost(network, { clock, offloads });
  guest.recording = false;
  const ticking = setInterval(() => clock.advanceTo(clock.now()), 2);
  cleanUps.push(() => {
    clearInterval(ticking);
    network.close();
  });
  return { network, guest, host };
}

async function serve(onConnection: (socket: Socket) => void): Promise<{ port: number; server: Server }> {
  const server = createServer({ allowHalfOpen: true }, onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => void server.close());
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, server };
}

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 5000 && !what(); i++) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(what()).toBe(true);
}

describe('the host network of Node, over 127.0.0.1', () => {
  for (const offloads of [false, true]) {
    it(`carries 8 MiB down and 4 MiB up, with half closes both ways${offloads ? ', with offloads' : ''}`, async () => {
      const { guest, host } = realNetwork(offloads);
      const down = pattern(8 * MIB);
      const up = pattern(4 * MIB);
      const got: Uint8Array[] = [];
      let ended = false;
      const { port } = await serve((socket) => {
        socket.on('data', (bytes) => got.push(bytes));
        socket.on('end', () => {
          ended = true;
        });
        socket.end(down);
      });
      const tcp = guest.connect('10.0.2.2', port);
      tcp.write(up);
      tcp.end();
      await until(() => tcp.peerEnded && tcp.finAcknowledged && ended);
      expect(Buffer.compare(Buffer.concat(got), up)).toBe(0);
      expect(Buffer.compare(tcp.bytes, down)).toBe(0);
      expect(guest.errors).toEqual([]);
      await until(() => host.openSockets === 0);
    });
  }

  it('is refused where nobody listens', async () => {
    const { guest } = realNetwork();
    const { port, server } = await serve(() => {});
    await new Promise<void>((resolve) => server.close(() => resolve()));
    const tcp = guest.connect('10.0.2.2', port);
    await until(() => tcp.state === 'reset');
  });

  it('stops a guest whose peer does not read, and a peer whose guest does not', async () => {
    const { guest, network } = realNetwork();
    const sockets: Socket[] = [];
    const { port } = await serve((socket) => {
      socket.pause();
      socket.write(new Uint8Array(16 * MIB));
      sockets.push(socket);
      cleanUps.push(() => socket.destroy());
    });
    const tcp = guest.connect('10.0.2.2', port);
    tcp.reading = false;
    tcp.write(new Uint8Array(32 * MIB));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const [info] = network.statistics().connections;
    expect(info?.toGuest).toBeLessThan(2 * MIB);
    expect(info?.toHost).toBeLessThan(MIB);
    expect(tcp.unacknowledged).toBeGreaterThan(0);
    expect(sockets[0]?.writableLength).toBeGreaterThan(0);
    sockets[0]?.resume();
    tcp.read();
    await until(() => tcp.unacknowledged === 0 && tcp.receivedBytes === 16 * MIB);
  });

  it('a reset goes through in both directions', async () => {
    const { guest } = realNetwork();
    const sockets: Socket[] = [];
    let reset = false;
    const { port } = await serve((socket) => {
      sockets.push(socket);
      socket.on('error', () => {
        reset = true;
      });
    });
    const first = guest.connect('10.0.2.2', port);
    const second = guest.connect('10.0.2.2', port);
    await until(() => sockets.length === 2 && first.state === 'established' && second.state === 'established');
    first.reset();
    await until(() => reset);
    for (const socket of sockets) if (!socket.destroyed) socket.resetAndDestroy();
    await until(() => second.state === 'reset');
  });

  it('carries UDP', async () => {
    const { guest } = realNetwork();
    const echo = createSocket('udp4');
    cleanUps.push(() => void echo.close());
    echo.on('message', (bytes, from) => echo.send(Buffer.concat([text('re: '), bytes]), from.port, from.address));
    await new Promise<void>((resolve) => echo.bind(0, '127.0.0.1', resolve));
    guest.sendUdp('10.0.2.2', echo.address().port, 5000, text('hello'));
    await until(() => guest.datagrams.length === 1);
    expect(guest.datagrams[0]).toMatchObject({ source: '10.0.2.2', destinationPort: 5000, payload: text('re: hello') });
  });

  it('resolves names that the host knows', async () => {
    const { guest } = realNetwork();
    const localhost = [9, ...text('localhost'), 0, 0, 1, 0, 1];
    guest.sendUdp('10.0.2.3', 53, 5000, Uint8Array.of(0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...localhost));
    await until(() => guest.datagrams.length === 1);
    expect([...(guest.datagrams[0]?.payload.slice(-4) ?? [])]).toEqual([127, 0, 0, 1]);
  });

  it('BK-16 forwards into the guest: echo, half close, a hundred in parallel, a client that is refused', async () => {
    const { guest, network } = realNetwork(true);
    guest.resetsUnknown = true;
    guest.listeners.set(22, (connection) => {
      connection.onData = (bytes) => connection.write(bytes);
      connection.onEnd = () => connection.end();
    });
    const { port } = await network.forward(parseForward('tcp:127.0.0.1:0-:22'));
    const data = pattern(100_000);
    const answers = await Promise.all(
      Array.from(
        { length: 100 },
        () =>
          new Promise<Buffer>((resolve, reject) => {
            const client = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
            const got: Buffer[] = [];
            client.on('data', (bytes) => got.push(bytes));
            client.on('end', () => resolve(Buffer.concat(got)));
            client.on('error', reject);
            client.end(data);
          }),
      ),
    );
    expect(answers.every((answer) => Buffer.compare(answer, data) === 0)).toBe(true);
    expect(guest.errors).toEqual([]);
    guest.listeners.clear();
    const refused = connect({ host: '127.0.0.1', port });
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => refused.on('error', resolve));
    expect(error.code).toBe('ECONNRESET');
  });

  it('BK-16 a port in use is a configuration error that names the port', async () => {
    const { port } = await serve(() => {});
    const { network } = realNetwork();
    const failure = network.forward(parseForward(`tcp:127.0.0.1:${port}-:22`));
    await expect(failure).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'port-in-use',
      message: expect.stringContaining(`${port}`),
    });
    await expect(network.forward(parseForward('tcp:192.0.2.1:0-:22'))).rejects.toMatchObject({ code: 'bad-address' });
  });
});

describe('a capture file', () => {
  it('BK-14 holds what went by', () => {
    const folder = mkdtempSync(join(tmpdir(), 'net-backend-'));
    cleanUps.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'cable.pcapng');
    const file = openCaptureFile(path);
    const [near] = portPair();
    const port = capture(near, { clock: new VirtualClock(), sink: file.sink });
    port.transmit(new Uint8Array(64).fill(0xab));
    file.close();
    file.close();
    port.transmit(new Uint8Array(64));
    const bytes = readFileSync(path);
    expect(bytes.readUInt32LE(0)).toBe(0x0a0d0d0a);
    expect(bytes.includes(Buffer.alloc(64, 0xab))).toBe(true);
    expect(() => openCaptureFile(join(folder, 'no', 'such'))).toThrow(expect.objectContaining({ code: 'capture-file' }));
  });
});

describe('a folder for TFTP', () => {
  function folders(): { root: string; outside: string } {
    const outside = mkdtempSync(join(tmpdir(), 'net-backend-'));
    cleanUps.push(() => rmSync(outside, { recursive: true }));
    const root = join(outside, 'root');
    mkdirSync(join(root, 'sub'), { recursive: true });
    mkdirSync(join(outside, 'root-beside'));
    for (const file of ['secret', 'root/a', 'root/sub/b', 'root-beside/secret']) writeFileSync(join(outside, file), `this is ${file}`);
    return { root, outside };
  }

  it('gives regular files in it and below it', () => {
    const { root, outside } = folders();
    const files = tftpDirectory(root);
    expect(files.read('a')).toEqual(text('this is root/a'));
    expect(files.read('sub/b')).toEqual(text('this is root/sub/b'));
    writeFileSync(join(root, 'empty'), '');
    expect(files.read('empty')).toEqual(new Uint8Array(0));
    symlinkSync('sub/b', join(root, 'inside'));
    expect(files.read('inside')).toEqual(text('this is root/sub/b'));
    linkSync(join(root, 'a'), join(root, '..a'));
    expect(files.read('..a')).toEqual(text('this is root/a'));
    symlinkSync(root, join(outside, 'link'));
    expect(tftpDirectory(join(outside, 'link')).read('a')).toEqual(text('this is root/a'));
    expect(tftpDirectory('/').read('../dev/null')).toBe(undefined);
  });

  it('BK-04 gives nothing outside of it, no folder, no pipe, nothing above 64 MiB, and does not throw', () => {
    const { root, outside } = folders();
    const files = tftpDirectory(root);
    symlinkSync('../secret', join(root, 'up'));
    symlinkSync(join(outside, 'root-beside'), join(root, 'away'));
    symlinkSync('loop', join(root, 'loop'));
    symlinkSync('/dev/zero', join(root, 'zero'));
    execFileSync('mkfifo', [join(root, 'pipe')]);
    for (const name of ['up', 'away/secret', 'away', 'loop', 'zero', 'pipe', 'sub', '', '.', 'nothing', 'a/b', 'a\0b', 'x'.repeat(5000)]) {
      expect(files.read(name)).toBe(undefined);
    }
    for (const name of ['..', '../secret', '../root-beside/secret', 'sub/../../secret', join(outside, 'secret')]) {
      expect(files.read(name)).toBe(undefined);
    }
    writeFileSync(join(root, 'large'), '');
    truncateSync(join(root, 'large'), 64 * MIB);
    expect(files.read('large')?.length).toBe(64 * MIB);
    truncateSync(join(root, 'large'), 64 * MIB + 1);
    expect(files.read('large')).toBe(undefined);
  });

  it('must be a folder', () => {
    const { root } = folders();
    for (const path of [join(root, 'a'), join(root, 'nothing')]) {
      expect(() => tftpDirectory(path)).toThrow(expect.objectContaining({ code: 'tftp-directory' }));
    }
  });

  it('is served', () => {
    const { root } = folders();
    const clock = new VirtualClock();
    const network = new UserNetwork({ clock, host: new NodeHostNetwork(), tftp: tftpDirectory(root) });
    const guest = new TestHost(network, { clock });
    guest.sendUdp('10.0.2.2', 69, 2000, Uint8Array.of(0, 1, ...text('/sub/b\0octet\0')));
    guest.sendUdp('10.0.2.2', 69, 2001, Uint8Array.of(0, 1, ...text('../secret\0octet\0')));
    expect(guest.datagrams[0]?.payload).toEqual(Uint8Array.of(0, 3, 0, 1, ...text('this is root/sub/b')));
    expect([...(guest.datagrams[1]?.payload.subarray(0, 4) ?? [])]).toEqual([0, 5, 0, 2]);
    network.close();
  });
});
