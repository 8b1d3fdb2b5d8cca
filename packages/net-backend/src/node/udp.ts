/** UDP sockets of Node. Errors of a datagram are lost like the datagram; a socket that fails as a whole is closed. */
import { createSocket, type Socket } from 'node:dgram';
import type { HostUdpEvents, HostUdpSocket, SocketAddress } from '../user-network/host-network.ts';

export class NodeUdpSocket implements HostUdpSocket {
  readonly #socket: Socket;
  #events: HostUdpEvents | undefined;

  constructor(events: HostUdpEvents) {
    this.#events = events;
    this.#socket = createSocket('udp4');
    this.#socket.on('message', (bytes, from) => this.#events?.onMessage(bytes, { address: from.address, port: from.port }));
    this.#socket.on('error', () => {
      const listener = this.#events;
      this.close();
      listener?.onClose();
    });
  }

  send(bytes: Uint8Array, to: SocketAddress): void {
    if (this.#events === undefined) return;
    // Node sends later, when the frame that the bytes lie in is no longer ours: hence the copy. A send error is one datagram lost.
    this.#socket.send(bytes.slice(), to.port, to.address, () => {});
  }

  close(): void {
    if (this.#events === undefined) return;
    this.#events = undefined;
    this.#socket.close();
  }
}
