/**
 * A network driver on venet that works as Linux's module does: each direction has a poll, which its interrupt starts and turns off; the
 * queue stops when the ring is full and goes on when something was reaped. It does nothing by itself: whoever has it gives it turns, so that
 * a test can put any order of things to it. What it neither hears of nor polls for it never finds.
 */
import type { VenetDriver, VenetInterrupt } from './venet-driver.ts';

export class VenetNapi {
  readonly driver: VenetDriver;
  /** Frames that came, in order. */
  readonly received: Uint8Array[] = [];
  /** Frames that were posted, and those whose buffers came back. */
  posted = 0;
  reaped = 0;
  /** The ring was full. */
  stopped = false;
  /** What is being polled. */
  readonly #polling: Set<VenetInterrupt> = new Set();

  /** The driver is listening when this begins: what has come before is its own business. */
  constructor(driver: VenetDriver) {
    this.driver = driver;
    driver.onInterrupt = (source) => {
      driver.disableInterrupts(source);
      this.#polling.add(source);
    };
  }

  get polling(): boolean {
    return this.#polling.size > 0;
  }

  /** Posts a frame and kicks; false if it has no room and waits for an interrupt. */
  transmit(frame: Uint8Array): boolean {
    if (this.stopped || !this.driver.post(frame)) return false;
    this.posted++;
    this.driver.kick();
    // Memory of a frame is in use until it is reaped, its slot may not be.
    this.stopped = this.driver.transmit.inFlight >= this.driver.transmit.ring.count;
    return true;
  }

  /** A turn of each poll that is under way. */
  poll(budget: number): void {
    if (this.#polling.has('rx')) {
      const frames = this.driver.poll(budget);
      for (const { frame } of frames) this.received.push(frame);
      if (frames.length < budget) this.#done('rx');
    }
    if (this.#polling.has('tx')) {
      this.driver.reap(budget);
      this.reaped = this.driver.transmit.completed;
      if (this.driver.transmit.inFlight < this.driver.transmit.ring.count) this.stopped = false;
      this.#done('tx');
    }
  }

  /** Nothing is left; what came in between would be told soon, and is polled for without waiting for that. */
  #done(source: VenetInterrupt): void {
    this.#polling.delete(source);
    if (!this.driver.enableInterrupts(source)) return;
    this.driver.disableInterrupts(source);
    this.#polling.add(source);
  }
}
