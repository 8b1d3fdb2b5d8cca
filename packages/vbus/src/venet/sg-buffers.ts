/**
 * Filling of receive buffers that are described by a venet_sg. [vbus PCI-2, venet L4RO] The guest names a descriptor in its pool, with one
 * fragment of memory; the device fills that, goes on in lent pages, and writes back what there is: fragments, length, and the work left.
 */
import type { GuestMemory } from '@paravirt/bus';
import type { SharedRegion } from '../shared-region.ts';
import { GSO_TCPV4, GSO_TCPV6, MAX_FRAGMENTS, SG_FLAG_ECN, SG_FLAG_GSO, SG_FLAG_NEEDS_CSUM, sgSize, VENET_IOV, VENET_SG } from './abi.ts';
import type { PageSupply } from './page-supply.ts';

/** Work on a frame that the guest does. */
export interface LeftToGuest {
  readonly checksum?: { readonly start: number; readonly offset: number };
  /** Only together with `checksum`. `headerLength`: bytes before the TCP payload; `ecn`: the first segment says CWR. */
  readonly segmentation?: {
    readonly kind: 'tcp4' | 'tcp6';
    readonly size: number;
    readonly ecn: boolean;
    readonly headerLength: number;
  };
}

export const NOTHING_LEFT: LeftToGuest = {};

export class SgBuffers {
  readonly #pool: SharedRegion;
  readonly #pages: PageSupply;
  readonly #memory: GuestMemory;

  constructor(pool: SharedRegion, pages: PageSupply, memory: GuestMemory) {
    this.#pool = pool;
    this.#pages = pages;
    this.#memory = memory;
  }

  /**
   * Puts a frame into the descriptor at `offset` of the pool, which has room for `size` bytes of descriptor. Gives the bytes of the
   * descriptor that are used; `bad`: the descriptor or its memory does not exist; `too-long`: there are not enough pages or no room for
   * more fragments, and nothing was changed.
   */
  fill(offset: number, size: number, frame: Uint8Array, left: LeftToGuest): number | 'bad' | 'too-long' {
    const pool = this.#pool;
    if (!(size >= sgSize(1) && offset + size <= pool.length)) return 'bad';
    // Read once: the guest may change it at any time.
    const first = Math.min(pool.readU32(offset + VENET_SG.size + VENET_IOV.offset.len), frame.length);
    const address = Number(pool.readU64(offset + VENET_SG.size + VENET_IOV.offset.ptr));
    if (first === 0 || !this.#memory.contains(address, first)) return 'bad';
    const mostPages = Math.min(MAX_FRAGMENTS, Math.floor((size - VENET_SG.size) / VENET_IOV.size)) - 1;
    const pages = this.#pages.take(frame.length - first, mostPages);
    if (pages === undefined) return 'too-long';
    this.#memory.write(address, frame.subarray(0, first));
    pool.writeU32(offset + VENET_SG.size + VENET_IOV.offset.len, first);
    let at = first;
    let iov = offset + VENET_SG.size;
    for (const page of pages) {
      const end = Math.min(frame.length, at + page.size);
      this.#memory.write(page.address, frame.subarray(at, end));
      iov += VENET_IOV.size;
      pool.writeU32(iov + VENET_IOV.offset.len, end - at);
      pool.writeU64(iov + VENET_IOV.offset.ptr, page.cookie);
      at = end;
    }
    this.#describe(offset, frame.length, 1 + pages.length, left);
    return sgSize(1 + pages.length);
  }

  #describe(offset: number, length: number, count: number, { checksum, segmentation }: LeftToGuest): void {
    const pool = this.#pool;
    const flags =
      (checksum === undefined ? 0 : SG_FLAG_NEEDS_CSUM) |
      (segmentation === undefined ? 0 : SG_FLAG_GSO) |
      (segmentation?.ecn === true ? SG_FLAG_ECN : 0);
    pool.writeU32(offset + VENET_SG.offset.flags, flags);
    pool.writeU32(offset + VENET_SG.offset.len, length);
    pool.writeU16(offset + VENET_SG.offset.csumStart, checksum?.start ?? 0);
    pool.writeU16(offset + VENET_SG.offset.csumOffset, checksum?.offset ?? 0);
    pool.writeU8(offset + VENET_SG.offset.gsoType, segmentation?.kind === 'tcp6' ? GSO_TCPV6 : GSO_TCPV4);
    pool.writeU16(offset + VENET_SG.offset.gsoHdrlen, segmentation?.headerLength ?? 0);
    pool.writeU16(offset + VENET_SG.offset.gsoSize, segmentation?.size ?? 0);
    pool.writeU32(offset + VENET_SG.offset.count, count);
  }
}
