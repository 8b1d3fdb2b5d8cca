/**
 * The driver's side of venet's RX ring, and with L4RO of its page queue. [vbus PCI-2, venet] Every slot has one buffer, for good; a frame
 * is copied out of it, and the slot is given back.
 */
import type { Ioq } from '../ioq.ts';
import type { IoqIterator } from '../ioq-iterator.ts';
import type { SharedRegion } from '../shared-region.ts';
import { GSO_TCPV6, MAX_FRAGMENTS, SG_FLAG_ECN, SG_FLAG_GSO, SG_FLAG_NEEDS_CSUM, sgSize, VENET_IOV, VENET_SG } from '../venet/abi.ts';
import type { DriverMemory } from './driver-device.ts';
import type { RingTeller } from './ring-teller.ts';
import { SG_STRIDE } from './venet-transmit.ts';

/** A frame as the device delivered it. */
export interface ReceivedFrame {
  readonly frame: Uint8Array;
  /** Work that the device left. */
  readonly checksum?: { readonly start: number; readonly offset: number };
  readonly segmentation?: { readonly kind: 'tcp4' | 'tcp6'; readonly size: number; readonly ecn: boolean; readonly headerLength: number };
  /** Pages behind the buffer of the slot. */
  readonly pages: number;
}

const PAGE = 4096;

/** The pages that the driver lends; each has a number, which is its cookie. */
export class VenetPages {
  readonly ring: Ioq;
  readonly #pages: SharedRegion[] = [];
  readonly #free: number[] = [];
  readonly #producer: IoqIterator;
  readonly #reaper: IoqIterator;

  /** As many pages as the ring has slots and half as many again, or what memory gives. */
  constructor(memory: DriverMemory, ring: Ioq) {
    this.ring = ring;
    this.#producer = ring.iterator('both');
    this.#producer.seek('tail');
    this.#reaper = ring.iterator('valid', { noFlipOwner: true });
    this.#reaper.seek('head');
    for (let i = 0; i < ring.count + (ring.count >> 1); i++) {
      const page = memory(PAGE);
      if (page === undefined) break;
      this.#free.push(this.#pages.push(page) - 1);
    }
  }

  /** Pages that the driver has at hand. */
  get free(): number {
    return this.#free.length;
  }

  /** Puts free pages on the queue; at most `most`. */
  post(most: number = this.ring.count): void {
    while (this.#reaper.isReady && this.#reaper.valid) {
      this.#reaper.valid = false;
      if (!this.#reaper.pop()) break;
    }
    for (let left = most; left > 0 && this.#producer.isOwned; left--) {
      const number = this.#free.pop();
      if (number === undefined) return;
      this.#producer.pointer = this.#pages[number]?.address ?? 0;
      this.#producer.length = PAGE;
      this.#producer.cookie = BigInt(number);
      this.#producer.valid = true;
      if (!this.#producer.push()) return;
    }
  }

  /** The first bytes of the page that the device names; the page is free again. Undefined: there is no such page. */
  take(cookie: bigint, length: number): Uint8Array | undefined {
    const number = Number(cookie);
    const page = this.#pages[number];
    if (page === undefined || length > PAGE) return undefined;
    const bytes = new Uint8Array(length);
    page.read(0, bytes);
    this.#free.push(number);
    return bytes;
  }
}

export interface ReceiveMode {
  /** Of each buffer, in bytes. */
  readonly bufferSize: number;
  /** With L4RO: the pool and the pages. */
  readonly pool: SharedRegion | undefined;
  readonly pages: VenetPages | undefined;
  readonly teller: RingTeller;
}

export class VenetReceive {
  readonly ring: Ioq;
  readonly #mode: ReceiveMode;
  readonly #buffers: SharedRegion[] = [];
  readonly #poster: IoqIterator;
  readonly #consumer: IoqIterator;
  /** Slots that came back empty. */
  flushed = 0;
  /** Slots that were posted for the first time, and taken, so far. */
  #posted = 0;
  #taken = 0;

  /** Takes memory for all slots; none is posted yet. */
  constructor(memory: DriverMemory, ring: Ioq, mode: ReceiveMode) {
    this.ring = ring;
    this.#mode = mode;
    this.#poster = ring.iterator('valid');
    this.#consumer = ring.iterator('inuse');
    this.#consumer.seek('head');
    for (let i = 0; i < ring.count; i++) {
      const buffer = memory(mode.bufferSize);
      if (buffer !== undefined) this.#buffers.push(buffer);
    }
  }

  /** With L4RO: the descriptors that the slots name, SG_STRIDE bytes apart. */
  get pool(): SharedRegion | undefined {
    return this.#mode.pool;
  }

  /** There is something to take. */
  get pending(): boolean {
    return this.#consumer.isReady;
  }

  /** Posts slots that never were. */
  post(count: number = this.#buffers.length): void {
    const { teller, bufferSize, pages } = this.#mode;
    pages?.post();
    this.#poster.seek('tail');
    for (let left = Math.min(count, this.ring.valid.room); left > 0 && this.#poster.isOwned; left--) {
      this.#fill(this.#poster);
      this.#poster.valid = true;
      teller.posted(teller.numberOf(this.#posted), bufferSize);
      if (!this.#poster.push()) return;
      this.#posted++;
    }
  }

  /** Takes one frame and gives its slot back; undefined if there is none. The device is not told. */
  take(): ReceivedFrame | undefined {
    const slot = this.#consumer;
    const { teller, bufferSize } = this.#mode;
    while (slot.isReady) {
      const frame = slot.length === 0 ? undefined : this.#read(slot);
      if (frame === undefined) this.flushed++;
      teller.reaped(teller.numberOf(this.#taken), frame?.frame.length ?? 0);
      this.#fill(slot);
      // The slot is posted again for the next round.
      teller.posted(teller.numberOf(this.#taken + this.ring.count), bufferSize);
      if (!slot.pop()) return undefined;
      this.#taken++;
      this.#mode.pages?.post();
      if (frame !== undefined) return frame;
    }
    return undefined;
  }

  /** Writes the slot's buffer into it. */
  #fill(slot: IoqIterator): void {
    const { position } = slot;
    const { pool, bufferSize } = this.#mode;
    const address = this.#buffers[position]?.address ?? 0;
    if (pool === undefined) {
      slot.pointer = address;
      slot.length = bufferSize;
      return;
    }
    const at = position * SG_STRIDE;
    pool.writeU32(at + VENET_SG.offset.count, 1);
    pool.writeU32(at + VENET_SG.size + VENET_IOV.offset.len, bufferSize);
    pool.writeU64(at + VENET_SG.size + VENET_IOV.offset.ptr, BigInt(address));
    slot.pointer = at;
    slot.length = SG_STRIDE;
  }

  #read(slot: IoqIterator): ReceivedFrame | undefined {
    const { pool, pages } = this.#mode;
    const buffer = this.#buffers[slot.position];
    if (pool !== undefined && pages !== undefined) return this.#readLarge(slot, pool, pages, buffer);
    if (buffer === undefined || slot.length > buffer.length) return undefined;
    const frame = new Uint8Array(slot.length);
    buffer.read(0, frame);
    return { frame, pages: 0 };
  }

  #readLarge(slot: IoqIterator, pool: SharedRegion, pages: VenetPages, buffer: SharedRegion | undefined): ReceivedFrame | undefined {
    const at = slot.position * SG_STRIDE;
    const { offset } = VENET_SG;
    const count = pool.readU32(at + offset.count);
    if (buffer === undefined || count < 1 || count > MAX_FRAGMENTS || slot.length !== sgSize(count)) return undefined;
    const frame = new Uint8Array(pool.readU32(at + offset.len));
    let end = 0;
    for (let i = 0; i < count; i++) {
      const iov = at + VENET_SG.size + VENET_IOV.size * i;
      const length = pool.readU32(iov + VENET_IOV.offset.len);
      const bytes = i === 0 ? new Uint8Array(length) : pages.take(pool.readU64(iov + VENET_IOV.offset.ptr), length);
      if (bytes === undefined || end + length > frame.length) return undefined;
      if (i === 0) buffer.read(0, bytes);
      frame.set(bytes, end);
      end += length;
    }
    if (end !== frame.length) return undefined;
    const flags = pool.readU32(at + offset.flags);
    const checksum = { start: pool.readU16(at + offset.csumStart), offset: pool.readU16(at + offset.csumOffset) };
    const segmentation = {
      kind: pool.readU8(at + offset.gsoType) === GSO_TCPV6 ? ('tcp6' as const) : ('tcp4' as const),
      size: pool.readU16(at + offset.gsoSize),
      ecn: (flags & SG_FLAG_ECN) !== 0,
      headerLength: pool.readU16(at + offset.gsoHdrlen),
    };
    return {
      frame,
      pages: count - 1,
      ...((flags & SG_FLAG_NEEDS_CSUM) === 0 ? {} : { checksum }),
      ...((flags & SG_FLAG_GSO) === 0 ? {} : { segmentation }),
    };
  }
}
