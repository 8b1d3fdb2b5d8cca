/**
 * Memory that both sides of the bus use for long ("shm"). It belongs to the north side; the south side maps it once, with its bounds
 * checked then, and works on it until it is closed. Two kinds: memory of a guest in this thread, and a buffer shared with another thread.
 *
 * Plain accesses may be reordered by engine and processor as seen from another thread. What orders them are the `load…` and `store…`
 * accesses, which are sequentially consistent (a full barrier in the words of 2009): every word over which the two sides race is reached
 * through those alone, and what was written before a store is seen after the load that sees it.
 *
 * UNCHECKED: offsets are the caller's duty: [offset, offset + width) lies within `length`.
 */
import { ConfigurationError, type GuestMemory, Ram } from '@paravirt/bus';

/** Offsets are in bytes from the start of the region; values are unsigned and little-endian. */
export interface SharedRegion {
  /** In bytes. */
  readonly length: number;
  /** Of the first byte, in the client's address space: guest-physical where the client is a guest. */
  readonly address: number;
  readU8(offset: number): number;
  readU16(offset: number): number;
  readU32(offset: number): number;
  readU64(offset: number): bigint;
  writeU8(offset: number, value: number): void;
  writeU16(offset: number, value: number): void;
  writeU32(offset: number, value: number): void;
  writeU64(offset: number, value: bigint): void;
  /** Fills `into`. */
  read(offset: number, into: Uint8Array): void;
  /** Copies `from`, which is not kept. */
  write(offset: number, from: Uint8Array): void;
  /** Sequentially consistent. */
  loadU8(offset: number): number;
  storeU8(offset: number, value: number): void;
  /** Sequentially consistent where `address + offset` is a multiple of 4, plain otherwise. */
  loadU32(offset: number): number;
  storeU32(offset: number, value: number): void;
}

/** The client's memory as the host may reach it (the "memctx" of 2009). */
export interface ClientMemory extends GuestMemory {
  /** A range for long use; undefined unless it lies in one piece of memory. */
  map(address: number, length: number): SharedRegion | undefined;
}

/** A range of a guest's memory, reached in the guest's own thread, where every access is in program order. */
export class MemoryRegion implements SharedRegion {
  readonly address: number;
  readonly length: number;
  readonly #memory: GuestMemory;

  /** @throws ConfigurationError `bad-region`: check with `contains` first. */
  constructor(memory: GuestMemory, address: number, length: number) {
    if (!memory.contains(address, length))
      throw new ConfigurationError('bad-region', `${length} bytes at 0x${address.toString(16)} are not memory`, address);
    this.#memory = memory;
    this.address = address;
    this.length = length;
  }

  readU8(offset: number): number {
    return this.#memory.readU8(this.address + offset);
  }

  readU16(offset: number): number {
    return this.#memory.readU16(this.address + offset);
  }

  readU32(offset: number): number {
    return this.#memory.readU32(this.address + offset);
  }

  readU64(offset: number): bigint {
    return this.#memory.readU64(this.address + offset);
  }

  writeU8(offset: number, value: number): void {
    this.#memory.writeU8(this.address + offset, value);
  }

  writeU16(offset: number, value: number): void {
    this.#memory.writeU16(this.address + offset, value);
  }

  writeU32(offset: number, value: number): void {
    this.#memory.writeU32(this.address + offset, value);
  }

  writeU64(offset: number, value: bigint): void {
    this.#memory.writeU64(this.address + offset, value);
  }

  read(offset: number, into: Uint8Array): void {
    this.#memory.read(this.address + offset, into);
  }

  write(offset: number, from: Uint8Array): void {
    this.#memory.write(this.address + offset, from);
  }

  loadU8(offset: number): number {
    return this.#memory.readU8(this.address + offset);
  }

  storeU8(offset: number, value: number): void {
    this.#memory.writeU8(this.address + offset, value);
  }

  loadU32(offset: number): number {
    return this.#memory.readU32(this.address + offset);
  }

  storeU32(offset: number, value: number): void {
    this.#memory.writeU32(this.address + offset, value);
  }
}

/** A range of a buffer; of a SharedArrayBuffer, if the other side is another thread. */
export class BufferRegion implements SharedRegion {
  readonly address: number;
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** The whole buffer as words; those of the region start at `#offset`. */
  readonly #words: Int32Array;
  readonly #offset: number;

  /**
   * @param offset of the first byte in the buffer
   * @param address the client's name for the first byte. Default: `offset`.
   * @throws ConfigurationError `bad-region` for a range outside the buffer.
   */
  constructor(buffer: ArrayBufferLike, offset = 0, length: number = buffer.byteLength - offset, address: number = offset) {
    if (!Number.isInteger(offset) || !Number.isInteger(length) || offset < 0 || length < 0 || offset + length > buffer.byteLength)
      throw new ConfigurationError('bad-region', `${length} bytes at ${offset} are not within ${buffer.byteLength}`, offset);
    this.address = address;
    this.length = length;
    this.#bytes = new Uint8Array(buffer, offset, length);
    this.#view = new DataView(buffer, offset, length);
    this.#words = new Int32Array(buffer, 0, Math.floor(buffer.byteLength / 4));
    this.#offset = offset;
  }

  readU8(offset: number): number {
    return this.#view.getUint8(offset);
  }

  readU16(offset: number): number {
    return this.#view.getUint16(offset, true);
  }

  readU32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  readU64(offset: number): bigint {
    return this.#view.getBigUint64(offset, true);
  }

  writeU8(offset: number, value: number): void {
    this.#view.setUint8(offset, value);
  }

  writeU16(offset: number, value: number): void {
    this.#view.setUint16(offset, value, true);
  }

  writeU32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true);
  }

  writeU64(offset: number, value: bigint): void {
    this.#view.setBigUint64(offset, value, true);
  }

  read(offset: number, into: Uint8Array): void {
    into.set(this.#bytes.subarray(offset, offset + into.length));
  }

  write(offset: number, from: Uint8Array): void {
    this.#bytes.set(from, offset);
  }

  loadU8(offset: number): number {
    return Atomics.load(this.#bytes, offset);
  }

  storeU8(offset: number, value: number): void {
    Atomics.store(this.#bytes, offset, value);
  }

  loadU32(offset: number): number {
    const at = this.#offset + offset;
    return (at & 3) === 0 ? Atomics.load(this.#words, at / 4) >>> 0 : this.readU32(offset);
  }

  storeU32(offset: number, value: number): void {
    const at = this.#offset + offset;
    if ((at & 3) === 0) Atomics.store(this.#words, at / 4, value | 0);
    else this.writeU32(offset, value);
  }
}

/** Any guest memory as a client's: ranges are mapped by address, and every access goes through the memory behind. */
export class MappedMemory implements ClientMemory {
  readonly #memory: GuestMemory;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  get size(): number {
    return this.#memory.size;
  }

  map(address: number, length: number): SharedRegion | undefined {
    return this.contains(address, length) ? new MemoryRegion(this.#memory, address, length) : undefined;
  }

  contains(address: number, length: number): boolean {
    return this.#memory.contains(address, length);
  }

  readU8(address: number): number {
    return this.#memory.readU8(address);
  }

  readU16(address: number): number {
    return this.#memory.readU16(address);
  }

  readU32(address: number): number {
    return this.#memory.readU32(address);
  }

  readU64(address: number): bigint {
    return this.#memory.readU64(address);
  }

  writeU8(address: number, value: number): void {
    this.#memory.writeU8(address, value);
  }

  writeU16(address: number, value: number): void {
    this.#memory.writeU16(address, value);
  }

  writeU32(address: number, value: number): void {
    this.#memory.writeU32(address, value);
  }

  writeU64(address: number, value: bigint): void {
    this.#memory.writeU64(address, value);
  }

  read(address: number, into: Uint8Array): void {
    this.#memory.read(address, into);
  }

  write(address: number, from: Uint8Array): void {
    this.#memory.write(address, from);
  }
}

/** A buffer as a client's memory: addresses are offsets in it. For a client in another thread the buffer is a SharedArrayBuffer. */
export class BufferMemory extends Ram implements ClientMemory {
  constructor(buffer: ArrayBufferLike) {
    super(buffer);
  }

  map(address: number, length: number): SharedRegion | undefined {
    return this.contains(address, length) ? new BufferRegion(this.buffer, address, length) : undefined;
  }
}
