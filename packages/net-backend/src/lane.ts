/**
 * One direction of a cable: a bounded queue between a sender and a receiver that may refuse. `LoopbackPort` is one lane, a pair is two.
 * Back-pressure follows the contract of `EthernetPort`: a refused frame waits here, a full lane says false and later says "writable" once.
 */
import { type Clock, ConfigurationError } from '@paravirt/bus';
import type { FrameOffload } from './ethernet-port.ts';

export interface LaneOptions {
  /** Frames that wait at most for a receiver that refuses (or for their time to come). Default 64, at least 1. */
  readonly capacity?: number;
  /** With a clock each frame arrives `latencyNs` later, in an event of the clock; without one it arrives inside `transmit`. */
  readonly clock?: Clock | undefined;
  /** Nanoseconds a frame is under way; only with a clock. Default 0: the next event at the present time. */
  readonly latencyNs?: bigint;
}

/** The two ends a lane talks to. */
export interface LaneEnds {
  /** Hands a frame to the receiver; false: refused. */
  deliver(frame: Uint8Array, offload: FrameOffload | undefined): boolean;
  /** There is room again after `send` gave false. */
  writable(): void;
}

interface Waiting {
  readonly frame: Uint8Array;
  readonly offload: FrameOffload | undefined;
  readonly at: bigint;
}

/** Longest frame that any port carries: a 64 KiB IPv4 packet behind an Ethernet header with one VLAN tag. In bytes. */
const LONGEST_FRAME = 65_535 + 18;

/** Whether a frame can be one at all: it has a header and is not longer than any port carries. */
function isFrame(frame: Uint8Array): boolean {
  return frame.length >= 14 && frame.length <= LONGEST_FRAME;
}

export class Lane {
  readonly #ends: LaneEnds;
  readonly #capacity: number;
  readonly #clock: Clock | undefined;
  readonly #latencyNs: bigint;
  readonly #queue: Waiting[] = [];
  #delivering = false;
  #refused = false;
  #senderWaits = false;
  #scheduled = false;
  /** Frames dropped because they are none: shorter than a header or longer than 64 KiB. */
  dropped = 0;

  constructor(ends: LaneEnds, options: LaneOptions = {}) {
    const capacity = options.capacity ?? 64;
    const latencyNs = options.latencyNs ?? 0n;
    if (!Number.isInteger(capacity) || capacity < 1) throw new ConfigurationError('bad-option', 'A lane needs room for a frame', capacity);
    if (latencyNs < 0n) throw new ConfigurationError('bad-option', 'Latency cannot be negative', latencyNs);
    if (latencyNs > 0n && !options.clock) throw new ConfigurationError('bad-option', 'Latency needs a clock', latencyNs);
    this.#ends = ends;
    this.#capacity = capacity;
    this.#clock = options.clock;
    this.#latencyNs = latencyNs;
  }

  /** See `EthernetPort.transmit`. */
  send(frame: Uint8Array, offload: FrameOffload | undefined): boolean {
    if (!isFrame(frame)) {
      this.dropped++;
      return true;
    }
    // The queue is passed only when nothing waits, so that frames never overtake each other.
    if (!this.#clock && !this.#delivering && this.#queue.length === 0) {
      this.#delivering = true;
      let taken: boolean;
      try {
        taken = this.#ends.deliver(frame, offload);
      } finally {
        this.#delivering = false;
      }
      if (!taken) {
        this.#refused = true;
        // What the receiver sent itself meanwhile, on a loopback, is behind this frame.
        this.#queue.unshift({ frame: frame.slice(), offload, at: 0n });
      } else this.#drain();
      return true;
    }
    if (this.#queue.length >= this.#capacity) {
      this.#senderWaits = true;
      return false;
    }
    this.#queue.push({ frame: frame.slice(), offload, at: this.#clock ? this.#clock.now() + this.#latencyNs : 0n });
    if (this.#clock) this.#arm();
    return true;
  }

  /** The receiver takes frames again. */
  resume(): void {
    this.#refused = false;
    this.#drain();
  }

  #arm(): void {
    const first = this.#queue[0];
    if (!this.#clock || this.#scheduled || this.#refused || first === undefined) return;
    this.#scheduled = true;
    this.#clock.schedule(first.at, () => {
      this.#scheduled = false;
      this.#drain();
    });
  }

  #drain(): void {
    if (this.#delivering || this.#refused) return;
    this.#delivering = true;
    try {
      for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
        if (this.#clock && next.at > this.#clock.now()) break;
        if (!this.#ends.deliver(next.frame, next.offload)) {
          this.#refused = true;
          break;
        }
        this.#queue.shift();
      }
    } finally {
      this.#delivering = false;
    }
    this.#arm();
    if (this.#senderWaits && this.#queue.length < this.#capacity) {
      this.#senderWaits = false;
      this.#ends.writable();
    }
  }
}
