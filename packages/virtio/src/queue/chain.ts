/**
 * Descriptor chains. [virtio 1.2 §2.7.4, §2.7.5]
 *
 * `DescriptorChain.load` walks a chain once: every descriptor is read once, checked, and kept as (address, length), so that a driver that
 * rewrites its tables afterwards changes nothing. What remains is two lists of buffers, the readable ones before the writable ones, and a
 * reader and a writer that move bytes between them and the device's own buffers without ever leaving them.
 */
import type { GuestMemory } from '@paravirt/bus';

/** [virtio 1.2 §2.7.5] Descriptor flags. */
export const VIRTQ_DESC_F_NEXT = 1;
export const VIRTQ_DESC_F_WRITE = 2;
export const VIRTQ_DESC_F_INDIRECT = 4;

const DESCRIPTOR_SIZE = 16;
/** `next` has 16 bits: no table can be longer. */
const MAX_INDIRECT_ENTRIES = 65536;
/** [virtio 1.2 §2.7.5.2] A chain holds at most 2^32 bytes. */
const MAX_CHAIN_BYTES = 2 ** 32;
/** Addresses are numbers: a descriptor at or above 2^53 is outside any RAM. */
const ADDRESS_HIGH_LIMIT = 2 ** 21;

/** What a driver did wrong in a chain; each means that the device needs a reset. */
export type ChainFault =
  | 'head-out-of-range'
  | 'next-out-of-range'
  | 'chain-too-long'
  | 'chain-too-large'
  | 'buffer-outside-memory'
  | 'readable-after-writable'
  | 'indirect-not-negotiated'
  | 'indirect-with-next'
  | 'indirect-nested'
  | 'indirect-length'
  | 'indirect-outside-memory';

/** A list of checked buffers and a position in it. Grows to the longest chain seen, which the queue size bounds. */
class BufferList {
  #addresses: Float64Array = new Float64Array(8);
  #lengths: Uint32Array = new Uint32Array(8);
  #count = 0;
  /** Bytes in all buffers. */
  total = 0;
  /** Bytes before the position. */
  position = 0;
  #index = 0;
  #offset = 0;

  get capacity(): number {
    return this.#lengths.length;
  }

  clear(): void {
    this.#count = 0;
    this.total = 0;
    this.rewind();
  }

  rewind(): void {
    this.position = 0;
    this.#index = 0;
    this.#offset = 0;
  }

  append(address: number, length: number): void {
    if (this.#count === this.#lengths.length) {
      const addresses = new Float64Array(2 * this.#count);
      const lengths = new Uint32Array(2 * this.#count);
      addresses.set(this.#addresses);
      lengths.set(this.#lengths);
      this.#addresses = addresses;
      this.#lengths = lengths;
    }
    this.#addresses[this.#count] = address;
    this.#lengths[this.#count++] = length;
    this.total += length;
  }

  /** Guest-physical address of the position; only valid while `run` is above zero. */
  get address(): number {
    return (this.#addresses[this.#index] ?? 0) + this.#offset;
  }

  /** Bytes from the position to the end of its buffer; zero at the end of the list. */
  get run(): number {
    return this.#index < this.#count ? (this.#lengths[this.#index] ?? 0) - this.#offset : 0;
  }

  /** Moves on by at most `run` bytes. */
  advance(count: number): void {
    this.position += count;
    this.#offset += count;
    if (this.#offset === this.#lengths[this.#index]) {
      this.#index++;
      this.#offset = 0;
    }
  }
}

/** Reads the device-readable buffers of a chain from front to back. */
export class ChainReader {
  readonly #memory: GuestMemory;
  readonly #list: BufferList;

  constructor(memory: GuestMemory, list: BufferList) {
    this.#memory = memory;
    this.#list = list;
  }

  /** Bytes that are readable in all, up to 2^32. */
  get length(): number {
    return this.#list.total;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#list.total - this.#list.position;
  }

  /**
   * Gathers up to `length` bytes into `into` from `start` on and says how many there were. `into` is the caller's, meant to be reused; it
   * receives a copy that later changes in guest memory do not reach.
   */
  read(into: Uint8Array, start = 0, length: number = into.length - start): number {
    const list = this.#list;
    const end = start + Math.min(length, into.length - start, this.remaining);
    let at = start;
    while (at < end) {
      const count = Math.min(list.run, end - at);
      this.#memory.read(list.address, count === into.length ? into : into.subarray(at, at + count));
      list.advance(count);
      at += count;
    }
    return Math.max(at - start, 0);
  }

  /** Back to the first byte. */
  rewind(): void {
    this.#list.rewind();
  }
}

/** Writes the device-writable buffers of a chain from front to back. */
export class ChainWriter {
  readonly #memory: GuestMemory;
  readonly #list: BufferList;

  constructor(memory: GuestMemory, list: BufferList) {
    this.#memory = memory;
    this.#list = list;
  }

  /** Bytes that are writable in all, up to 2^32. */
  get length(): number {
    return this.#list.total;
  }

  /** Bytes not written yet. */
  get remaining(): number {
    return this.#list.total - this.#list.position;
  }

  /** Bytes written so far. */
  get written(): number {
    return this.#list.position;
  }

  /** Scatters `from` from `start` to `end`, as far as there is room, and says how many bytes were written. `from` is not kept. */
  write(from: Uint8Array, start = 0, end: number = from.length): number {
    const list = this.#list;
    const stop = start + Math.min(end - start, this.remaining);
    let at = start;
    while (at < stop) {
      const count = Math.min(list.run, stop - at);
      this.#memory.write(list.address, count === from.length ? from : from.subarray(at, at + count));
      list.advance(count);
      at += count;
    }
    return Math.max(at - start, 0);
  }
}

/** One request of the driver, from `SplitQueue.pop` until `push` or `undo`; not to be touched after these. */
export class DescriptorChain {
  readonly #memory: GuestMemory;
  readonly #readable: BufferList = new BufferList();
  readonly #writable: BufferList = new BufferList();
  /** What the driver gave to read. */
  readonly reader: ChainReader;
  /** Where the device may answer. */
  readonly writer: ChainWriter;
  /** Index of the first descriptor; the id of the used element. */
  head = 0;
  #sawWritable = false;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
    this.reader = new ChainReader(memory, this.#readable);
    this.writer = new ChainWriter(memory, this.#writable);
  }

  /** Buffers that fit without growing: how much this object holds on to. */
  get capacity(): number {
    return this.#readable.capacity + this.#writable.capacity;
  }

  /**
   * Walks the chain that starts at `head` of the descriptor table at `table` with `size` entries. At most `size` buffers and one
   * indirection: a loop ends as a chain that is too long. [virtio 1.2 §2.7.5.3.1]
   */
  load(table: number, size: number, head: number, indirectAllowed: boolean): ChainFault | undefined {
    const memory = this.#memory;
    this.#readable.clear();
    this.#writable.clear();
    this.#sawWritable = false;
    this.head = head;
    if (head >= size) return 'head-out-of-range';
    let base = table;
    let entries = size;
    let index = head;
    let indirect = false;
    for (let count = 0; ; ) {
      if (count === size) return 'chain-too-long';
      const at = base + DESCRIPTOR_SIZE * index;
      const low = memory.readU32(at);
      const high = memory.readU32(at + 4);
      const length = memory.readU32(at + 8);
      const flagsAndNext = memory.readU32(at + 12);
      const address = high < ADDRESS_HIGH_LIMIT ? high * 2 ** 32 + low : -1;
      if ((flagsAndNext & VIRTQ_DESC_F_INDIRECT) !== 0) {
        const fault = indirect ? 'indirect-nested' : this.#checkIndirect(address, length, flagsAndNext, indirectAllowed);
        if (fault !== undefined) return fault;
        // [virtio 1.2 §2.7.5.3.2] The write flag of a descriptor that refers to a table is ignored.
        indirect = true;
        base = address;
        entries = length / DESCRIPTOR_SIZE;
        index = 0;
        continue;
      }
      count++;
      const fault = this.#append(address, length, (flagsAndNext & VIRTQ_DESC_F_WRITE) !== 0);
      if (fault !== undefined) return fault;
      if ((flagsAndNext & VIRTQ_DESC_F_NEXT) === 0) return undefined;
      index = flagsAndNext >>> 16;
      if (index >= entries) return 'next-out-of-range';
    }
  }

  #checkIndirect(address: number, length: number, flags: number, allowed: boolean): ChainFault | undefined {
    if (!allowed) return 'indirect-not-negotiated';
    // [virtio 1.2 §2.7.5.3.1] INDIRECT and NEXT exclude one another.
    if ((flags & VIRTQ_DESC_F_NEXT) !== 0) return 'indirect-with-next';
    if (length === 0 || length % DESCRIPTOR_SIZE !== 0 || length / DESCRIPTOR_SIZE > MAX_INDIRECT_ENTRIES) return 'indirect-length';
    return this.#memory.contains(address, length) ? undefined : 'indirect-outside-memory';
  }

  #append(address: number, length: number, writable: boolean): ChainFault | undefined {
    // [virtio 1.2 §2.7.4.2] All readable descriptors come first.
    if (!writable && this.#sawWritable) return 'readable-after-writable';
    if (writable) this.#sawWritable = true;
    // An empty buffer names no byte, so its address means nothing.
    if (length === 0) return undefined;
    if (!this.#memory.contains(address, length)) return 'buffer-outside-memory';
    if (this.#readable.total + this.#writable.total + length > MAX_CHAIN_BYTES) return 'chain-too-large';
    (writable ? this.#writable : this.#readable).append(address, length);
    return undefined;
  }
}
