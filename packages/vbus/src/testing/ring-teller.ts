/**
 * The driver's part of the trace of one ring of venet. Both sides number buffers alike: in the order of the ring, beginning anew after two
 * rounds (see `RingEnd.number` of the device).
 */
import type { RingEvent, TraceSink } from '@paravirt/bus';
import type { ShmSignal } from '../shm-signal.ts';

export class RingTeller {
  readonly #trace: TraceSink<RingEvent> | undefined;
  readonly #ring: string;
  readonly #count: number;

  /** @param count descriptors of the ring */
  constructor(trace: TraceSink<RingEvent> | undefined, ring: string, count: number) {
    this.#trace = trace;
    this.#ring = ring;
    this.#count = count;
  }

  /** The name of the buffer that is posted, or taken, as number `order`, counted from 0. */
  numberOf(order: number): number {
    return order % (2 * this.#count);
  }

  posted(buffer: number, bytes: number): void {
    this.#trace?.({ kind: 'posted', ring: this.#ring, buffer, bytes });
  }

  reaped(buffer: number, bytes: number): void {
    this.#trace?.({ kind: 'reaped', ring: this.#ring, buffer, bytes });
  }

  /** Tells the device of what was posted; true: it was rung. What it hears is its to tell. */
  kick(signal: ShmSignal | undefined): boolean {
    const rung = signal?.inject() ?? false;
    if (!rung) this.#trace?.({ kind: 'doorbell', ring: this.#ring, outcome: 'suppressed' });
    return rung;
  }

  /** Tells of signals that come for nothing: nobody listens, or there is nothing to take. */
  watch(signal: ShmSignal | undefined, waiting: () => boolean): void {
    if (signal === undefined || this.#trace === undefined) return;
    signal.onWakeup = (heard) => {
      if (!heard || !waiting()) this.#trace?.({ kind: 'signal', ring: this.#ring, outcome: 'spurious' });
    };
  }
}
