/**
 * What is behind a card of the guest: a wire, and at its end a user network whose host is this file: no sockets, only the lab's services, on
 * the machine's clock. The network gives the guest its address by DHCP.
 *
 *   card ── WirePort ── EchoRequests ── UserNetwork ── Peer (HostNetwork): streams, datagrams
 */
import { type Clock, ConfigurationError } from '@paravirt/bus';
import {
  type DnsAnswer,
  type DnsQuestion,
  type EthernetPort,
  formatIpv4,
  type HostNetwork,
  type HostTcpEvents,
  type HostTcpListener,
  type HostTcpSocket,
  type HostUdpEvents,
  type HostUdpSocket,
  type SocketAddress,
  UserNetwork,
} from '@paravirt/net-backend';
import { EchoRequests } from './echo-requests.ts';
import { DatagramService } from './peer-datagrams.ts';
import { StreamService } from './peer-streams.ts';
import { WirePort } from './wire-port.ts';

export const STREAMS_PORT = 5001;

/** So large that it is not what limits a stream, in bytes. */
const WINDOW = 1 << 20;

export interface PeerOptions {
  readonly clock: Clock;
  /** Which card of the guest, from 0: each has a network of its own. */
  readonly index: number;
  /** Of the card, six bytes. */
  readonly mac: Uint8Array;
  /** Largest IP packet, 576 to 1500. */
  readonly mtu: number;
  readonly bitsPerSecond: number;
  readonly latency: number;
  readonly moderation: number;
  readonly largeFrames: boolean;
}

/** Stations that answer, by port; others are refused. */
export class Peer implements HostNetwork {
  /** Address of the services, for the guest. */
  readonly address: string;
  readonly wire: WirePort;
  readonly pings: EchoRequests;
  readonly #network: UserNetwork;
  readonly #clock: Clock;
  readonly #datagrams = new Set<DatagramService>();

  constructor(options: PeerOptions) {
    const { clock, index, mac, mtu, bitsPerSecond, latency, moderation, largeFrames } = options;
    this.#clock = clock;
    this.#network = new UserNetwork({ clock, host: this, mtu, network: `10.0.${2 + index}.0/24`, tcp: { receiveBuffer: WINDOW } });
    const { plan } = this.#network;
    this.address = formatIpv4(plan.gateway);
    this.pings = new EchoRequests(this.#network, {
      clock,
      guestMac: mac,
      ownMac: macBytes(plan.mac),
      guest: plan.firstLease,
      own: plan.gateway,
    });
    this.wire = new WirePort(this.pings, { clock, bitsPerSecond, latency, moderation, largeFrames });
    this.wire.onRoom = () => {
      for (const service of this.#datagrams) service.more();
    };
  }

  /** For the card. */
  get port(): EthernetPort {
    return this.wire;
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#network.close();
  }

  connectTcp(to: SocketAddress, events: HostTcpEvents): HostTcpSocket {
    if (to.port === STREAMS_PORT) return new StreamService(events, this.#defer);
    this.#defer(() => events.onClose('refused'));
    return DEAF;
  }

  listenTcp(at: SocketAddress): Promise<HostTcpListener> {
    return Promise.reject(new ConfigurationError('bad-address', 'nothing outside reaches the guests of the lab', at));
  }

  openUdp(events: HostUdpEvents): HostUdpSocket {
    const service = new DatagramService({ events, defer: this.#defer, hasRoom: () => this.wire.askForRoom() });
    this.#datagrams.add(service);
    return {
      send: (bytes, to) => service.send(bytes, to),
      close: () => {
        service.close();
        this.#datagrams.delete(service);
      },
    };
  }

  resolve(_question: DnsQuestion, answer: (answer: DnsAnswer) => void): void {
    this.#defer(() => answer({ code: NAME_ERROR, records: [] }));
  }

  readonly #defer = (run: () => void): void => {
    this.#clock.schedule(this.#clock.now(), run);
  };
}

/** [RFC 1035 §4.1.1] RCODE. */
const NAME_ERROR = 3;

/** The socket of a connection that was refused. */
const DEAF: HostTcpSocket = { bufferedAmount: 0, write() {}, end() {}, pause() {}, resume() {}, reset() {} };

/** A number below 2^48 as six bytes. */
function macBytes(mac: number): Uint8Array {
  return Uint8Array.from({ length: 6 }, (_, i) => Math.floor(mac / 2 ** (8 * (5 - i))) & 0xff);
}
