/**
 * The device's side of a split virtqueue. [virtio 1.2 §2.7]
 *
 *   pop      takes what the driver made available (avail ring → chain)
 *   push     gives it back (chain → used ring), = fill + publish
 *   undo     puts the newest popped chain back, as if it had not been looked at
 *
 * The rings are guest memory: whatever they say is checked when it is read. A fault closes the queue for good and is told once; the owner
 * answers with DEVICE_NEEDS_RESET. Nothing here throws after construction.
 */
import { ConfigurationError, type GuestMemory } from '@paravirt/bus';
import { type ChainFault, DescriptorChain } from './chain.ts';
import { QueueCounters } from './counters.ts';
import { checkLayout, type QueueLayout } from './layout.ts';
import { NotificationSuppression } from './notification.ts';

/** What a driver did wrong with a queue. */
export type QueueFault = ChainFault | 'available-index' | 'head-in-flight';

export interface SplitQueueOptions {
  /** VIRTIO_F_INDIRECT_DESC was negotiated. Default: false. */
  readonly indirect?: boolean;
  /** VIRTIO_F_EVENT_IDX was negotiated. Default: false. */
  readonly eventIndex?: boolean;
  /** Called once, when the queue closes because of a fault. */
  readonly onFault?: (fault: QueueFault) => void;
  /** What the queue counts in: those of earlier rings of the same queue go on. Default: of its own. */
  readonly counters?: QueueCounters;
}

/** Chains with more room than this are not kept for reuse, so that one long chain does not cost memory for ever. */
const POOLED_CAPACITY = 256;
const POOLED_CHAINS = 64;

export class SplitQueue {
  readonly layout: QueueLayout;
  readonly size: number;
  readonly counters: QueueCounters;
  readonly #memory: GuestMemory;
  readonly #mask: number;
  readonly #indirect: boolean;
  readonly #onFault: ((fault: QueueFault) => void) | undefined;
  readonly #notification: NotificationSuppression;
  /** 1 for a head between pop and publish. */
  readonly #headInFlight: Uint8Array;
  readonly #pool: DescriptorChain[] = [];
  #inFlight = 0;
  /** Next entry of the available ring to take; 16 bits, as all indices. */
  #next = 0;
  /** `avail.idx` as last read. */
  #seen = 0;
  #used = 0;
  #filled = 0;
  #closed = false;
  #fault: QueueFault | undefined = undefined;
  /** While true (bus mastering is off) the queue touches no memory: nothing is popped and what is pushed is lost. */
  paused = false;

  /** @throws ConfigurationError `bad-queue-layout`: check the driver's values with `checkLayout` first. */
  constructor(memory: GuestMemory, layout: QueueLayout, options: SplitQueueOptions = {}) {
    const fault = checkLayout(memory, layout);
    if (fault !== undefined) throw new ConfigurationError('bad-queue-layout', `virtqueue layout: ${fault}`, layout);
    this.layout = { ...layout };
    this.size = layout.size;
    this.counters = options.counters ?? new QueueCounters();
    this.#memory = memory;
    this.#mask = layout.size - 1;
    this.#indirect = options.indirect ?? false;
    this.#onFault = options.onFault;
    this.#notification = new NotificationSuppression(memory, layout, options.eventIndex ?? false);
    this.#headInFlight = new Uint8Array(layout.size);
  }

  /** What closed the queue, undefined if nothing did. */
  get fault(): QueueFault | undefined {
    return this.#fault;
  }

  /** Chains popped and not yet given back; at most `size`. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** The `idx` of the used ring as published; 16 bits. */
  get usedIndex(): number {
    return this.#used;
  }

  /** Next chain of the driver, undefined if there is none (or the queue is paused or closed). One call does work bounded by `size`. */
  pop(): DescriptorChain | undefined {
    if (this.#closed || this.paused) return undefined;
    if (this.#next === this.#seen && !this.#refresh()) return undefined;
    const entry = this.layout.available + 4 + 2 * (this.#next & this.#mask);
    const head = this.#memory.readU16(entry);
    if (this.#headInFlight[head] === 1) return this.#fail('head-in-flight');
    const chain = this.#pool.pop() ?? new DescriptorChain(this.#memory);
    const fault = chain.load(this.layout.descriptors, this.size, head, this.#indirect);
    if (fault !== undefined) return this.#fail(fault);
    this.#headInFlight[head] = 1;
    this.#inFlight++;
    this.#next = (this.#next + 1) & 0xffff;
    return chain;
  }

  /** Puts back `chain`, the newest popped one that is still in flight (and then the one before it, and so on). */
  undo(chain: DescriptorChain): void {
    if (!this.#release(chain)) return;
    this.#next = (this.#next - 1) & 0xffff;
  }

  /**
   * Returns a chain with `written` bytes written into its writable part (more than fits is cut). Entry first, index second. [virtio 1.2
   * §2.7.8.2]
   */
  push(chain: DescriptorChain, written: number): void {
    this.fill(chain, written);
    this.publish();
  }

  /** Writes the used element of a chain without showing it: several chains that belong together are shown by one `publish`. */
  fill(chain: DescriptorChain, written: number): void {
    const limit = Math.min(chain.writer.length, 0xffff_ffff);
    const { head } = chain;
    if (this.paused || !this.#release(chain)) return;
    const element = this.layout.used + 4 + 8 * ((this.#used + this.#filled) & this.#mask);
    this.#memory.writeU32(element, head);
    this.#memory.writeU32(element + 4, Math.min(Math.max(written, 0), limit));
    this.#filled++;
  }

  /** Shows the filled elements to the driver by moving `used.idx`. */
  publish(): void {
    if (this.#closed || this.paused || this.#filled === 0) return;
    this.#used = (this.#used + this.#filled) & 0xffff;
    this.counters.used += this.#filled;
    this.#filled = 0;
    this.#memory.writeU16(this.layout.used + 2, this.#used);
  }

  /** The driver kicked: counts it, and whether there is anything that the device had not seen. Takes nothing. */
  countDoorbell(): void {
    if (this.#closed || this.paused) return;
    this.counters.doorbells++;
    if (this.#memory.readU16(this.layout.available + 2) === this.#seen) this.counters.spurious++;
  }

  /** True if something was published since the last `takeInterrupt`. */
  get hasNews(): boolean {
    return !this.#closed && this.#notification.told !== this.#used;
  }

  /** True if the driver wants an interrupt for what was published since the last call. [virtio 1.2 §2.7.7.2] */
  takeInterrupt(): boolean {
    if (this.#closed || this.paused || !this.hasNews) return false;
    const wanted = this.#notification.takeInterrupt(this.#used);
    if (wanted) this.counters.interrupts++;
    else this.counters.suppressed++;
    return wanted;
  }

  /** The device is going to look at the ring anyway: no kicks, please. [virtio 1.2 §2.7.10.2] */
  suppressKicks(): void {
    if (!this.#closed && !this.paused) this.#notification.suppressKicks();
  }

  /**
   * Asks for a kick when the driver adds a buffer, then looks once more: true if one arrived in between, which must be processed without
   * waiting for a kick. [virtio 1.2 §2.7.10.2, §2.7.13.4]
   */
  requestKicks(): boolean {
    if (this.#closed || this.paused) return false;
    const before = this.#seen;
    this.#notification.requestKicks(before);
    return this.#refresh() && this.#seen !== before;
  }

  /** Ends the use of the rings: nothing is popped, and late completions of chains in flight touch nothing. */
  close(): void {
    this.#closed = true;
    this.#pool.length = 0;
  }

  /** Reads `avail.idx`; true if there are entries to take. */
  #refresh(): boolean {
    const index = this.#memory.readU16(this.layout.available + 2);
    const pending = (index - this.#next) & 0xffff;
    // The driver owns `size` descriptors: it cannot have offered more chains than that, those in flight included.
    if (pending + this.#inFlight > this.size) {
      this.#fail('available-index');
      return false;
    }
    this.counters.available += (index - this.#seen) & 0xffff;
    this.#seen = index;
    return pending !== 0;
  }

  #release(chain: DescriptorChain): boolean {
    if (this.#closed || this.#headInFlight[chain.head] !== 1) return false;
    this.#headInFlight[chain.head] = 0;
    this.#inFlight--;
    if (this.#pool.length < POOLED_CHAINS && chain.capacity <= POOLED_CAPACITY) this.#pool.push(chain);
    return true;
  }

  #fail(fault: QueueFault): undefined {
    this.#fault = fault;
    this.close();
    this.#onFault?.(fault);
    return undefined;
  }
}
