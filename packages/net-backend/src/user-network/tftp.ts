/**
 * The TFTP server [RFC 1350], for guests that boot from the network: it only reads, from files that its user gives it. Options are block
 * size [RFC 2348], timeout and transfer size [RFC 2349]. Every transfer goes in lockstep from a port of its own, the transfer identifier;
 * the ports lie together, so that none of the host's loopback is hidden beside them.
 *
 * Only the mode "octet" is spoken: files are given as they are, and "netascii", in which line ends are changed, is refused with error 4
 * rather than answered with a file that the client would then change.
 */
import type { Clock } from '@paravirt/bus';
import { readU16 } from '../frame/network-order.ts';
import type { AddressPlan } from './address.ts';
import type { DropCounters } from './counters.ts';
import { Deadline, nowNs, SECOND } from './deadline.ts';
import {
  ACK,
  buildOptionAcknowledgement,
  buildTftpData,
  buildTftpError,
  DATA,
  ERROR,
  OACK,
  parseTftpRequest,
  RRQ,
  settleTftpOptions,
  TFTP_HEADER,
  TFTP_PORT,
  type TftpError,
  WRQ,
} from './tftp-message.ts';
import type { UdpDatagram } from './udp.ts';

/** The files of a TFTP server. */
export interface TftpFiles {
  /**
   * The whole file, which is not changed while it is sent; undefined: there is none. It answers at once and does not throw. The name is
   * relative: parts of printable ASCII between single slashes, none of them empty, `.` or `..`, without backslash, not begun by a drive.
   */
  read(name: string): Uint8Array | undefined;
}

/** Transfers at one time, and bytes of their files; the one unused for longest makes room. */
const MAX_SESSIONS = 32;
const MAX_SESSION_BYTES = 256 * 2 ** 20;
/** Ports of transfers: one that was used is not used again before all others were, so a late packet meets nobody. */
const FIRST_TRANSFER_PORT = 0xf800;
const TRANSFER_PORTS = 256;
/** How often a packet is sent, the first time included. */
const MAX_TRIES = 6;
/** Before a packet is sent again; doubled each time [RFC 1123 §4.2.3.2] unless the client chose the time itself. */
const FIRST_TIMEOUT = SECOND;

interface Session {
  /** The guest's. */
  readonly address: number;
  readonly port: number;
  /** Ours. */
  readonly transferPort: number;
  readonly request: string;
  readonly file: Uint8Array;
  readonly blockSize: number;
  /** Nanoseconds, if the client chose. */
  readonly timeout: number | undefined;
  readonly deadline: Deadline;
  /** Which block is on its way, from 1 and not cut to 16 bits; 0: the acknowledgement of options. */
  block: number;
  packet: Uint8Array;
  tries: number;
}

export interface TftpOptions {
  readonly plan: AddressPlan;
  readonly clock: Clock;
  readonly dropped: DropCounters;
  readonly files: TftpFiles;
  /** Largest payload of a datagram that needs no fragments, in bytes: at least 516. */
  readonly payloadLimit: number;
  /** Sends to the guest; the guest may answer inside the call. */
  readonly send: (datagram: UdpDatagram) => void;
}

export class TftpServer {
  readonly #options: TftpOptions;
  /** By transfer port, the one unused for longest first. */
  readonly #sessions = new Map<number, Session>();
  #nextPort = 0;

  constructor(options: TftpOptions) {
    this.#options = options;
  }

  /** Transfers that go on. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Whether datagrams to this port of the gateway are for the server. */
  takes(port: number): boolean {
    return port === TFTP_PORT || (port >= FIRST_TRANSFER_PORT && port < FIRST_TRANSFER_PORT + TRANSFER_PORTS);
  }

  /** A datagram to a port that it takes. */
  input(datagram: UdpDatagram): void {
    const { payload, sourcePort, destinationPort } = datagram;
    if (payload.length < 2 || sourcePort === 0) this.#options.dropped.tftp++;
    else if (destinationPort === TFTP_PORT) this.#request(readU16(payload, 0), datagram);
    else this.#transfer(readU16(payload, 0), datagram);
  }

  /** Ends all transfers. */
  close(): void {
    for (const session of this.#sessions.values()) this.#end(session);
  }

  #request(opcode: number, datagram: UdpDatagram): void {
    switch (opcode) {
      case RRQ:
        this.#read(datagram);
        break;
      case WRQ:
        this.#refuse(datagram, 'accessViolation');
        break;
      case DATA:
      case ACK:
      case OACK:
        this.#refuse(datagram, 'unknownTransferId');
        break;
      case ERROR:
        this.#options.dropped.tftp++; // never answered [RFC 1350 §7]
        break;
      default:
        this.#refuse(datagram, 'illegalOperation');
    }
  }

  #read(datagram: UdpDatagram): void {
    const { source, sourcePort, payload } = datagram;
    const request = parseTftpRequest(payload);
    if (request?.mode !== 'octet') {
      this.#refuse(datagram, 'illegalOperation');
      return;
    }
    const { text, options } = request;
    const name = normaliseName(request.name);
    if (name === undefined) {
      this.#refuse(datagram, 'accessViolation');
      return;
    }
    // A client has one transfer on a port. The same request while the first block is out is a repetition; any other begins anew.
    for (const session of this.#sessions.values()) {
      if (session.address !== source || session.port !== sourcePort) continue;
      if (session.block <= 1 && session.request === text) {
        this.#send(session);
        return;
      }
      this.#end(session);
    }
    const file = this.#options.files.read(name);
    if (file === undefined) {
      this.#refuse(datagram, 'fileNotFound');
      return;
    }
    const terms = settleTftpOptions(options, file.length, this.#options.payloadLimit - TFTP_HEADER);
    const session: Session = {
      address: source,
      port: sourcePort,
      transferPort: this.#open(file.length),
      request: text,
      file,
      blockSize: terms.blockSize,
      timeout: terms.timeout === undefined ? undefined : terms.timeout * SECOND,
      deadline: new Deadline(this.#options.clock, () => this.#expire(session)),
      block: 0,
      packet: buildOptionAcknowledgement(terms.accepted),
      tries: 1,
    };
    this.#sessions.set(session.transferPort, session);
    if (terms.accepted.length > 0) this.#send(session);
    else this.#next(session);
  }

  /** A port for a transfer of this many bytes, with room made for it. */
  #open(size: number): number {
    let bytes = size;
    for (const { file } of this.#sessions.values()) bytes += file.length;
    for (const oldest of this.#sessions.values()) {
      if (this.#sessions.size < MAX_SESSIONS && bytes <= MAX_SESSION_BYTES) break;
      bytes -= oldest.file.length;
      this.#end(oldest);
    }
    for (;;) {
      const port = FIRST_TRANSFER_PORT + this.#nextPort;
      this.#nextPort = (this.#nextPort + 1) % TRANSFER_PORTS;
      if (!this.#sessions.has(port)) return port; // there are more ports than sessions
    }
  }

  #transfer(opcode: number, datagram: UdpDatagram): void {
    const { dropped } = this.#options;
    const { source, sourcePort, destinationPort, payload } = datagram;
    const session = this.#sessions.get(destinationPort);
    if (session?.address !== source || session.port !== sourcePort) {
      // Nobody's, or from someone else: told so, and the transfer goes on undisturbed [RFC 1350 §4].
      if (opcode === ERROR) dropped.tftp++;
      else this.#refuse(datagram, 'unknownTransferId');
    } else if (opcode === ERROR) this.#end(session);
    else if (opcode !== ACK) {
      this.#end(session);
      this.#refuse(datagram, 'illegalOperation');
    } else if (payload.length < TFTP_HEADER || readU16(payload, 2) !== (session.block & 0xffff)) {
      // Nothing is sent for an acknowledgement that comes twice, or everything after it would go twice [RFC 1123 §4.2.3.1].
      dropped.tftp++;
    } else this.#acknowledge(session);
  }

  #acknowledge(session: Session): void {
    const { block, blockSize, file, transferPort } = session;
    if (block > 0 && file.length < block * blockSize) {
      this.#end(session); // the block was shorter than others: the last [RFC 1350 §6]
      return;
    }
    this.#sessions.delete(transferPort);
    this.#sessions.set(transferPort, session);
    this.#next(session);
  }

  #next(session: Session): void {
    const { file, blockSize } = session;
    const start = session.block * blockSize;
    session.block++;
    session.packet = buildTftpData(session.block, file.subarray(start, start + blockSize));
    session.tries = 1;
    this.#send(session);
  }

  #expire(session: Session): void {
    if (session.tries >= MAX_TRIES) {
      this.#end(session);
      return;
    }
    session.tries++;
    this.#send(session);
  }

  /** Sends what is on its way, for the first time or again. Nothing may be done after it: the guest's answer is taken inside. */
  #send(session: Session): void {
    const { plan, clock, send } = this.#options;
    const { address, port, transferPort, packet, timeout, tries, deadline } = session;
    deadline.set(nowNs(clock) + (timeout ?? FIRST_TIMEOUT * 2 ** (tries - 1)));
    send({ source: plan.gateway, sourcePort: transferPort, destination: address, destinationPort: port, payload: packet });
  }

  #end(session: Session): void {
    session.deadline.cancel();
    this.#sessions.delete(session.transferPort);
  }

  #refuse({ source, sourcePort, destination, destinationPort }: UdpDatagram, error: TftpError): void {
    this.#options.dropped.tftp++;
    this.#options.send({
      source: destination,
      sourcePort: destinationPort,
      destination: source,
      destinationPort: sourcePort,
      payload: buildTftpError(error),
    });
  }
}

/**
 * The name that the files are asked for; undefined: forbidden. The root of an absolute name is the root of the files, so `/a//./b` is
 * `a/b`; a name that goes up, begins with a drive, ends in a slash, or has a backslash or a character outside of printable ASCII has no
 * place below it.
 */
function normaliseName(name: string): string | undefined {
  if (!/^[ -~]+$/.test(name) || name.includes('\\') || /^\/*[A-Za-z]:/.test(name) || name.endsWith('/')) return undefined;
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  return parts.length === 0 || parts.includes('..') ? undefined : parts.join('/');
}
