/**
 * TCP sockets of Node as the user network wants them. What the guest writes in one turn of the event loop is gathered in blocks, so that
 * thousands of small segments become few writes; what the peer sends is handed over as it comes.
 */
import type { Socket } from 'node:net';
import type { HostTcpEvents, HostTcpFailure, HostTcpSocket } from '../user-network/host-network.ts';

/** Bytes that are gathered before they are written without waiting for the end of the turn. */
const BLOCK = 65_536;

const FAILURES: Readonly<Record<string, HostTcpFailure>> = {
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EHOSTDOWN: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
};

export class NodeTcpSocket implements HostTcpSocket {
  readonly #socket: Socket;
  readonly #onClosed: (socket: NodeTcpSocket) => void;
  #events: HostTcpEvents | undefined = undefined;
  #block: Uint8Array | undefined = undefined;
  #used = 0;
  #scheduled = false;
  #ending = false;
  readonly #written = (): void => this.#events?.onWritten();

  /** Takes over a socket made with `allowHalfOpen`. `onClosed` is told when it is gone. */
  constructor(socket: Socket, onClosed: (socket: NodeTcpSocket) => void) {
    this.#socket = socket;
    this.#onClosed = onClosed;
    let failure: HostTcpFailure | undefined;
    socket.pause();
    socket.setNoDelay(true);
    socket.on('connect', () => this.#events?.onConnect());
    socket.on('data', (bytes: Uint8Array) => this.#events?.onData(bytes));
    socket.on('end', () => this.#events?.onEnd());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      failure = FAILURES[error.code ?? ''] ?? 'reset';
    });
    socket.on('close', () => {
      this.#events?.onClose(failure);
      this.#events = undefined;
      this.#onClosed(this);
    });
    socket.pause(); // a listener for data lets it flow otherwise
  }

  /** Who takes the events; given once, before the first comes. */
  listen(events: HostTcpEvents): void {
    this.#events = events;
  }

  get bufferedAmount(): number {
    return this.#used + this.#socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    if (this.#ending || this.#socket.destroyed) return;
    let at = 0;
    while (at < bytes.length) {
      this.#block ??= new Uint8Array(BLOCK);
      const part = Math.min(bytes.length - at, BLOCK - this.#used);
      this.#block.set(bytes.subarray(at, at + part), this.#used);
      this.#used += part;
      at += part;
      if (this.#used === BLOCK) this.#flush();
    }
    if (this.#used > 0 && !this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#flush();
      });
    }
  }

  end(): void {
    if (this.#ending) return;
    this.#flush();
    this.#ending = true;
    this.#socket.end();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  reset(): void {
    this.#events = undefined;
    this.#used = 0;
    if (this.#socket.connecting) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  #flush(): void {
    if (this.#used === 0 || this.#block === undefined || this.#socket.destroyed) return;
    // A small write is copied out, so that a keystroke does not hold a block until it is sent.
    const small = this.#used < BLOCK / 4;
    const bytes = small ? this.#block.slice(0, this.#used) : this.#block.subarray(0, this.#used);
    if (!small) this.#block = undefined;
    this.#used = 0;
    this.#socket.write(bytes, this.#written);
  }
}
