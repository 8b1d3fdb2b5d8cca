/**
 * A guest's side for tests: a station with an address that speaks ARP, DHCP, ICMP echo, UDP and TCP through an `EthernetPort`, as a card
 * and its driver would. Every frame that it gets is checked (lengths, checksums); what is wrong is listed in `errors`. It answers inside
 * `onReceive`, which is also the hardest case for the port.
 */
import type { Clock } from '@paravirt/bus';
import type { EthernetPort, FrameOffload } from '../ethernet-port.ts';
import {
  checksum,
  fold,
  pseudoHeaderSum,
  readU16,
  readU32,
  readU48,
  sumWords,
  writeU16,
  writeU32,
  writeU48,
} from '../frame/network-order.ts';
import { BROADCAST_MAC, formatIpv4, parseIpv4 } from '../user-network/address.ts';
import { TestTcp, type TestTcpOptions, type TestTcpSegment } from './test-tcp.ts';

export interface TestHostOptions {
  readonly clock: Clock;
  /** Default 02:00:00:00:00:01. */
  readonly mac?: number;
  /** Dotted. Default 10.0.2.15; `0.0.0.0` until DHCP if `dhcp` will be asked. */
  readonly address?: string;
  /** Where frames to other stations go. Default 10.0.2.2 with the MAC that UserNetwork has. */
  readonly gatewayMac?: number;
  readonly mtu?: number;
  /** Sends and takes checksum and segmentation offloads. Default false. */
  readonly offloads?: boolean;
}

/** A packet that arrived. Copies. */
export interface TestPacket {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly payload: Uint8Array;
  readonly offload: FrameOffload | undefined;
}

export interface TestDatagram {
  readonly source: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

export interface Ipv4Fields {
  readonly source?: string;
  readonly ttl?: number;
  readonly identification?: number;
  /** The field of flags and fragment offset. */
  readonly fragment?: number;
  /** Options, padded to words by the caller. */
  readonly options?: Uint8Array;
}

/** Fields of a segment that is sent by hand. */
export interface SegmentSpec {
  readonly destination: string;
  readonly port: number;
  readonly sourcePort: number;
  readonly seq: number;
  readonly ack?: number;
  readonly flags: number;
  readonly window?: number;
  readonly options?: Uint8Array;
  readonly data?: Uint8Array;
}

export class TestHost {
  readonly port: EthernetPort;
  readonly clock: Clock;
  readonly mac: number;
  readonly mtu: number;
  readonly offloads: boolean;
  gatewayMac: number;
  address: string;
  /** Whether the card takes frames; false: refuses all. Set `true` with `takeFrames`. */
  #taking = true;
  /** Frames as they arrived, copies. */
  readonly frames: Uint8Array[] = [];
  readonly packets: TestPacket[] = [];
  readonly datagrams: TestDatagram[] = [];
  /** Segments that belong to no connection made here. */
  readonly segments: TestTcpSegment[] = [];
  /** What was wrong with received frames. */
  readonly errors: string[] = [];
  /** Largest frame that arrived. */
  largestFrame = 0;
  /** Answers a connection to a port; undefined: RST. */
  readonly listeners: Map<number, (connection: TestTcp) => void> = new Map<number, (connection: TestTcp) => void>();
  /** Whether segments without a connection are answered with RST, as a kernel does. Off while segments are sent by hand. */
  resetsUnknown = false;
  /** Keep `frames` and `packets`; off for long transfers. */
  recording = true;
  readonly #connections = new Map<string, TestTcp>();
  readonly #fragments = new Map<number, { parts: Map<number, Uint8Array>; total: number | undefined }>();
  #identification = 0;
  #nextPort = 32_768;

  constructor(port: EthernetPort, options: TestHostOptions) {
    this.port = port;
    this.clock = options.clock;
    this.mac = options.mac ?? 0x0200_0000_0001;
    this.address = options.address ?? '10.0.2.15';
    this.gatewayMac = options.gatewayMac ?? 0x5255_0a00_0202;
    this.mtu = options.mtu ?? 1500;
    this.offloads = options.offloads ?? false;
    if (this.offloads) port.receiverOffloads = { checksum: true, segmentation: true };
    port.onReceive = (frame, offload) => this.#receive(frame, offload);
  }

  /** Lets the card refuse (false) or take frames again. */
  takeFrames(taking: boolean): void {
    this.#taking = taking;
    if (taking) this.port.resume();
  }

  /** An Ethernet frame around a payload. */
  frame(type: number, payload: Uint8Array, destination: number = this.gatewayMac): Uint8Array {
    const frame = new Uint8Array(14 + payload.length);
    writeU48(frame, 0, destination);
    writeU48(frame, 6, this.mac);
    writeU16(frame, 12, type);
    frame.set(payload, 14);
    return frame;
  }

  /** Sends an ARP packet; what is given replaces the fields of a right request. */
  sendArp(target: string, fields: { operation?: number; sender?: string; hlen?: number; plen?: number; length?: number } = {}): void {
    const arp = new Uint8Array(28);
    writeU16(arp, 0, 1);
    writeU16(arp, 2, 0x0800);
    arp[4] = fields.hlen ?? 6;
    arp[5] = fields.plen ?? 4;
    writeU16(arp, 6, fields.operation ?? 1);
    writeU48(arp, 8, this.mac);
    writeU32(arp, 14, parseIpv4(fields.sender ?? this.address) ?? 0);
    writeU32(arp, 24, parseIpv4(target) ?? 0);
    this.port.transmit(this.frame(0x0806, arp.subarray(0, fields.length ?? 28), BROADCAST_MAC));
  }

  /** An IPv4 packet with a right header. */
  ipv4(destination: string, protocol: number, payload: Uint8Array, fields: Ipv4Fields = {}): Uint8Array {
    const options = fields.options ?? new Uint8Array(0);
    const packet = new Uint8Array(20 + options.length + payload.length);
    packet[0] = 0x40 | (5 + options.length / 4);
    writeU16(packet, 2, packet.length);
    writeU16(packet, 4, fields.identification ?? (this.#identification = (this.#identification + 1) & 0xffff));
    writeU16(packet, 6, fields.fragment ?? 0);
    packet[8] = fields.ttl ?? 64;
    packet[9] = protocol;
    writeU32(packet, 12, parseIpv4(fields.source ?? this.address) ?? 0);
    writeU32(packet, 16, parseIpv4(destination) ?? 0);
    packet.set(options, 20);
    packet.set(payload, 20 + options.length);
    writeU16(packet, 10, checksum(packet, 0, 20 + options.length));
    return packet;
  }

  /** Sends an IPv4 packet, in fragments if it is larger than the MTU. */
  sendIpv4(destination: string, protocol: number, payload: Uint8Array, fields: Ipv4Fields = {}): void {
    const to = destination === '255.255.255.255' ? BROADCAST_MAC : this.gatewayMac;
    const room = (this.mtu - 20) & ~7;
    if (payload.length <= this.mtu - 20) {
      this.port.transmit(this.frame(0x0800, this.ipv4(destination, protocol, payload, fields), to));
      return;
    }
    const identification = (this.#identification = (this.#identification + 1) & 0xffff);
    for (let at = 0; at < payload.length; at += room) {
      const part = payload.subarray(at, at + room);
      const fragment = (at + part.length < payload.length ? 0x2000 : 0) | (at >>> 3);
      this.port.transmit(this.frame(0x0800, this.ipv4(destination, protocol, part, { ...fields, identification, fragment }), to));
    }
  }

  /** A UDP datagram with a right checksum. */
  udp(destination: string, destinationPort: number, sourcePort: number, payload: Uint8Array, source: string = this.address): Uint8Array {
    const message = new Uint8Array(8 + payload.length);
    writeU16(message, 0, sourcePort);
    writeU16(message, 2, destinationPort);
    writeU16(message, 4, message.length);
    message.set(payload, 8);
    const sum = pseudoHeaderSum(parseIpv4(source) ?? 0, parseIpv4(destination) ?? 0, 17, message.length);
    writeU16(message, 6, checksum(message, 0, message.length, sum) || 0xffff);
    return message;
  }

  sendUdp(destination: string, destinationPort: number, sourcePort: number, payload: Uint8Array): void {
    this.sendIpv4(destination, 17, this.udp(destination, destinationPort, sourcePort, payload));
  }

  /** Sends an ICMP echo request with this many bytes of data. */
  ping(destination: string, length = 56, sequence = 1): void {
    const message = new Uint8Array(8 + length);
    message[0] = 8;
    writeU16(message, 4, 0x4242);
    writeU16(message, 6, sequence);
    for (let i = 0; i < length; i++) message[8 + i] = i;
    writeU16(message, 2, checksum(message, 0, message.length));
    this.sendIpv4(destination, 1, message);
  }

  /** A DHCP message with these options, and the end option. */
  dhcp(
    type: number,
    options: readonly (readonly [number, Uint8Array])[] = [],
    fields: { ciaddr?: string; xid?: number; broadcast?: boolean } = {},
  ): Uint8Array {
    const bytes = new Uint8Array(240 + 3 + options.reduce((sum, [, value]) => sum + 2 + value.length, 0) + 1);
    bytes[0] = 1;
    bytes[1] = 1;
    bytes[2] = 6;
    writeU32(bytes, 4, fields.xid ?? 0x1234_5678);
    if (fields.broadcast === true) bytes[10] = 0x80;
    writeU32(bytes, 12, parseIpv4(fields.ciaddr ?? '0.0.0.0') ?? 0);
    writeU48(bytes, 28, this.mac);
    writeU32(bytes, 236, 0x6382_5363);
    bytes.set([53, 1, type], 240);
    let at = 243;
    for (const [code, value] of options) {
      bytes[at] = code;
      bytes[at + 1] = value.length;
      bytes.set(value, at + 2);
      at += 2 + value.length;
    }
    bytes[at] = 255;
    return bytes;
  }

  /** Broadcasts a DHCP message from 0.0.0.0, or sends it from an address that it has. */
  sendDhcp(message: Uint8Array, source = '0.0.0.0'): void {
    this.sendIpv4('255.255.255.255', 17, this.udp('255.255.255.255', 67, 68, message, source), { source });
  }

  /** The whole exchange: DISCOVER, REQUEST; gives the address, which is used from then on, or undefined without an answer. */
  configure(): string | undefined {
    this.sendDhcp(this.dhcp(1));
    const offer = this.lastDhcp();
    if (offer?.type !== 2) return undefined;
    const requested = new Uint8Array(4);
    writeU32(requested, 0, parseIpv4(offer.address) ?? 0);
    this.sendDhcp(
      this.dhcp(3, [
        [50, requested],
        [54, offer.options.get(54) ?? new Uint8Array(4)],
      ]),
    );
    const answer = this.lastDhcp();
    if (answer?.type !== 5) return undefined;
    this.address = answer.address;
    return answer.address;
  }

  /** The DHCP message that arrived last. */
  lastDhcp(): { type: number; address: string; options: Map<number, Uint8Array> } | undefined {
    const payload = this.datagrams.findLast((d) => d.destinationPort === 68)?.payload;
    if (payload === undefined) return undefined;
    const options = new Map<number, Uint8Array>();
    for (let at = 240; at < payload.length && payload[at] !== 255; ) {
      const code = payload[at] ?? 0;
      const length = payload[at + 1] ?? 0;
      if (code === 0) at++;
      else {
        options.set(code, payload.slice(at + 2, at + 2 + length));
        at += 2 + length;
      }
    }
    return { type: options.get(53)?.[0] ?? 0, address: formatIpv4(readU32(payload, 16)), options };
  }

  /** Sends a segment by hand, with a right checksum. */
  sendSegment(spec: SegmentSpec, offload?: FrameOffload): void {
    this.transmitSegment(spec, offload);
  }

  /** The same, giving what the port said. */
  transmitSegment(spec: SegmentSpec, offload?: FrameOffload): boolean {
    const options = spec.options ?? new Uint8Array(0);
    const data = spec.data ?? new Uint8Array(0);
    const segment = new Uint8Array(20 + options.length + data.length);
    writeU16(segment, 0, spec.sourcePort);
    writeU16(segment, 2, spec.port);
    writeU32(segment, 4, spec.seq);
    writeU32(segment, 8, spec.ack ?? 0);
    segment[12] = (5 + options.length / 4) << 4;
    segment[13] = spec.flags;
    writeU16(segment, 14, spec.window ?? 0xffff);
    segment.set(options, 20);
    segment.set(data, 20 + options.length);
    const sum = pseudoHeaderSum(parseIpv4(this.address) ?? 0, parseIpv4(spec.destination) ?? 0, 6, segment.length);
    if (offload?.checksum === undefined) writeU16(segment, 16, checksum(segment, 0, segment.length, sum));
    else writeU16(segment, 16, fold(sum));
    return this.port.transmit(this.frame(0x0800, this.ipv4(spec.destination, 6, segment)), offload);
  }

  /** Opens a TCP connection. */
  connect(destination: string, port: number, options: TestTcpOptions = {}): TestTcp {
    const sourcePort = this.#nextPort++;
    const connection = new TestTcp(this, destination, port, sourcePort, options);
    this.#connections.set(`${destination}:${port}:${sourcePort}`, connection);
    connection.open();
    return connection;
  }

  /** Forgets a connection that is closed, as TIME-WAIT's end would. */
  forget(connection: TestTcp): void {
    this.#connections.delete(`${connection.destination}:${connection.port}:${connection.sourcePort}`);
  }

  #receive(frame: Uint8Array, offload: FrameOffload | undefined): boolean {
    if (!this.#taking) return false;
    this.largestFrame = Math.max(this.largestFrame, frame.length);
    const bytes = frame.slice();
    if (this.recording) this.frames.push(bytes);
    const destination = readU48(bytes, 0);
    if (destination !== this.mac && destination !== BROADCAST_MAC) this.errors.push('frame for another station');
    if (offload?.segmentation === undefined && bytes.length > this.mtu + 14) this.errors.push(`frame of ${bytes.length} bytes`);
    if (offload !== undefined && !this.offloads) this.errors.push('offload that was not asked for');
    const type = readU16(bytes, 12);
    if (type === 0x0806) this.#receiveArp(bytes);
    else if (type === 0x0800) this.#receiveIpv4(bytes, offload);
    else this.errors.push(`frame of type ${type}`);
    return true;
  }

  #receiveArp(frame: Uint8Array): void {
    if (readU16(frame, 20) !== 1 || readU32(frame, 38) !== parseIpv4(this.address)) return;
    const reply = frame.slice(14, 42);
    writeU16(reply, 6, 2);
    writeU48(reply, 8, this.mac);
    writeU32(reply, 14, parseIpv4(this.address) ?? 0);
    writeU48(reply, 18, readU48(frame, 22));
    writeU32(reply, 24, readU32(frame, 28));
    this.port.transmit(this.frame(0x0806, reply, readU48(frame, 22)));
  }

  #receiveIpv4(frame: Uint8Array, offload: FrameOffload | undefined): void {
    if (checksum(frame, 14, 34) !== 0) this.errors.push('IPv4 header checksum');
    const length = readU16(frame, 16);
    if (length !== frame.length - 14) this.errors.push(`IPv4 length ${length} in a frame of ${frame.length}`);
    const fragment = readU16(frame, 20);
    let payload: Uint8Array | undefined = frame.slice(34, 14 + length);
    if ((fragment & 0x3fff) !== 0) payload = this.#reassemble(readU16(frame, 18), fragment, payload);
    if (payload === undefined) return;
    const packet: TestPacket = {
      source: formatIpv4(readU32(frame, 26)),
      destination: formatIpv4(readU32(frame, 30)),
      protocol: frame[23] ?? 0,
      payload,
      offload,
    };
    if (this.recording) this.packets.push(packet);
    if (packet.protocol === 6) this.#receiveTcp(packet, readU32(frame, 26), readU32(frame, 30));
    else if (packet.protocol === 17) this.#receiveUdp(packet, readU32(frame, 26), readU32(frame, 30));
    else if (checksum(payload, 0, payload.length) !== 0) this.errors.push('ICMP checksum');
  }

  #reassemble(identification: number, fragment: number, data: Uint8Array): Uint8Array | undefined {
    const entry = this.#fragments.get(identification) ?? { parts: new Map<number, Uint8Array>(), total: undefined };
    this.#fragments.set(identification, entry);
    const offset = (fragment & 0x1fff) * 8;
    entry.parts.set(offset, data);
    if ((fragment & 0x2000) === 0) entry.total = offset + data.length;
    if ([...entry.parts.values()].reduce((sum, part) => sum + part.length, 0) !== entry.total) return undefined;
    this.#fragments.delete(identification);
    const whole = new Uint8Array(entry.total);
    for (const [at, part] of entry.parts) whole.set(part, at);
    return whole;
  }

  #receiveUdp(packet: TestPacket, source: number, destination: number): void {
    const { payload } = packet;
    if (readU16(payload, 4) !== payload.length) this.errors.push('UDP length');
    if (checksum(payload, 0, payload.length, pseudoHeaderSum(source, destination, 17, payload.length)) !== 0)
      this.errors.push('UDP checksum');
    this.datagrams.push({
      source: packet.source,
      sourcePort: readU16(payload, 0),
      destinationPort: readU16(payload, 2),
      payload: payload.slice(8),
    });
  }

  #receiveTcp(packet: TestPacket, source: number, destination: number): void {
    const { payload, offload } = packet;
    const sum = pseudoHeaderSum(source, destination, 6, payload.length);
    if (offload?.checksum === undefined) {
      if (offload?.checksumValid !== true && fold(sumWords(payload, 0, payload.length, sum)) !== 0xffff) this.errors.push('TCP checksum');
    } else if (readU16(payload, 16) !== fold(sum) || offload.checksum.start !== 34 || offload.checksum.offset !== 16) {
      this.errors.push('TCP pseudo-header checksum');
    }
    const header = ((payload[12] ?? 0) >>> 4) * 4;
    const segment: TestTcpSegment = {
      source: packet.source,
      sourcePort: readU16(payload, 0),
      port: readU16(payload, 2),
      seq: readU32(payload, 4),
      ack: readU32(payload, 8),
      flags: payload[13] ?? 0,
      window: readU16(payload, 14),
      options: payload.slice(20, header),
      data: payload.slice(header),
    };
    const key = `${segment.source}:${segment.sourcePort}:${segment.port}`;
    const known = this.#connections.get(key);
    if (known !== undefined) {
      known.input(segment);
      return;
    }
    const listener = (segment.flags & 0x12) === 0x02 ? this.listeners.get(segment.port) : undefined;
    if (listener !== undefined) {
      const connection = new TestTcp(this, segment.source, segment.sourcePort, segment.port, {});
      this.#connections.set(key, connection);
      listener(connection);
      connection.accept(segment);
      return;
    }
    this.segments.push(segment);
    if (this.resetsUnknown && (segment.flags & 0x04) === 0) {
      this.sendSegment({
        destination: segment.source,
        port: segment.sourcePort,
        sourcePort: segment.port,
        seq: (segment.flags & 0x10) !== 0 ? segment.ack : 0,
        ack: (segment.seq + segment.data.length + (segment.flags & 0x02 ? 1 : 0) + (segment.flags & 0x01)) >>> 0,
        flags: 0x14,
      });
    }
  }
}
