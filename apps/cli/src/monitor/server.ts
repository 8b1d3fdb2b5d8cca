/**
 * The monitor's socket beside a running machine: a Unix socket that only its owner may open, gone when the machine is. A socket that was
 * left behind by a process that is no more is replaced; anything else in its place is refused.
 */
import { lstatSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { UsageError } from '../run/usage-error.ts';
import type { MonitorTarget } from './monitor-command.ts';
import { formatError } from './protocol.ts';
import { serveClient } from './session.ts';

/** Clients at a time. */
const MOST_CLIENTS = 16;
/** Time for a client to take what it was told when the machine ends. */
const FAREWELL_MS = 200;

export class MonitorServer {
  readonly #path: string;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  readonly #onExit = (): void => rmSync(this.#path, { force: true });

  private constructor(path: string, server: Server) {
    this.#path = path;
    this.#server = server;
  }

  /** @throws UsageError (rejects) if there can be no socket at `path`. */
  static async listen(path: string, target: MonitorTarget): Promise<MonitorServer> {
    const server = createServer({ allowHalfOpen: true });
    const monitor = new MonitorServer(path, server);
    server.on('connection', (socket) => monitor.#serve(socket, target));
    try {
      await listen(server, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || !(await isLeftBehind(path))) throw refusal(path, error);
      rmSync(path, { force: true });
      await listen(server, path).catch((again: unknown) => {
        throw refusal(path, again);
      });
    }
    // The machine decides when the process ends, not the socket.
    server.unref();
    server.on('error', () => {});
    process.on('exit', monitor.#onExit);
    return monitor;
  }

  /** Ends all clients, those that are being answered after their answer, and removes the socket. Idempotent. */
  async close(): Promise<void> {
    process.off('exit', this.#onExit);
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    rmSync(this.#path, { force: true });
    for (const client of this.#clients) client.end();
    const late = setTimeout(() => {
      for (const client of this.#clients) client.destroy();
    }, FAREWELL_MS);
    await closed;
    clearTimeout(late);
  }

  #serve(socket: Socket, target: MonitorTarget): void {
    if (this.#clients.size === MOST_CLIENTS) {
      socket.on('error', () => {});
      const told = formatError({ json: false, id: undefined }, 'too-many', `${MOST_CLIENTS} clients are served already`);
      socket.end(told, () => socket.destroy());
      return;
    }
    this.#clients.add(socket);
    socket.on('close', () => this.#clients.delete(socket));
    serveClient(socket, target);
  }
}

/** With nobody but the owner allowed to connect, from the first moment. */
async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const before = process.umask(0o177);
    try {
      // Binds before it returns.
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

/** A socket on which nobody listens. */
async function isLeftBehind(path: string): Promise<boolean> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return false;
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.on('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'there is something already',
  EACCES: 'it may not be made there',
  ENOENT: 'there is no such directory',
  ENOTDIR: 'part of its path is no directory',
  EINVAL: 'the path is too long for a socket',
  ENAMETOOLONG: 'the path is too long for a socket',
};

function refusal(path: string, error: unknown): UsageError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new UsageError(`--monitor ${path}: ${REASONS[code] ?? message}`);
}
