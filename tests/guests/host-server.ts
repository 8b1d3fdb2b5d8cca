/** What the host offers to guests on its loopback, which they see at 10.0.2.2. */
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';

export interface FileServer {
  /** As the guest writes it. */
  readonly url: string;
  readonly sha256: string;
  readonly size: number;
  close(): void;
}

/** Serves `size` random bytes at any path. */
export async function serveFile(size: number): Promise<FileServer> {
  const body = randomBytes(size);
  const server = createServer((_, response) => response.setHeader('content-length', size).end(body));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://10.0.2.2:${(server.address() as AddressInfo).port}/file`,
    sha256: createHash('sha256').update(body).digest('hex'),
    size,
    close(): void {
      server.close();
      server.closeAllConnections();
    },
  };
}

export interface UploadServer {
  /** As the guest writes it: `10.0.2.2:PORT`. */
  readonly target: string;
  /** SHA-256 of each upload that came whole, in order. */
  readonly received: readonly string[];
  close(): void;
}

/** Takes uploads of `paravirt.do=upload`: a line with a number, so many bytes; then it answers with a line. */
export async function receiveUploads(): Promise<UploadServer> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    const hash = createHash('sha256');
    let head = '';
    let left: number | undefined;
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      let data = chunk as Buffer;
      if (left === undefined) {
        const end = data.indexOf(10);
        head += data.toString('latin1', 0, end < 0 ? data.length : end);
        if (end < 0) return;
        left = Number(head);
        data = data.subarray(end + 1);
      }
      hash.update(data);
      left -= data.length;
      if (left !== 0) return;
      received.push(hash.digest('hex'));
      socket.end('thanks\n');
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    target: `10.0.2.2:${(server.address() as AddressInfo).port}`,
    received,
    close(): void {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A TCP port of the loopback that is in use until `close`. */
export async function takenPort(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createTcpServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((done) => void server.close(() => done())),
  };
}

/** A TCP port of the loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const { port, close } = await takenPort();
  await close();
  return port;
}

/** Sends `text`, half-closes, and gives back all that the other side sends until it closes. */
export function exchange(port: number, text: string): Promise<string> {
  return new Promise((done, fail) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.end(text));
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      received += chunk;
    });
    socket.on('end', () => done(received)).on('error', fail);
    socket.setTimeout(60_000, () => socket.destroy(new Error('nothing came for 60 s')));
  });
}
