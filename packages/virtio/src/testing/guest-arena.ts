/** Where a test driver gets its memory from: addresses are given out upwards and never come back. */
import { ConfigurationError } from '@paravirt/bus';

export class GuestArena {
  readonly end: number;
  #next: number;

  /** Guest-physical addresses [start, end). */
  constructor(start: number, end: number) {
    this.#next = start;
    this.end = end;
  }

  /** First address of `size` bytes. @throws ConfigurationError `arena-full`. */
  allocate(size: number, alignment = 16): number {
    const address = Math.ceil(this.#next / alignment) * alignment;
    if (address + size > this.end) throw new ConfigurationError('arena-full', `no ${size} bytes left for the driver`, size);
    this.#next = address + size;
    return address;
  }
}
