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
import { ConfigurationError, type GuestMemory, type NotificationOutcome, type RingEvent, type TraceSink } from '@paravirt/bus';
import { type ChainFault, DescriptorChain } from './chain.ts';
import { QueueCounters } from './counters.ts';
import { checkLayout, type QueueLayout } from './layout.ts';
import { NotificationSuppression, type Suppression } from './notification.ts';

/** What a driver did wrong with a queue. */
export type QueueFault = ChainFault | 'available-index' | 'head-in-flight';

export interface SplitQueueOptions {
  /** VIRTIO_F_INDIRECT_DESC was negotiated. Default: false. */
  readonly indirect?: boolean;
  /** Default: flags. */
  readonly suppression?: Suppression;
  /** Called once, when the queue closes because of a fault. */
  readonly onFault?: (fault: QueueFault) => void;
  /** What the queue counts in: those of earlier rings of the same queue go on. Default: of its own. */
  readonly counters?: QueueCounters;
  /**
   * Orders what was written to the rings before what is read from them next, for a driver in another thread. [virtio 1.2 §2.7.7.2, §2.7.10.2,
   * §2.7.13.4] Default: the driver's accesses are never between two of the device.
   */
  readonly fence?: () => void;
  /**
   * With suppression `none`, for a transport whose doorbells have a gate of their own: kicks are not wanted (false), since the device looks
   * anyway, or wanted again (true). What is kicked in between may be told late, but must be told.
   */
  readonly onKicksWanted?: ((wanted: boolean) => void) | undefined;
  /** Is told the device's part of the life of each buffer and notification. */
  readonly ringTrace?: TraceSink<RingEvent> | undefined;
  /** What the ring is called there. Default: `ring`. */
  readonly name?: string;
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
  readonly #trace: TraceSink<RingEvent> | undefined;
  readonly #name: string;
  /** 1 for a head between pop and publish. */
  readonly #headInFlight: Uint8Array;
  readonly #fence: (() => void) | undefined;
  readonly #onKicksWanted: ((wanted: boolean) => void) | undefined;
  #kicksWanted = true;
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
  /** Chains that were put back and not taken again: their trace has been told. */
  #undone = 0;
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
    this.#onKicksWanted = options.onKicksWanted;
    this.#fence = options.fence;
    this.#notification = new NotificationSuppression(memory, layout, options.suppression ?? 'flags');
    this.#trace = options.ringTrace;
    this.#name = options.name ?? 'ring';
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

  /** How far the available ring was taken; 16 bits. */
  get takenIndex(): number {
    return this.#next;
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
    if (this.#trace !== undefined) this.#tracePop(chain, this.#trace);
    return chain;
  }

  /** Puts back `chain`, the newest popped one that is still in flight (and then the one before it, and so on). */
  undo(chain: DescriptorChain): void {
    if (!this.#release(chain)) return;
    this.#next = (this.#next - 1) & 0xffff;
    this.#undone++;
  }

  /** For the trace: `bytes` went between a chain and the device's own memory. */
  copied(chain: DescriptorChain, bytes: number): void {
    this.#trace?.({ kind: 'copied', ring: this.#name, buffer: chain.head, bytes });
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
    this.#trace?.({ kind: 'completed', ring: this.#name, buffer: head, bytes: written });
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
    const spurious = this.#memory.readU16(this.layout.available + 2) === this.#seen;
    if (spurious) this.counters.spurious++;
    this.#trace?.({ kind: 'doorbell', ring: this.#name, outcome: spurious ? 'spurious' : 'sent' });
  }

  /** True if something was published since the last `takeInterrupt`. */
  get hasNews(): boolean {
    return this.untold > 0;
  }

  /** Chains that were published since then; below 65536. */
  get untold(): number {
    return this.#closed ? 0 : (this.#used - this.#notification.told) & 0xffff;
  }

  /** True if the driver wants an interrupt for these as things are now. Takes nothing. */
  get wantsInterrupt(): boolean {
    return this.hasNews && !this.paused && this.#notification.wantsInterrupt(this.#used);
  }

  /** An interrupt that the driver wants is given later. */
  heldInterrupt(): void {
    this.counters.held++;
    this.#traceSignal('held');
  }

  /** True if the driver wants an interrupt for what was published since the last call. [virtio 1.2 §2.7.7.2] */
  takeInterrupt(): boolean {
    if (this.#closed || this.paused || !this.hasNews) return false;
    // What was published is seen before the driver's wish is read: else both could miss the other's change.
    this.#fence?.();
    const wanted = this.#notification.takeInterrupt(this.#used);
    if (wanted) this.counters.interrupts++;
    else this.counters.suppressed++;
    this.#traceSignal(wanted ? 'sent' : 'suppressed');
    return wanted;
  }

  /** The device is going to look at the ring anyway: no kicks, please. [virtio 1.2 §2.7.10.2] */
  suppressKicks(): void {
    if (this.#closed || this.paused) return;
    this.#notification.suppressKicks(this.#seen);
    this.#wantKicks(false);
  }

  /**
   * Asks for a kick when the driver adds a buffer, then looks once more: true if one arrived in between, which must be processed without
   * waiting for a kick. [virtio 1.2 §2.7.10.2, §2.7.13.4]
   */
  requestKicks(): boolean {
    if (this.#closed || this.paused) return false;
    const before = this.#seen;
    this.#notification.requestKicks(before);
    this.#wantKicks(true);
    this.#fence?.();
    return this.#refresh() && this.#seen !== before;
  }

  #wantKicks(wanted: boolean): void {
    if (wanted === this.#kicksWanted) return;
    this.#kicksWanted = wanted;
    this.#onKicksWanted?.(wanted);
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

  #tracePop(chain: DescriptorChain, trace: TraceSink<RingEvent>): void {
    if (this.#undone > 0) {
      this.#undone--;
      return;
    }
    const bytes = chain.reader.length + chain.writer.length;
    for (const kind of ['seen', 'mapped'] as const) trace({ kind, ring: this.#name, buffer: chain.head, bytes });
  }

  #traceSignal(outcome: NotificationOutcome): void {
    this.#trace?.({ kind: 'signal', ring: this.#name, outcome });
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
