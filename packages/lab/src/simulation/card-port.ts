/**
 * The host's end of a card's cable: what a device model transmits into and receives from. It paces the device: a frame takes the host's time
 * for it (way to the wire, copy, system calls of a user-space backend), whoever's task it is.
 *
 *   in an exit of the guest   all that the device sends is taken, and the guest waits for it
 *   in a thread of the host   one frame is taken; the next one when its time has passed. Meanwhile the device asks for no doorbells
 *
 * Frames from the wire are handed over one by one, as tasks of the thread that receives.
 */
import type { EthernetPort } from '@paravirt/net-backend';
import type { CostProfile } from '../cost/cost-profile.ts';
import type { Simulation } from './simulation.ts';
import type { Timeline } from './timeline.ts';
import type { Wire } from './wire.ts';

export interface CardPortOptions {
  readonly simulation: Simulation;
  readonly profile: CostProfile;
  readonly wire: Wire;
  /** Whose tasks transmit at once, however many frames: the guest's processor. */
  readonly guest: Timeline;
  /** Who receives. */
  readonly receiver: Timeline;
  /** Until the receiver runs when it was idle. */
  readonly handOver: number;
  /** The data path is in user space. */
  readonly user: boolean;
}

/** Frames of 1514 bytes that may wait for the wire; then the card has to wait. */
const QUEUE_FRAMES = 64;
const LONG_FRAME = 1514;

export class CardPort implements EthernetPort {
  onReceive: ((frame: Uint8Array) => boolean) | undefined = undefined;
  onWritable: (() => void) | undefined = undefined;
  /** Frames that the card took, and that it gave. */
  received = 0;
  transmitted = 0;
  readonly #options: CardPortOptions;
  readonly #arrived: Uint8Array[] = [];
  readonly #queueTime: number;
  #delivering = false;
  /** The head of the queue has been paid for. */
  #charged = false;
  #busy = false;
  #refused = false;

  constructor(options: CardPortOptions) {
    this.#options = options;
    this.#queueTime = QUEUE_FRAMES * options.wire.timeOf(LONG_FRAME);
    options.wire.onArrival.down = (frame) => {
      this.#arrived.push(frame);
      this.#deliverSoon();
    };
  }

  /** Frames from the wire that the card has not taken. */
  get backlog(): number {
    return this.#arrived.length;
  }

  transmit(frame: Uint8Array): boolean {
    const { simulation, wire, guest } = this.#options;
    if (this.#busy || wire.freeAt('up') - simulation.now > this.#queueTime) {
      this.#refused = true;
      if (!this.#busy) this.#waitForWire();
      return false;
    }
    this.#charge(frame.length);
    this.transmitted++;
    wire.send('up', frame.slice());
    const { current } = simulation;
    if (current !== undefined && current !== guest) {
      this.#busy = true;
      current.post(() => {
        this.#busy = false;
        this.#writable();
      });
    }
    return true;
  }

  resume(): void {
    this.#deliverSoon();
  }

  #charge(length: number): void {
    const { simulation, profile, user } = this.#options;
    simulation.charge(profile.hostFrame + length * profile.copiedByte + (user ? profile.userFrame : 0), 'host');
  }

  #waitForWire(): void {
    const { simulation, wire, receiver } = this.#options;
    this.#busy = true;
    simulation.schedule(wire.freeAt('up') - this.#queueTime, () =>
      receiver.post(() => {
        this.#busy = false;
        this.#writable();
      }),
    );
  }

  #writable(): void {
    if (!this.#refused) return;
    this.#refused = false;
    this.onWritable?.();
  }

  #deliverSoon(): void {
    if (this.#delivering || this.#arrived.length === 0) return;
    this.#delivering = true;
    const { simulation, receiver, handOver } = this.#options;
    receiver.post(() => this.#deliver(), simulation.now + (receiver.busy ? 0 : handOver));
  }

  #deliver(): void {
    this.#delivering = false;
    const [frame] = this.#arrived;
    if (frame === undefined) return;
    if (!this.#charged) this.#charge(frame.length);
    this.#charged = true;
    if (this.onReceive?.(frame) === false) return;
    this.#charged = false;
    this.received++;
    this.#arrived.shift();
    this.#deliverSoon();
  }
}
