/**
 * A device as its driver holds it, over whatever wire: what the drivers for tests and measurements need, and no more. `NorthDevice` is one
 * (with the session's arena), `DirectDevice` is one without any bus.
 */
import type { Ioq } from '../ioq.ts';
import type { SharedRegion } from '../shared-region.ts';

export interface DriverDevice {
  /** DEVCALL; `data` goes there and back. ≥ 0, or −errno. */
  call(func: number, data?: Uint8Array): number;
  /** DEVSHM of `length` bytes without a doorbell: the memory, or −errno. */
  shm(id: number, length: number): SharedRegion | number;
  /** DEVSHM of a fresh ring; its `signal` is the north side of its doorbell. The ring, or −errno. */
  ioq(id: number, count: number): Ioq | number;
  /** DEVCLOSE: 0, or −errno. */
  close(): number;
}

/** Memory of the client that nobody else uses, aligned to 16 bytes; undefined if there is none left. */
export type DriverMemory = (length: number) => SharedRegion | undefined;
