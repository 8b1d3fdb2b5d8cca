/**
 * The driver's side of venet's TX ring. [vbus PCI-2, venet] Frames are copied into buffers of the client's memory; in scatter-gather mode
 * a venet_sg describes them. A buffer is used again when its slot is reaped, or with transmit completion when an event names it.
 */
import type { Ioq } from '../ioq.ts';
import type { IoqIterator } from '../ioq-iterator.ts';
import type { SharedRegion } from '../shared-region.ts';
import {
  GSO_TCPV4,
  GSO_TCPV6,
  MAX_FRAGMENTS,
  SG_FLAG_ECN,
  SG_FLAG_GSO,
  SG_FLAG_NEEDS_CSUM,
  sgSize,
  VENET_IOV,
  VENET_SG,
} from '../venet/abi.ts';
import type { DriverMemory } from './driver-device.ts';
import type { RingTeller } from './ring-teller.ts';

/** Work that is left to the device, and how the frame lies in memory. Scatter-gather only. */
export interface TransmitWork {
  readonly checksum?: { readonly start: number; readonly offset: number };
  readonly segmentation?: { readonly kind: 'tcp4' | 'tcp6'; readonly size: number; readonly ecn?: boolean };
  /** Lengths of the fragments; the last takes the rest. Default: one. */
  readonly split?: readonly number[];
}

export interface TransmitMode {
  readonly scatterGather: boolean;
  /** Pre-mapped descriptors. */
  readonly pool: SharedRegion | undefined;
  readonly completion: boolean;
  readonly teller: RingTeller;
}

/** A frame that the device is not done with. */
interface InFlight {
  readonly buffer: SharedRegion;
  /** In the trace. */
  readonly number: number;
  readonly length: number;
}

const SMALL = 2048;
const LARGE = 65536 + 64;

export class VenetTransmit {
  readonly ring: Ioq;
  readonly #memory: DriverMemory;
  readonly #mode: TransmitMode;
  /** Where frames are offered, and where done ones are reaped. */
  readonly #producer: IoqIterator;
  readonly #reaper: IoqIterator;
  readonly #smallBuffers: SharedRegion[] = [];
  readonly #largeBuffers: SharedRegion[] = [];
  readonly #descriptors: (SharedRegion | undefined)[] = [];
  /** Frames whose buffers the device may still read, by cookie. */
  readonly #inFlight: Map<bigint, InFlight> = new Map();
  #nextCookie = 1n;
  sent = 0;
  /** Frames that the device is done with. */
  completed = 0;

  constructor(memory: DriverMemory, ring: Ioq, mode: TransmitMode) {
    this.#memory = memory;
    this.ring = ring;
    this.#mode = mode;
    // With completion by event the ring's slots mean nothing but themselves: only inuse is used.
    this.#producer = ring.iterator(mode.completion ? 'inuse' : 'both');
    this.#producer.seek('tail');
    this.#reaper = ring.iterator('valid', { noFlipOwner: true });
    this.#reaper.seek('head');
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** The ring has room for a frame. */
  get hasRoom(): boolean {
    return this.#producer.isOwned;
  }

  /** Slots came back that were not reaped yet; never so where events tell. */
  get pending(): boolean {
    return !this.#mode.completion && this.#reaper.isReady && this.#reaper.valid;
  }

  /** Offers a frame without telling the device; false: the ring is full. */
  offer(frame: Uint8Array, work: TransmitWork = {}): boolean {
    this.reap();
    if (!this.#producer.isOwned) return false;
    const buffer = this.#take(frame.length);
    if (buffer === undefined) return false;
    buffer.write(0, frame);
    const cookie = this.#nextCookie++;
    if (!this.#mode.scatterGather) return this.#push(buffer.address, frame.length, cookie, buffer, frame.length);
    const descriptor = sgDescriptor(buffer.address, frame.length, cookie, work);
    const pointer = this.#place(descriptor);
    return pointer !== undefined && this.#push(pointer, descriptor.length, cookie, buffer, frame.length);
  }

  /** Offers anything at all as a descriptor of the ring. */
  offerRaw(pointer: number, length: number, cookie: bigint): boolean {
    return this.#push(pointer, length, cookie, undefined, length);
  }

  #push(pointer: number, length: number, cookie: bigint, buffer: SharedRegion | undefined, frameLength: number): boolean {
    const slot = this.#producer;
    if (!slot.isOwned) return false;
    slot.pointer = pointer;
    slot.length = length;
    slot.cookie = cookie;
    slot.valid = true;
    const { teller } = this.#mode;
    const number = teller.numberOf(this.sent);
    teller.posted(number, frameLength);
    if (!slot.push()) return false;
    if (buffer !== undefined) this.#inFlight.set(cookie, { buffer, number, length: frameLength });
    this.sent++;
    return true;
  }

  /** Takes back the slots that the device is done with, unless events tell. */
  reap(): void {
    if (this.#mode.completion) return;
    const slot = this.#reaper;
    while (this.pending) {
      const { cookie } = slot;
      slot.valid = false;
      if (!slot.pop()) return;
      this.complete(cookie);
    }
  }

  /** The device is done with a packet. False: it was with it before, or there was none of that name. */
  complete(cookie: bigint): boolean {
    this.completed++;
    const frame = this.#inFlight.get(cookie);
    if (frame === undefined) return false;
    const { buffer, number, length } = frame;
    this.#mode.teller.reaped(number, length);
    this.#inFlight.delete(cookie);
    (buffer.length === SMALL ? this.#smallBuffers : this.#largeBuffers).push(buffer);
    return true;
  }

  #take(length: number): SharedRegion | undefined {
    const small = length <= SMALL;
    return (small ? this.#smallBuffers : this.#largeBuffers).pop() ?? this.#memory(small ? SMALL : LARGE);
  }

  /** Puts the descriptor of the present slot where the device reads it: into the pool, or into memory of its own. What `ptr` says. */
  #place(bytes: Uint8Array): number | undefined {
    const { pool } = this.#mode;
    const { position } = this.#producer;
    if (pool !== undefined) {
      pool.write(position * SG_STRIDE, bytes);
      return position * SG_STRIDE;
    }
    const region = (this.#descriptors[position] ??= this.#memory(SG_STRIDE));
    region?.write(0, bytes);
    return region?.address;
  }
}

/** Bytes of each descriptor of a pool. */
export const SG_STRIDE: number = sgSize(MAX_FRAGMENTS);

/** A venet_sg. `length` bytes at `address`, in as many fragments as `split` says. */
export function sgDescriptor(address: number, length: number, cookie: bigint, work: TransmitWork = {}): Uint8Array {
  const { checksum, segmentation, split = [] } = work;
  const bytes = new Uint8Array(sgSize(split.length + 1));
  const view = new DataView(bytes.buffer);
  const { offset } = VENET_SG;
  const flags =
    (checksum === undefined ? 0 : SG_FLAG_NEEDS_CSUM) |
    (segmentation === undefined ? 0 : SG_FLAG_GSO) |
    (segmentation?.ecn === true ? SG_FLAG_ECN : 0);
  view.setBigUint64(offset.cookie, cookie, true);
  view.setUint32(offset.flags, flags, true);
  view.setUint32(offset.len, length, true);
  view.setUint16(offset.csumStart, checksum?.start ?? 0, true);
  view.setUint16(offset.csumOffset, checksum?.offset ?? 0, true);
  view.setUint8(offset.gsoType, segmentation?.kind === 'tcp6' ? GSO_TCPV6 : GSO_TCPV4);
  view.setUint16(offset.gsoSize, segmentation?.size ?? 0, true);
  view.setUint32(offset.count, split.length + 1, true);
  let at = 0;
  for (const [i, wanted] of [...split, length].entries()) {
    const count = Math.min(wanted, length - at);
    const iov = VENET_SG.size + VENET_IOV.size * i;
    view.setUint32(iov + VENET_IOV.offset.len, count, true);
    view.setBigUint64(iov + VENET_IOV.offset.ptr, BigInt(address + at), true);
    at += count;
  }
  return bytes;
}
