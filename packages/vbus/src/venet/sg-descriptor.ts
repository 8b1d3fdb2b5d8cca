/**
 * struct venet_sg as a driver wrote it for transmission. [vbus PCI-2, venet SG] It is copied before anything of it is looked at, so what
 * the driver changes afterwards has no effect, and believed only after the checks of `parse`.
 */
import type { GuestMemory } from '@paravirt/bus';
import type { SharedRegion } from '../shared-region.ts';
import {
  GSO_TCPV4,
  GSO_TCPV6,
  MAX_FRAGMENTS,
  SG_FLAG_ECN,
  SG_FLAG_GSO,
  SG_FLAG_NEEDS_CSUM,
  SG_FLAGS_KNOWN,
  sgSize,
  VENET_IOV,
  VENET_SG,
} from './abi.ts';

/** A 64-bit field as a number; beyond 2^53 the value is not exact, but no less, so no memory contains it. */
export const u64 = (view: DataView, at: number): number => view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);

/** A packet as its driver describes it: where its bytes are, and the work that is left to do. */
export class PacketDescription {
  /** The driver's name for the packet, and the ring's. */
  cookie = 0n;
  number = 0;
  /** Sum of the fragments, in bytes. */
  length = 0;
  needsChecksum = false;
  checksumStart = 0;
  checksumOffset = 0;
  segmented = false;
  /** Bytes of payload in each segment. */
  segmentSize = 0;
  /** Undefined: a kind that does not exist here (UDP and all unknown). */
  kind: 'tcp4' | 'tcp6' | undefined = undefined;
  ecn = false;
  /** Fragments in use. */
  count = 0;
  /** Guest-physical. */
  readonly addresses: Float64Array = new Float64Array(MAX_FRAGMENTS);
  /** In bytes. */
  readonly lengths: Uint32Array = new Uint32Array(MAX_FRAGMENTS);

  /** A packet in one piece with nothing left to do. */
  describeFlat(address: number, length: number, cookie: bigint): void {
    this.cookie = cookie;
    this.length = length;
    this.needsChecksum = false;
    this.segmented = false;
    this.count = 1;
    this.addresses[0] = address;
    this.lengths[0] = length;
  }

  /** True if every fragment lies in memory. */
  within(memory: GuestMemory): boolean {
    for (let i = 0; i < this.count; i++) if (!memory.contains(this.addresses[i] ?? 0, this.lengths[i] ?? 0)) return false;
    return true;
  }

  /** Copies the packet's bytes to the start of `into`. The caller has checked `within`, and that `into` is long enough. */
  gather(memory: GuestMemory, into: Uint8Array): Uint8Array {
    let at = 0;
    for (let i = 0; i < this.count; i++) {
      const end = at + (this.lengths[i] ?? 0);
      memory.read(this.addresses[i] ?? 0, into.subarray(at, end));
      at = end;
    }
    return into.subarray(0, at);
  }
}

/** Reads descriptors from memory or from a pool. */
export class SgReader {
  readonly #bytes: Uint8Array = new Uint8Array(sgSize(MAX_FRAGMENTS));
  readonly #view: DataView = new DataView(this.#bytes.buffer);

  /** `address` is guest-physical. False, with at most a cookie of 0, unless the descriptor is whole and agrees with itself. */
  fromMemory(memory: GuestMemory, address: number, length: number, packet: PacketDescription): boolean {
    const bytes = this.#start(length, packet);
    if (bytes === undefined || !memory.contains(address, bytes.length)) return false;
    memory.read(address, bytes);
    return this.#parse(bytes.length, packet);
  }

  /** `offset` counts from the start of the pool of pre-mapped descriptors. */
  fromPool(pool: SharedRegion, offset: number, length: number, packet: PacketDescription): boolean {
    const bytes = this.#start(length, packet);
    if (bytes === undefined || !(offset + bytes.length <= pool.length)) return false;
    pool.read(offset, bytes);
    return this.#parse(bytes.length, packet);
  }

  /** Where a descriptor of `length` bytes is copied to; longer than the longest one is as long as that. */
  #start(length: number, packet: PacketDescription): Uint8Array | undefined {
    packet.cookie = 0n;
    packet.count = 0;
    packet.length = 0;
    return length >= sgSize(1) ? this.#bytes.subarray(0, Math.min(length, this.#bytes.length)) : undefined;
  }

  #parse(size: number, packet: PacketDescription): boolean {
    const view = this.#view;
    // Whatever else is wrong: the driver wants to be told which packet is done with.
    packet.cookie = view.getBigUint64(VENET_SG.offset.cookie, true);
    const flags = view.getUint32(VENET_SG.offset.flags, true);
    const count = view.getUint32(VENET_SG.offset.count, true);
    if ((flags & ~SG_FLAGS_KNOWN) !== 0 || count === 0 || count > MAX_FRAGMENTS || sgSize(count) > size) return false;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const at = VENET_SG.size + VENET_IOV.size * i;
      const length = view.getUint32(at + VENET_IOV.offset.len, true);
      packet.lengths[i] = length;
      packet.addresses[i] = u64(view, at + VENET_IOV.offset.ptr);
      sum += length;
    }
    packet.length = view.getUint32(VENET_SG.offset.len, true);
    if (sum !== packet.length) return false;
    packet.count = count;
    packet.needsChecksum = (flags & SG_FLAG_NEEDS_CSUM) !== 0;
    packet.checksumStart = view.getUint16(VENET_SG.offset.csumStart, true);
    packet.checksumOffset = view.getUint16(VENET_SG.offset.csumOffset, true);
    packet.segmented = (flags & SG_FLAG_GSO) !== 0;
    packet.ecn = (flags & SG_FLAG_ECN) !== 0;
    packet.segmentSize = view.getUint16(VENET_SG.offset.gsoSize, true);
    const type = view.getUint8(VENET_SG.offset.gsoType);
    packet.kind = type === GSO_TCPV4 ? 'tcp4' : type === GSO_TCPV6 ? 'tcp6' : undefined;
    return true;
  }
}
