/**
 * What things cost, in virtual nanoseconds. A profile turns counts into time: two runs with one profile give the same figures on any host.
 */
import type { ExitKind } from '../measures.ts';

export interface CostProfile {
  readonly name: string;
  readonly title: string;
  /** Where the figures come from, a line each. */
  readonly sources: readonly string[];
  /** World switch and decoding, out and in again, answered in the host's kernel. */
  readonly exits: Readonly<Record<ExitKind, number>>;
  /** More, if an exit is answered in user space. */
  readonly userExit: number;
  /** The host's part of giving the guest an interrupt, beside its exits. */
  readonly injection: number;
  /** The guest's part: gate, handler's prologue, IRET. */
  readonly interruptEntry: number;
  /** Interrupts reach a running guest, and their ends the controller, without exits. */
  readonly posted: boolean;
  /** Until a thread that was woken runs; and what waking it costs the waker. */
  readonly handOver: number;
  readonly wake: number;
  /** Until a guest that waits in HLT runs again. */
  readonly guestWake: number;
  readonly copiedByte: number;
  /** Of the host for a frame: ring, mapping, the way to the wire. */
  readonly hostFrame: number;
  /** More for a frame, if the data path is in user space: system calls. */
  readonly userFrame: number;
  /** Of the guest for a frame and for a byte of it: driver, stack, application. */
  readonly guestFrame: number;
  readonly guestByte: number;
  /** Of a guest that executes instructions. */
  readonly instruction: number;
  /** `moderation`: least time between two interrupts of the host's network card, which hands over together what came in between. */
  readonly wire: { readonly bitsPerSecond: number; readonly latency: number; readonly moderation: number };
}
