/**
 * A network driver that works as Linux's does: interrupts off while it polls, a budget for each poll, the transmit interrupt only while its
 * ring is full. It does nothing by itself: whoever has it tells it of interrupts and gives it turns, so that a test can put any order of
 * things to it. What it neither hears of nor polls for it never finds.
 */
import { RECEIVE_QUEUE, TRANSMIT_QUEUE } from '../net/protocol.ts';
import type { NetDriver } from './net-driver.ts';

export class NapiDriver {
  readonly net: NetDriver;
  /** Frames that came, in order. */
  readonly received: Uint8Array[] = [];
  /** Frames that were posted. */
  posted = 0;
  /** Frames whose buffers came back. */
  reaped = 0;
  /** The receive queue is being polled. */
  polling = false;
  /** The ring is full: an interrupt is to say when it is not. */
  stopped = false;

  constructor(net: NetDriver) {
    this.net = net;
    net.disableInterrupts(TRANSMIT_QUEUE);
  }

  /** Posts a frame and kicks; false if it has no room and waits for an interrupt. */
  transmit(frame: Uint8Array): boolean {
    if (this.stopped || !this.net.post(frame)) return false;
    this.posted++;
    this.net.kick();
    if (this.net.transmitQueue.free === 0) this.#stop();
    return true;
  }

  /** An interrupt of queue `index`. */
  interrupt(index: number): void {
    if (index === TRANSMIT_QUEUE) {
      // Also one that was not asked for: a device may send it. [virtio 1.2 §2.7.7]
      if (this.stopped) this.#resume();
    } else if (index === RECEIVE_QUEUE && !this.polling) {
      this.polling = true;
      this.net.disableInterrupts(RECEIVE_QUEUE);
    }
  }

  /** A turn of the poll, if there is one under way. */
  poll(budget: number): void {
    if (!this.polling) return;
    const frames = this.net.poll(budget);
    for (const { frame } of frames) this.received.push(frame);
    if (frames.length === budget) return;
    this.polling = false;
    // Something came in between: no interrupt will tell of it.
    if (this.net.enableInterrupts(RECEIVE_QUEUE)) this.interrupt(RECEIVE_QUEUE);
  }

  #stop(): void {
    this.stopped = true;
    if (this.net.enableInterrupts(TRANSMIT_QUEUE)) this.#resume();
  }

  #resume(): void {
    this.net.disableInterrupts(TRANSMIT_QUEUE);
    this.reaped += this.net.reapTransmitted();
    this.stopped = false;
    if (this.net.transmitQueue.free === 0) this.#stop();
  }
}
