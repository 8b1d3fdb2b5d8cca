/**
 * Pings: a port in front of the peer's network that sends ICMP echo requests to the guest in the network's name, and takes the answers.
 * Each is timed from when it was put onto the wire until its answer came. [RFC 792, "Echo or Echo Reply Message"]
 */
import type { Clock } from '@paravirt/bus';
import { type EthernetPort, type FrameOffload, WrappedPort } from '@paravirt/net-backend';
import { completeChecksum } from '@paravirt/net-backend/frame';
import { isPiece, piece } from './pattern.ts';

export interface EchoRequestsOptions {
  readonly clock: Clock;
  /** Six bytes each. */
  readonly guestMac: Uint8Array;
  readonly ownMac: Uint8Array;
  /** IPv4 addresses as numbers. */
  readonly guest: number;
  readonly own: number;
}

const ETHERNET = 14;
const IPV4 = 20;
const ICMP = 8;
/** Within their headers. */
const IPV4_CHECKSUM = 10;
const ICMP_CHECKSUM = 2;
/** Of data, as ping(8) sends. */
const DATA = 56;
const IDENTIFIER = 0x6c61;
const ECHO = 8;
const ECHO_REPLY = 0;
/** A ping that is not answered by then has failed. In ns. */
const PATIENCE = 5_000_000_000n;

interface Waiting {
  readonly sequence: number;
  readonly since: bigint;
  readonly done: (ns: number | undefined) => void;
}

export class EchoRequests extends WrappedPort {
  readonly #options: EchoRequestsOptions;
  #sequence = 0;
  #waiting: Waiting | undefined = undefined;

  constructor(network: EthernetPort, options: EchoRequestsOptions) {
    super(network);
    this.#options = options;
  }

  /** Sends one; `done` gets the round trip in ns, or undefined if there was none. One at a time. */
  ping(done: (ns: number | undefined) => void): void {
    const { clock } = this.#options;
    const sequence = ++this.#sequence & 0xffff;
    const waiting = { sequence, since: clock.now(), done };
    this.#waiting = waiting;
    this.onReceive?.(this.#request(sequence));
    clock.schedule(waiting.since + PATIENCE, () => {
      if (this.#waiting !== waiting) return;
      this.#waiting = undefined;
      done(undefined);
    });
  }

  override transmit(frame: Uint8Array, offload?: FrameOffload): boolean {
    const waiting = this.#waiting;
    if (waiting === undefined || !isAnswer(frame, waiting.sequence)) return this.inner.transmit(frame, offload);
    this.#waiting = undefined;
    waiting.done(Number(this.#options.clock.now() - waiting.since));
    return true;
  }

  protected override receive(frame: Uint8Array, offload: FrameOffload | undefined): boolean {
    return this.onReceive?.(frame, offload) ?? true;
  }

  #request(sequence: number): Uint8Array {
    const { guestMac, ownMac, guest, own } = this.#options;
    const frame = new Uint8Array(ETHERNET + IPV4 + ICMP + DATA);
    const view = new DataView(frame.buffer);
    frame.set(guestMac, 0);
    frame.set(ownMac, 6);
    view.setUint16(12, 0x0800);
    view.setUint16(ETHERNET, 0x4500);
    view.setUint16(ETHERNET + 2, IPV4 + ICMP + DATA);
    view.setUint16(ETHERNET + 4, sequence);
    view.setUint16(ETHERNET + 6, 0x4000);
    view.setUint16(ETHERNET + 8, (64 << 8) | 1);
    view.setUint32(ETHERNET + 12, own);
    view.setUint32(ETHERNET + 16, guest);
    completeChecksum(frame, ETHERNET + IPV4, ETHERNET, IPV4_CHECKSUM);
    const at = ETHERNET + IPV4;
    view.setUint8(at, ECHO);
    view.setUint16(at + 4, IDENTIFIER);
    view.setUint16(at + 6, sequence);
    frame.set(piece(sequence, DATA), at + ICMP);
    completeChecksum(frame, frame.length, at, ICMP_CHECKSUM);
    return frame;
  }
}

function isAnswer(frame: Uint8Array, sequence: number): boolean {
  if (frame.length < ETHERNET + IPV4 + ICMP + DATA) return false;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const at = ETHERNET + IPV4;
  return (
    view.getUint16(12) === 0x0800 &&
    frame[ETHERNET] === 0x45 &&
    frame[ETHERNET + 9] === 1 &&
    frame[at] === ECHO_REPLY &&
    view.getUint16(at + 4) === IDENTIFIER &&
    view.getUint16(at + 6) === sequence &&
    isPiece(frame.subarray(at + ICMP, at + ICMP + DATA), sequence)
  );
}
