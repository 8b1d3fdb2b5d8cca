/**
 * The memory of whoever has the device open, as its rings reach it. The client may be a guest in this thread or another thread: then the
 * 16-bit words of the rings (indices, flags, event indices) are words that both sides race over, and reading `avail.idx` after writing
 * `avail_event` must not be seen the other way round [virtio 1.2 §2.7.10.2]. They are reached here by the sequentially consistent accesses
 * of the queue's shared region; everything else is plain, and ordered by them.
 *
 * While nobody has the device open there is no memory: `contains` is false, reads give all ones, writes are lost.
 */
import type { GuestMemory } from '@paravirt/bus';
import type { ClientMemory, SharedRegion } from '@paravirt/vbus';

export class VbusMemory implements GuestMemory {
  #memory: ClientMemory | undefined = undefined;
  readonly #rings: SharedRegion[] = [];
  /** The one that was looked up last. */
  #last: SharedRegion | undefined = undefined;

  connect(memory: ClientMemory): void {
    this.#memory = memory;
  }

  /** Memory of a queue, until `disconnect`. */
  addRing(region: SharedRegion): void {
    this.#rings.push(region);
  }

  disconnect(): void {
    this.#memory = undefined;
    this.#rings.length = 0;
    this.#last = undefined;
  }

  /** Bytes of memory, 0 while disconnected. */
  get size(): number {
    return this.#memory?.size ?? 0;
  }

  contains(address: number, length: number): boolean {
    return this.#memory?.contains(address, length) ?? false;
  }

  readU16(address: number): number {
    const ring = this.#ringAt(address);
    if (ring === undefined) return this.#memory?.readU16(address) ?? 0xffff;
    const offset = address - ring.address;
    return (ring.loadU32(offset - (address & 2)) >>> (8 * (address & 2))) & 0xffff;
  }

  /** The other half of a ring's word is this side's own as well: `flags` and `idx` share one, `avail_event` has one to itself. */
  writeU16(address: number, value: number): void {
    const ring = this.#ringAt(address);
    if (ring === undefined) {
      this.#memory?.writeU16(address, value);
      return;
    }
    const shift = 8 * (address & 2);
    const offset = address - ring.address - (address & 2);
    ring.storeU32(offset, ((ring.readU32(offset) & ~(0xffff << shift)) | ((value & 0xffff) << shift)) >>> 0);
  }

  readU8(address: number): number {
    return this.#memory?.readU8(address) ?? 0xff;
  }

  readU32(address: number): number {
    return this.#memory?.readU32(address) ?? 0xffff_ffff;
  }

  readU64(address: number): bigint {
    return this.#memory?.readU64(address) ?? 0xffff_ffff_ffff_ffffn;
  }

  writeU8(address: number, value: number): void {
    this.#memory?.writeU8(address, value);
  }

  writeU32(address: number, value: number): void {
    this.#memory?.writeU32(address, value);
  }

  writeU64(address: number, value: bigint): void {
    this.#memory?.writeU64(address, value);
  }

  read(address: number, into: Uint8Array): void {
    if (this.#memory === undefined) into.fill(0xff);
    else this.#memory.read(address, into);
  }

  write(address: number, from: Uint8Array): void {
    this.#memory?.write(address, from);
  }

  /** The ring whose memory holds the whole aligned word around an even address. */
  #ringAt(address: number): SharedRegion | undefined {
    const last = this.#last;
    if (last !== undefined && holds(last, address)) return last;
    const found = this.#rings.find((ring) => holds(ring, address));
    if (found !== undefined) this.#last = found;
    return found;
  }
}

function holds(region: SharedRegion, address: number): boolean {
  const word = address - (address & 3);
  return (address & 1) === 0 && word >= region.address && word + 4 <= region.address + region.length;
}
