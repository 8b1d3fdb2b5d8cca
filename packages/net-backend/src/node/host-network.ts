/** The host of a user network on Node's `net`, `dgram` and `dns`. No privileges are needed. */
import { createServer, connect as netConnect, type Socket } from 'node:net';
import { ConfigurationError } from '@paravirt/bus';
import type {
  DnsAnswer,
  DnsQuestion,
  HostNetwork,
  HostTcpEvents,
  HostTcpListener,
  HostTcpSocket,
  HostUdpEvents,
  HostUdpSocket,
  SocketAddress,
} from '../user-network/host-network.ts';
import { resolveName } from './names.ts';
import { NodeTcpSocket } from './tcp.ts';
import { NodeUdpSocket } from './udp.ts';

const LISTEN_FAILURES: Readonly<Record<string, readonly [code: string, why: string]>> = {
  EADDRINUSE: ['port-in-use', 'the port is in use'],
  EACCES: ['port-forbidden', 'the system does not allow this port'],
  EADDRNOTAVAIL: ['bad-address', 'the host has no such address'],
};

export class NodeHostNetwork implements HostNetwork {
  readonly #sockets = new Set<NodeTcpSocket>();

  /** TCP sockets that are open, for statistics. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  connectTcp(to: SocketAddress, events: HostTcpEvents): HostTcpSocket {
    const socket = this.#adopt(netConnect({ host: to.address, port: to.port, allowHalfOpen: true, autoSelectFamily: false }));
    socket.listen(events);
    return socket;
  }

  listenTcp(at: SocketAddress, accept: (socket: HostTcpSocket, peer: SocketAddress) => HostTcpEvents): Promise<HostTcpListener> {
    return new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (connection) => {
        const socket = this.#adopt(connection);
        const peer = { address: connection.remoteAddress ?? '', port: connection.remotePort ?? 0 };
        socket.listen(accept(socket, peer));
      });
      server.once('error', (error: NodeJS.ErrnoException) => {
        const [code, why] = LISTEN_FAILURES[error.code ?? ''] ?? ['bad-address', error.message];
        reject(new ConfigurationError(code, `Cannot listen on ${at.address}:${at.port}: ${why}`, at));
      });
      server.listen({ host: at.address, port: at.port, backlog: 1024 }, () => {
        server.removeAllListeners('error');
        server.on('error', () => {}); // accepting failed for one client, for want of descriptors: the next may do
        const address = server.address();
        const port = typeof address === 'object' && address !== null ? address.port : at.port;
        resolve({ address: { address: at.address, port }, close: () => void server.close() });
      });
    });
  }

  openUdp(events: HostUdpEvents): HostUdpSocket {
    return new NodeUdpSocket(events);
  }

  resolve(question: DnsQuestion, answer: (answer: DnsAnswer) => void): void {
    // Through setImmediate: an answer is an event of its own, and an exception of its receiver must not become a rejection.
    void resolveName(question).then((found) => setImmediate(answer, found));
  }

  #adopt(connection: Socket): NodeTcpSocket {
    const socket = new NodeTcpSocket(connection, (closed) => this.#sockets.delete(closed));
    this.#sockets.add(socket);
    return socket;
  }
}
