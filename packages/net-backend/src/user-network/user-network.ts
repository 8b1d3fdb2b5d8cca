/**
 * A network for one guest, made of nothing but a program: a router that is also the host's loopback, a DHCP server, a name server, a
 * TFTP server if it is given files, and real TCP and UDP to sockets of the host. It looks like a port of a switch. This file joins the protocols; each has its own.
 *
 * Everything happens inside calls from outside: a frame of the guest, an event of a host socket, an event of the clock. Each of them ends
 * with `#flush`, which hands frames to the guest; a frame that the guest sends from inside such a delivery is taken at once, but what it
 * causes goes out when the delivery is over, so nothing recurses.
 */
import { type Clock, ConfigurationError } from '@paravirt/bus';
import type { EthernetPort, FrameOffload, PortOffloads, ReceiverOffloads } from '../ethernet-port.ts';
import {
  type AddressOptions,
  type AddressPlan,
  BROADCAST_ADDRESS,
  BROADCAST_MAC,
  formatIpv4,
  isGuestAddress,
  isOutsideAddress,
  isUnicastMac,
  parseIpv4,
  planAddresses,
} from './address.ts';
import { Arp } from './arp.ts';
import { type DropCounters, dropCounters } from './counters.ts';
import { DhcpServer } from './dhcp.ts';
import { DHCP_SERVER_PORT } from './dhcp-message.ts';
import { DnsServer, DnsStream } from './dns.ts';
import { DNS_PORT } from './dns-message.ts';
import { destinationMac, ETHERNET_HEADER, ETHERTYPE_ARP, ETHERTYPE_IPV4, etherType, sourceMac } from './ethernet.ts';
import { checkForward, type Forward } from './forward.ts';
import type { HostNetwork, HostTcpEvents, HostTcpListener, HostTcpSocket, SocketAddress } from './host-network.ts';
import { Icmp } from './icmp.ts';
import { IPV4_HEADER, Ipv4Input, Ipv4Output, type Ipv4Packet, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from './ipv4.ts';
import { SegmentOutput } from './tcp/segment-output.ts';
import { type TcpConnectionInfo, type TcpOptions, TcpStack } from './tcp/stack.ts';
import { type TftpFiles, TftpServer } from './tftp.ts';
import { parseUdp, sendUdp, UDP_HEADER } from './udp.ts';
import { UdpFlows } from './udp-flows.ts';

export interface UserNetworkOptions extends AddressOptions {
  readonly clock: Clock;
  readonly host: HostNetwork;
  /** Largest IP packet in bytes, 576 to 65 535; told to the guest by DHCP. Default 1500. */
  readonly mtu?: number;
  /** The guest reaches nothing but DHCP, DNS if `resolveNames` says so, TFTP if `tftp` is given, and what comes through forwards. Default false. */
  readonly restrict?: boolean;
  /** Whether names are resolved. Default: unless `restrict`. */
  readonly resolveNames?: boolean;
  /** Name that DHCP tells the guest: letters, digits, hyphens and dots, up to 63. Default: none. */
  readonly hostname?: string;
  /**
   * Files that the gateway gives by TFTP at port 69, read-only, also under `restrict`; transfers come from UDP ports 63488 to 63743, which
   * of the host's loopback are then not reached. Default: none, and these ports are the host's like all others.
   */
  readonly tftp?: TftpFiles;
  /** Name of the file that DHCP tells the guest to boot, from TFTP at the gateway: printable ASCII, up to 127. Default: none. */
  readonly bootFile?: string;
  /** For the initial sequence numbers; the same seed and the same input give the same frames. Default 0. */
  readonly seed?: number;
  readonly tcp?: TcpOptions;
}

/** What passed and what is there. */
export interface UserNetworkStatistics {
  /** Frames taken from the guest, and frames given to it. */
  readonly transmitted: number;
  readonly received: number;
  readonly dropped: Readonly<DropCounters>;
  readonly connections: readonly TcpConnectionInfo[];
  readonly udpFlows: number;
  readonly tftpTransfers: number;
  readonly leases: readonly string[];
}

/** Frames that wait for a guest whose card takes none; more are dropped, which every protocol that sends them survives. */
const MAX_WAITING = 512;
const MAX_WAITING_BYTES = 1 << 20;
/** One VLAN tag more than the MTU allows is still a frame. */
const FRAME_SLACK = 4;

/** What every user network takes and gives. */
export const USER_NETWORK_OFFLOADS: PortOffloads = { checksum: true, segmentation: true, largeReceive: true };

export class UserNetwork implements EthernetPort {
  readonly plan: AddressPlan;
  readonly offloads: PortOffloads = USER_NETWORK_OFFLOADS;
  receiverOffloads: ReceiverOffloads | undefined = undefined;
  onReceive: ((frame: Uint8Array, offload?: FrameOffload) => boolean) | undefined = undefined;
  /** Never called: a frame is always taken. */
  onWritable: (() => void) | undefined = undefined;

  readonly #options: UserNetworkOptions;
  readonly #mtu: number;
  readonly #dropped: DropCounters = dropCounters();
  readonly #arp: Arp;
  readonly #ipv4: Ipv4Input;
  readonly #output: Ipv4Output;
  readonly #icmp: Icmp;
  readonly #dhcp: DhcpServer;
  readonly #dns: DnsServer;
  readonly #tftp: TftpServer | undefined;
  readonly #udp: UdpFlows;
  readonly #tcp: TcpStack;
  readonly #listeners: HostTcpListener[] = [];
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #blocked = false;
  #flushing = false;
  #closed = false;
  #transmitted = 0;
  #received = 0;

  /** @throws ConfigurationError for addresses that do not fit together, an MTU out of range, a hostname or `bootFile` that is none. */
  constructor(options: UserNetworkOptions) {
    const { clock, host, hostname, bootFile, tftp } = options;
    const mtu = options.mtu ?? 1500;
    if (!Number.isInteger(mtu) || mtu < 576 || mtu > 65_535) {
      throw new ConfigurationError('bad-option', `The MTU must be 576 to 65535, not ${mtu}`, mtu);
    }
    if (hostname !== undefined && !/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/.test(hostname)) {
      throw new ConfigurationError('bad-option', `Not a host name: ${hostname}`, hostname);
    }
    if (bootFile !== undefined && !/^[ -~]{1,127}$/.test(bootFile)) {
      throw new ConfigurationError('bad-option', `Not the name of a boot file: ${bootFile}`, bootFile);
    }
    const plan = planAddresses(options);
    const dropped = this.#dropped;
    const resolves = options.resolveNames ?? options.restrict !== true;
    this.#options = options;
    this.#mtu = mtu;
    this.plan = plan;
    const post = (frame: Uint8Array): void => this.#post(frame);
    this.#arp = new Arp({ plan, clock, dropped, post, onLearn: (address) => this.#tcp.learned(address) });
    this.#ipv4 = new Ipv4Input(clock, dropped);
    this.#output = new Ipv4Output(plan, mtu, this.#arp, post);
    this.#icmp = new Icmp(plan, this.#output, dropped);
    const send = (datagram: Parameters<typeof sendUdp>[1], mac?: number): void => sendUdp(this.#output, datagram, mac);
    this.#dhcp = new DhcpServer({ plan, clock, dropped, mtu, hostname, bootFile, dns: resolves, send });
    const payloadLimit = mtu - IPV4_HEADER - UDP_HEADER;
    this.#dns = new DnsServer({ host, dropped, enabled: resolves, udpLimit: Math.min(4096, payloadLimit) });
    const sendNow = (datagram: Parameters<typeof send>[0]): void => {
      send(datagram);
      this.#flush();
    };
    this.#tftp = tftp && new TftpServer({ plan, clock, dropped, files: tftp, payloadLimit, send: sendNow });
    this.#udp = new UdpFlows({ plan, clock, host, dropped, send: sendNow });
    this.#tcp = new TcpStack({
      ...options.tcp,
      plan,
      clock,
      dropped,
      mtu,
      seed: options.seed ?? 0,
      output: new SegmentOutput({ plan, port: this, post, offer: (frame, offload) => this.#offer(frame, offload) }),
      resolve: (address) => this.#arp.resolve(address),
      flush: () => this.#flush(),
      connect: (address, port, events) => this.#connect(address, port, events),
      unreachable: (to, original) => this.#icmp.report(to, original, 'host-unreachable'),
    });
  }

  /** A user network whose forwards are listening. @throws ConfigurationError (rejects) also `port-in-use`, and then nothing listens. */
  static async create(options: UserNetworkOptions, forwards: readonly Forward[] = []): Promise<UserNetwork> {
    const network = new UserNetwork(options);
    try {
      for (const forward of forwards) await network.forward(forward);
    } catch (error) {
      network.close();
      throw error;
    }
    return network;
  }

  /** Opens a port of the host into the guest; gives where it listens. @throws ConfigurationError (rejects) */
  async forward(forward: Forward): Promise<SocketAddress> {
    checkForward(forward);
    const guest = forward.guest.address === undefined ? this.plan.firstLease : (parseIpv4(forward.guest.address) ?? 0);
    if (!isGuestAddress(this.plan, guest)) {
      throw new ConfigurationError('bad-forward', `No address of a guest in this network: ${formatIpv4(guest)}`, forward);
    }
    const listener = await this.#options.host.listenTcp(forward.host, (socket) => this.#accept(socket, guest, forward.guest.port));
    if (this.#closed) listener.close();
    else this.#listeners.push(listener);
    return listener.address;
  }

  /** Always takes the frame. */
  transmit(frame: Uint8Array, offload?: FrameOffload): boolean {
    if (this.#closed) return true;
    this.#transmitted++;
    if (isPlausible(frame, offload, this.#mtu)) this.#input(frame, offload);
    else this.#dropped.frame++;
    this.#flush();
    return true;
  }

  resume(): void {
    this.#blocked = false;
    this.#flush();
  }

  /** Ends all connections, listeners and sockets. The port then takes frames and gives none. */
  close(): void {
    if (this.#closed) return;
    for (const listener of this.#listeners) listener.close();
    this.#listeners.length = 0;
    this.#tftp?.close();
    this.#udp.close();
    this.#tcp.close();
    this.#flush();
    this.#closed = true;
    this.#waiting.length = 0;
  }

  statistics(): UserNetworkStatistics {
    return {
      transmitted: this.#transmitted,
      received: this.#received,
      dropped: { ...this.#dropped },
      connections: this.#tcp.list(),
      udpFlows: this.#udp.size,
      tftpTransfers: this.#tftp?.size ?? 0,
      leases: this.#dhcp.leases,
    };
  }

  #input(frame: Uint8Array, offload: FrameOffload | undefined): void {
    const destination = destinationMac(frame);
    const source = sourceMac(frame);
    if ((destination !== this.plan.mac && destination !== BROADCAST_MAC) || !isUnicastMac(source) || source === this.plan.mac) {
      this.#dropped.ignored++;
      return;
    }
    const type = etherType(frame);
    if (type === ETHERTYPE_IPV4) {
      const packet = this.#ipv4.parse(frame, offload);
      if (packet !== undefined) this.#inputPacket(packet, source, destination === BROADCAST_MAC);
    } else if (type === ETHERTYPE_ARP) this.#arp.input(frame);
    else this.#dropped.ignored++;
  }

  #inputPacket(packet: Ipv4Packet, mac: number, broadcast: boolean): void {
    const { plan } = this;
    const { source, destination, protocol } = packet;
    // Before it has an address the guest may do one thing: ask for one.
    if (
      protocol === PROTOCOL_UDP &&
      (destination === BROADCAST_ADDRESS || destination === plan.broadcast || destination === plan.gateway)
    ) {
      const datagram = parseUdp(packet);
      if (datagram?.destinationPort === DHCP_SERVER_PORT) {
        this.#dhcp.input(datagram.payload);
        return;
      }
    }
    if (!isGuestAddress(plan, source)) {
      this.#dropped.ipv4++;
      return;
    }
    this.#arp.learn(source, mac);
    if (broadcast || destination === BROADCAST_ADDRESS || destination === plan.broadcast || destination >>> 28 === 0xe) {
      this.#dropped.ignored++;
    } else if (destination === plan.gateway || destination === plan.dns) this.#inputLocal(packet, mac);
    else this.#inputForeign(packet, mac);
  }

  /** For the gateway, which is the host's loopback too, or the DNS server. */
  #inputLocal(packet: Ipv4Packet, mac: number): void {
    switch (packet.protocol) {
      case PROTOCOL_TCP:
        this.#tcp.input(packet, mac);
        break;
      case PROTOCOL_UDP:
        this.#inputUdp(packet);
        break;
      case PROTOCOL_ICMP:
        this.#icmp.input(packet);
        break;
      default:
        this.#dropped.ignored++;
        this.#icmp.error(packet, 'protocol-unreachable');
    }
  }

  /** For the world outside, or for an address where nobody is. */
  #inputForeign(packet: Ipv4Packet, mac: number): void {
    if (packet.ttl <= 1) this.#icmp.error(packet, 'time-exceeded');
    else if (!isOutsideAddress(this.plan, packet.destination)) {
      this.#dropped.ignored++;
      this.#icmp.error(packet, 'host-unreachable');
    } else if (packet.protocol === PROTOCOL_TCP) this.#tcp.input(packet, mac);
    else if (packet.protocol === PROTOCOL_UDP) this.#inputUdp(packet);
    else {
      this.#dropped.ignored++;
      this.#icmp.error(packet, packet.protocol === PROTOCOL_ICMP ? 'host-unreachable' : 'protocol-unreachable');
    }
  }

  #inputUdp(packet: Ipv4Packet): void {
    const datagram = parseUdp(packet);
    if (datagram === undefined) {
      this.#dropped.udp++;
      return;
    }
    const { source, sourcePort, destination, destinationPort, payload } = datagram;
    if (destination === this.plan.dns) {
      if (destinationPort !== DNS_PORT) {
        this.#icmp.error(packet, 'port-unreachable');
        return;
      }
      this.#dns.input(payload, (answer) => {
        sendUdp(this.#output, {
          source: destination,
          sourcePort: DNS_PORT,
          destination: source,
          destinationPort: sourcePort,
          payload: answer,
        });
        this.#flush();
      });
    } else if (destination === this.plan.gateway && this.#tftp?.takes(destinationPort) === true) this.#tftp.input(datagram);
    else if (this.#options.restrict === true) {
      this.#dropped.restricted++;
      this.#icmp.error(packet, 'prohibited');
    } else this.#udp.input(datagram);
  }

  /** Where a connection of the guest leads; undefined: nowhere, and it is refused. */
  #connect(address: number, port: number, events: HostTcpEvents): HostTcpSocket | undefined {
    const { host, restrict, clock } = this.#options;
    if (address === this.plan.dns) return port === DNS_PORT ? connected(clock, events, new DnsStream(this.#dns, clock, events)) : undefined;
    if (restrict === true) {
      this.#dropped.restricted++;
      return undefined;
    }
    return host.connectTcp({ address: address === this.plan.gateway ? '127.0.0.1' : formatIpv4(address), port }, events);
  }

  #accept(socket: HostTcpSocket, guest: number, port: number): HostTcpEvents {
    const connection = this.#closed ? undefined : this.#tcp.openActive(socket, guest, port);
    if (this.#closed) socket.reset();
    this.#flush();
    return connection ?? DEAF;
  }

  /** Keeps a frame until the card takes it. The frame is ours. */
  #post(frame: Uint8Array): void {
    if (this.#waiting.length >= MAX_WAITING || this.#waitingBytes + frame.length > MAX_WAITING_BYTES) {
      this.#dropped.overflow++;
      return;
    }
    this.#waiting.push(frame);
    this.#waitingBytes += frame.length;
  }

  /** Hands a frame to the card now. A port whose cable is free at the other end loses it. */
  #offer(frame: Uint8Array, offload: FrameOffload | undefined): boolean {
    if (this.#blocked) return false;
    if (this.onReceive?.(frame, offload) === false) {
      this.#blocked = true;
      return false;
    }
    this.#received++;
    return true;
  }

  #flush(): void {
    if (this.#flushing || this.#closed) return;
    this.#flushing = true;
    try {
      while (!this.#blocked) {
        const frame = this.#waiting[0];
        if (frame !== undefined) {
          if (!this.#offer(frame, this.receiverOffloads?.checksum === true ? VALID : undefined)) break;
          this.#waiting.shift();
          this.#waitingBytes -= frame.length;
        } else if (this.#tcp.sendNext() !== 'sent') break;
      }
    } finally {
      this.#flushing = false;
    }
  }
}

const VALID: FrameOffload = { checksumValid: true };

/** Takes the events of a socket that was turned away. */
const DEAF: HostTcpEvents = { onConnect() {}, onData() {}, onEnd() {}, onWritten() {}, onClose() {} };

/** A service of our own: it is there at once, but says so like a socket of the host, after the call. */
function connected(clock: Clock, events: HostTcpEvents, service: HostTcpSocket): HostTcpSocket {
  clock.schedule(clock.now(), () => events.onConnect());
  return service;
}

/** Whether a frame and its offload make sense together. An offload that does not is the card's mistake, and the guest's behind it. */
function isPlausible(frame: Uint8Array, offload: FrameOffload | undefined, mtu: number): boolean {
  const longest = ETHERNET_HEADER + FRAME_SLACK + (offload?.segmentation === undefined ? mtu : 65_535);
  return frame.length >= ETHERNET_HEADER && frame.length <= longest;
}
