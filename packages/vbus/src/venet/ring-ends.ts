/**
 * The south end of a ring as venet uses it: on the rings that bring something (packets, pages) it consumes, on those that take something
 * (frames, events) it fills what the guest has posted. Both stand at the next descriptor always. [vbus PCI-2 §2.5]
 *
 * "Ready" is false as well in a ring that the guest broke; from then on nothing happens on it until the device is opened anew.
 */
import type { Ioq } from '../ioq.ts';
import type { IoqIterator } from '../ioq-iterator.ts';
import type { ShmSignal } from '../shm-signal.ts';

class RingEnd {
  /** Descriptors in the ring. */
  readonly count: number;
  protected readonly iterator: IoqIterator;
  readonly #signal: ShmSignal;

  constructor(ioq: Ioq, signal: ShmSignal, at: 'head' | 'tail') {
    this.count = ioq.count;
    this.iterator = ioq.iterator('inuse');
    this.iterator.seek(at);
    this.#signal = signal;
  }

  /** `ptr` of the present descriptor: guest-physical, or an offset in a pool. */
  get address(): number {
    return this.iterator.pointer;
  }

  /** `len` of the present descriptor in bytes, up to 2^64 − 1. */
  get length(): number {
    return this.iterator.length;
  }

  /** Called when the guest rings, or did so while the doorbell was masked. */
  set onSignal(notify: (() => void) | undefined) {
    this.#signal.onSignal = notify;
  }

  /** The guest need not ring. */
  mask(): void {
    this.#signal.disable();
  }

  /** The guest is to ring; what it added before is told soon. */
  unmask(): void {
    this.#signal.enable();
  }

  /** Tells the guest that the ring has changed. */
  signal(): void {
    this.#signal.inject();
  }
}

export class ConsumingEnd extends RingEnd {
  constructor(ioq: Ioq, signal: ShmSignal) {
    super(ioq, signal, 'head');
  }

  /** The guest has put something into the present descriptor. */
  get ready(): boolean {
    return this.iterator.isReady;
  }

  /** The guest's own mark. */
  get cookie(): bigint {
    return this.iterator.cookie;
  }

  /** Gives the present descriptor back and goes on to the next. */
  pop(): void {
    this.iterator.pop();
  }
}

export class FillingEnd extends RingEnd {
  constructor(ioq: Ioq, signal: ShmSignal) {
    super(ioq, signal, 'tail');
  }

  /** The guest has posted the present descriptor. */
  get ready(): boolean {
    return this.iterator.isOwned;
  }

  /** Gives the present descriptor back with `length` bytes of it used, and goes on to the next. */
  push(length: number): void {
    this.iterator.length = length;
    this.iterator.push();
  }
}
