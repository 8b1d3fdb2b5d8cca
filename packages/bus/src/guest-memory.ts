/**
 * Guest-physical memory. Devices get the narrow interface `GuestMemory`; the machine makes a `Ram`: one or more regions of guest-physical
 * addresses over one buffer (usually that of a WebAssembly.Memory which the CPU's engines share).
 *
 * Where the buffer is shared with other threads, an aligned access of 16 or 32 bits is one access: typed arrays do not tear, a DataView may.
 *
 * UNCHECKED: region arithmetic is checked once per access in #locate; after it the indices are within the buffer. Hosts are little-endian,
 * as linear memory is.
 */
import { ConfigurationError } from './errors.ts';

/** Addresses are guest-physical, values little-endian. Every access outside RAM throws RangeError: check with `contains` first. */
export interface GuestMemory {
  /** Bytes of RAM. */
  readonly size: number;
  /** True if [address, address + length) lies in one piece of RAM. False for negative, fractional or unsafe numbers. */
  contains(address: number, length: number): boolean;
  readU8(address: number): number;
  readU16(address: number): number;
  readU32(address: number): number;
  readU64(address: number): bigint;
  writeU8(address: number, value: number): void;
  writeU16(address: number, value: number): void;
  writeU32(address: number, value: number): void;
  writeU64(address: number, value: bigint): void;
  /** Fills `into` from memory. */
  read(address: number, into: Uint8Array): void;
  /** Copies `from` to memory; `from` is not kept. */
  write(address: number, from: Uint8Array): void;
}

export interface RamRegion {
  /** Guest-physical address of the first byte; a multiple of 4096. */
  readonly address: number;
  /** In bytes; a multiple of 4096. */
  readonly size: number;
  /** Where the region starts in the buffer; a multiple of 4096. */
  readonly offset: number;
}

const PAGE_SHIFT = 12;

export class Ram implements GuestMemory {
  readonly size: number;
  readonly regions: readonly RamRegion[];
  readonly buffer: ArrayBufferLike;
  readonly #bytes: Uint8Array;
  readonly #words: Uint16Array;
  readonly #longs: Uint32Array;
  readonly #view: DataView;
  /**
   * One byte for every page of the buffer: non-zero asks for `onWatchedWrite` when a write through this interface touches the page. The
   * CPU marks pages that hold decoded code. Indexed by buffer offset >> 12.
   */
  readonly watched: Uint8Array;
  /** `start` and `length` are buffer offsets of the bytes just written. */
  onWatchedWrite: ((start: number, length: number) => void) | undefined = undefined;

  /**
   * @param watched one byte for every page of the buffer, zero: for who wants it at a place of his own
   * @throws ConfigurationError `bad-region` for unaligned, overlapping or too large regions.
   */
  constructor(buffer: ArrayBufferLike, regions?: readonly RamRegion[], watched?: Uint8Array) {
    this.buffer = buffer;
    this.regions = [...(regions ?? [{ address: 0, size: buffer.byteLength, offset: 0 }])].sort((a, b) => a.address - b.address);
    let end = 0;
    for (const r of this.regions) {
      const aligned =
        [r.address, r.size, r.offset].every((n) => Number.isSafeInteger(n) && n >= 0) &&
        (regions === undefined || (r.address | r.size | r.offset) % 4096 === 0);
      if (!aligned || r.address < end || r.offset + r.size > buffer.byteLength)
        throw new ConfigurationError(
          'bad-region',
          `RAM region at 0x${r.address.toString(16)} is unaligned, overlaps or exceeds its buffer`,
          r,
        );
      end = r.address + r.size;
    }
    this.size = this.regions.reduce((sum, r) => sum + r.size, 0);
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint16Array(buffer, 0, buffer.byteLength >>> 1);
    this.#longs = new Uint32Array(buffer, 0, buffer.byteLength >>> 2);
    this.#view = new DataView(buffer);
    this.watched = watched ?? new Uint8Array(Math.ceil(buffer.byteLength / 4096));
  }

  contains(address: number, length: number): boolean {
    return this.offsetOf(address, length) >= 0;
  }

  /** Buffer offset of a guest-physical range, −1 if it is not wholly in one region. */
  offsetOf(address: number, length: number): number {
    if (!(length >= 0) || !Number.isInteger(address)) return -1;
    for (const r of this.regions) {
      if (address >= r.address && address + length <= r.address + r.size) return r.offset + (address - r.address);
    }
    return -1;
  }

  /** Guest-physical address of a buffer offset, −1 if it belongs to no region. */
  addressOf(offset: number): number {
    for (const r of this.regions) {
      if (offset >= r.offset && offset < r.offset + r.size) return r.address + (offset - r.offset);
    }
    return -1;
  }

  readU8(address: number): number {
    return this.#view.getUint8(this.#locate(address, 1));
  }

  readU16(address: number): number {
    const at = this.#locate(address, 2);
    return at % 2 === 0 ? (this.#words[at / 2] as number) : this.#view.getUint16(at, true);
  }

  readU32(address: number): number {
    const at = this.#locate(address, 4);
    return at % 4 === 0 ? (this.#longs[at / 4] as number) : this.#view.getUint32(at, true);
  }

  readU64(address: number): bigint {
    return this.#view.getBigUint64(this.#locate(address, 8), true);
  }

  writeU8(address: number, value: number): void {
    const at = this.#locate(address, 1);
    this.#view.setUint8(at, value);
    this.#wrote(at, 1);
  }

  writeU16(address: number, value: number): void {
    const at = this.#locate(address, 2);
    if (at % 2 === 0) this.#words[at / 2] = value;
    else this.#view.setUint16(at, value, true);
    this.#wrote(at, 2);
  }

  writeU32(address: number, value: number): void {
    const at = this.#locate(address, 4);
    if (at % 4 === 0) this.#longs[at / 4] = value;
    else this.#view.setUint32(at, value, true);
    this.#wrote(at, 4);
  }

  writeU64(address: number, value: bigint): void {
    const at = this.#locate(address, 8);
    this.#view.setBigUint64(at, value, true);
    this.#wrote(at, 8);
  }

  read(address: number, into: Uint8Array): void {
    const at = this.#locate(address, into.length);
    into.set(this.#bytes.subarray(at, at + into.length));
  }

  write(address: number, from: Uint8Array): void {
    const at = this.#locate(address, from.length);
    this.#bytes.set(from, at);
    this.#wrote(at, from.length);
  }

  #locate(address: number, length: number): number {
    const at = this.offsetOf(address, length);
    if (at < 0) throw new RangeError(`guest-physical 0x${address.toString(16)}, ${length} bytes, is not RAM`);
    return at;
  }

  #wrote(at: number, length: number): void {
    if (length === 0) return;
    const last = (at + length - 1) / 4096;
    for (let page = Math.floor(at / 2 ** PAGE_SHIFT); page <= last; page++) {
      if (this.watched[page] !== 0) {
        this.onWatchedWrite?.(at, length);
        return;
      }
    }
  }
}
