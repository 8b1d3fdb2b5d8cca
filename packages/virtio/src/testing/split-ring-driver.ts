/**
 * The driver's side of a split virtqueue. [virtio 1.2 §2.7.12 to §2.7.14] `add`, `kickNeeded` and `reap` behave as a driver must, `addBuffer`
 * and `next` are the same for one buffer at a time; the `write…` methods write anything anywhere in the rings.
 */
import type { GuestMemory, RingEvent, TraceSink } from '@paravirt/bus';
import { VIRTQ_DESC_F_INDIRECT, VIRTQ_DESC_F_NEXT, VIRTQ_DESC_F_WRITE } from '../queue/chain.ts';
import { descriptorAreaSize, deviceAreaSize, driverAreaSize, type QueueLayout } from '../queue/layout.ts';
import { needEvent, VIRTQ_AVAIL_F_NO_INTERRUPT, VIRTQ_USED_F_NO_NOTIFY } from '../queue/notification.ts';
import type { GuestArena } from './guest-arena.ts';

/** One buffer of a request, in guest memory. */
export interface DriverBuffer {
  readonly address: number;
  readonly length: number;
  /** For the device to write. Default: for it to read. */
  readonly writable?: boolean;
}

/** A descriptor as it lies in memory. */
export interface RawDescriptor {
  readonly address: number | bigint;
  readonly length: number;
  readonly flags?: number;
  readonly next?: number;
}

/** An element of the used ring. */
export interface UsedElement {
  readonly head: number;
  readonly written: number;
}

export interface SplitRingDriverOptions {
  readonly memory: GuestMemory;
  /** Where the areas come from. */
  readonly arena: GuestArena;
  /** Where tables of indirect descriptors come from. Default: `arena`. */
  readonly tables?: GuestArena;
  readonly size: number;
  /** VIRTIO_F_EVENT_IDX was negotiated. */
  readonly eventIndex?: boolean;
  /** Is told the driver's part of the life of each buffer: posted, doorbell suppressed, reaped. */
  readonly ringTrace?: TraceSink<RingEvent> | undefined;
  /** What the ring is called there. Default: `ring`. */
  readonly name?: string | undefined;
}

export class SplitRingDriver {
  readonly memory: GuestMemory;
  readonly layout: QueueLayout;
  readonly size: number;
  readonly eventIndex: boolean;
  readonly #arena: GuestArena;
  readonly #free: number[];
  /** Descriptors of the chain at each head. */
  readonly #chains: (readonly number[] | undefined)[];
  /** A chain of the one descriptor, for each of them. */
  readonly #singles: readonly (readonly number[])[];
  readonly #trace: TraceSink<RingEvent> | undefined;
  readonly #name: string;
  readonly #tables: Map<number, { readonly address: number; readonly entries: number }> = new Map();
  #available = 0;
  #kicked = 0;
  #used = 0;

  /** The areas are allocated and zeroed. */
  constructor(options: SplitRingDriverOptions) {
    const { memory, arena, size, eventIndex = false } = options;
    this.memory = memory;
    this.size = size;
    this.eventIndex = eventIndex;
    this.#arena = options.tables ?? arena;
    this.#trace = options.ringTrace;
    this.#name = options.name ?? 'ring';
    this.#chains = new Array(size).fill(undefined);
    this.#singles = Array.from({ length: size }, (_, index) => [index]);
    this.layout = {
      size,
      descriptors: arena.allocate(descriptorAreaSize(size), 16),
      available: arena.allocate(driverAreaSize(size), 2),
      used: arena.allocate(deviceAreaSize(size), 4),
    };
    memory.write(this.layout.descriptors, new Uint8Array(descriptorAreaSize(size)));
    memory.write(this.layout.available, new Uint8Array(driverAreaSize(size)));
    memory.write(this.layout.used, new Uint8Array(deviceAreaSize(size)));
    this.#free = Array.from({ length: size }, (_, i) => size - 1 - i);
  }

  /** Descriptors that `add` can still use. */
  get free(): number {
    return this.#free.length;
  }

  /** The driver's `avail.idx`; 16 bits. */
  get availableIndex(): number {
    return this.#available;
  }

  /** The device's `used.idx`. */
  get usedIndex(): number {
    return this.memory.readU16(this.layout.used + 2);
  }

  /** The device's `used.flags`. */
  get usedFlags(): number {
    return this.memory.readU16(this.layout.used);
  }

  /** The device's `avail_event`. */
  get availableEvent(): number {
    return this.memory.readU16(this.layout.used + 4 + 8 * this.size);
  }

  /** Offers a request; its head, undefined if there are not enough descriptors. `indirect` puts the buffers into a table. */
  add(buffers: readonly DriverBuffer[], options: { readonly indirect?: boolean } = {}): number | undefined {
    const indirect = options.indirect ?? false;
    const needed = indirect ? 1 : buffers.length;
    if (needed === 0 || needed > this.#free.length) return undefined;
    const indices = Array.from({ length: needed }, () => this.#free.pop() ?? 0);
    const head = indices[0] ?? 0;
    if (indirect) {
      const table = this.#table(head, buffers.length);
      this.#writeChain(
        buffers,
        buffers.map((_, i) => i),
        table,
      );
      this.writeDescriptor(head, { address: table, length: 16 * buffers.length, flags: VIRTQ_DESC_F_INDIRECT });
    } else this.#writeChain(buffers, indices);
    this.#chains[head] = indices;
    this.#trace?.({ kind: 'posted', ring: this.#name, buffer: head, bytes: buffers.reduce((sum, { length }) => sum + length, 0) });
    this.offer(head);
    return head;
  }

  /** `add` for one buffer. */
  addBuffer(address: number, length: number, writable: boolean): number | undefined {
    const head = this.#free.pop();
    if (head === undefined) return undefined;
    const at = this.layout.descriptors + 16 * head;
    this.memory.writeU32(at, address % 2 ** 32);
    this.memory.writeU32(at + 4, Math.floor(address / 2 ** 32));
    this.memory.writeU32(at + 8, length);
    this.memory.writeU32(at + 12, writable ? VIRTQ_DESC_F_WRITE : 0);
    this.#chains[head] = this.#singles[head];
    this.#trace?.({ kind: 'posted', ring: this.#name, buffer: head, bytes: length });
    this.offer(head);
    return head;
  }

  /** Puts `head` into the available ring and moves the index. */
  offer(head: number): void {
    this.writeEntry(this.#available, head);
    this.#available = (this.#available + 1) & 0xffff;
    this.writeAvailableIndex(this.#available);
  }

  /** True if the device wants to hear of what was added since the last call. [virtio 1.2 §2.7.10.1] */
  kickNeeded(): boolean {
    const before = this.#kicked;
    this.#kicked = this.#available;
    if (before === this.#available) return false;
    const needed = this.eventIndex
      ? needEvent(this.availableEvent, this.#available, before)
      : (this.usedFlags & VIRTQ_USED_F_NO_NOTIFY) === 0;
    if (!needed) this.doorbellSuppressed();
    return needed;
  }

  /** For the trace: a doorbell was not rung, since the device (or the transport) did not want it. The device tells of the others. */
  doorbellSuppressed(): void {
    this.#trace?.({ kind: 'doorbell', ring: this.#name, outcome: 'suppressed' });
  }

  /** Takes what the device has used since the last call and frees the descriptors. */
  reap(): UsedElement[] {
    const elements: UsedElement[] = [];
    for (let element = this.next(); element !== undefined; element = this.next()) elements.push(element);
    return elements;
  }

  /** `reap` for one element; undefined if there is none. */
  next(): UsedElement | undefined {
    if (!this.pending) return undefined;
    const at = this.layout.used + 4 + 8 * (this.#used % this.size);
    const head = this.memory.readU32(at);
    const written = this.memory.readU32(at + 4);
    for (const index of this.#chains[head] ?? []) this.#free.push(index);
    if (head < this.size) this.#chains[head] = undefined;
    this.#used = (this.#used + 1) & 0xffff;
    this.#trace?.({ kind: 'reaped', ring: this.#name, buffer: head, bytes: written });
    return { head, written };
  }

  /** True if the device has used something that was not taken yet. */
  get pending(): boolean {
    return this.#used !== this.usedIndex;
  }

  /** Asks for an interrupt with the next used buffer; true if something was used before that could be known. [virtio 1.2 §2.7.7.1] */
  enableInterrupts(): boolean {
    if (this.eventIndex) this.writeUsedEvent(this.#used);
    else this.writeAvailableFlags(0);
    return this.pending;
  }

  /** Asks for none: with EVENT_IDX by an event that lies behind. */
  disableInterrupts(): void {
    if (this.eventIndex) this.writeUsedEvent((this.#used - 1) & 0xffff);
    else this.writeAvailableFlags(VIRTQ_AVAIL_F_NO_INTERRUPT);
  }

  /** Writes entry `index` of the descriptor table, or of another table. */
  writeDescriptor(index: number, descriptor: RawDescriptor, table: number = this.layout.descriptors): void {
    const at = table + 16 * index;
    this.memory.writeU64(at, BigInt.asUintN(64, BigInt(descriptor.address)));
    this.memory.writeU32(at + 8, descriptor.length);
    this.memory.writeU16(at + 12, descriptor.flags ?? 0);
    this.memory.writeU16(at + 14, descriptor.next ?? 0);
  }

  /** Writes entry `index` (modulo the size) of the available ring. */
  writeEntry(index: number, head: number): void {
    this.memory.writeU16(this.layout.available + 4 + 2 * (index % this.size), head);
  }

  writeAvailableIndex(index: number): void {
    this.memory.writeU16(this.layout.available + 2, index);
  }

  writeAvailableFlags(flags: number): void {
    this.memory.writeU16(this.layout.available, flags);
  }

  writeUsedEvent(index: number): void {
    this.memory.writeU16(this.layout.available + 4 + 2 * this.size, index);
  }

  #writeChain(buffers: readonly DriverBuffer[], indices: readonly number[], table?: number): void {
    buffers.forEach(({ address, length, writable = false }, i) => {
      const next = indices[i + 1];
      const flags = (writable ? VIRTQ_DESC_F_WRITE : 0) | (next === undefined ? 0 : VIRTQ_DESC_F_NEXT);
      this.writeDescriptor(indices[i] ?? 0, { address, length, flags, next: next ?? 0 }, table);
    });
  }

  #table(head: number, entries: number): number {
    const table = this.#tables.get(head);
    if (table !== undefined && table.entries >= entries) return table.address;
    const address = this.#arena.allocate(16 * entries);
    this.#tables.set(head, { address, entries });
    return address;
  }
}
