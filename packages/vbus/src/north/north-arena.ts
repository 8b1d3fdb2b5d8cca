/**
 * The north side's own memory and what of it is in use: first fit, neighbours joined when they are freed. Everything that is shared with
 * the host comes from here.
 */
import { ConfigurationError } from '@paravirt/bus';
import type { ClientMemory, SharedRegion } from '../shared-region.ts';

interface Hole {
  start: number;
  end: number;
}

export class NorthArena {
  readonly memory: ClientMemory;
  /** Sorted; no two touch. */
  readonly #holes: Hole[];
  readonly #sizes: Map<number, number> = new Map();

  /**
   * @param start address of the first byte to hand out; @param length in bytes
   * @throws ConfigurationError `bad-region` unless the range is memory.
   */
  constructor(memory: ClientMemory, start: number, length: number) {
    if (!memory.contains(start, length))
      throw new ConfigurationError('bad-region', `${length} bytes at 0x${start.toString(16)} are not memory`, start);
    this.memory = memory;
    this.#holes = [{ start, end: start + length }];
  }

  /** Bytes that are free, not necessarily in one piece. */
  get free(): number {
    return this.#holes.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  /** Address of `length` bytes, all zero; undefined if there is no such piece. `alignment` is a power of two, at least 8. */
  allocate(length: number, alignment = 64): number | undefined {
    const size = Math.ceil(Math.max(1, length) / 8) * 8;
    for (const [i, hole] of this.#holes.entries()) {
      const at = Math.ceil(hole.start / alignment) * alignment;
      if (at + size > hole.end) continue;
      const rest = [
        { start: hole.start, end: at },
        { start: at + size, end: hole.end },
      ].filter(({ start, end }) => end > start);
      this.#holes.splice(i, 1, ...rest);
      this.#sizes.set(at, size);
      this.memory.write(at, new Uint8Array(size));
      return at;
    }
    return undefined;
  }

  /** The same, mapped. */
  region(length: number, alignment?: number): SharedRegion | undefined {
    const at = this.allocate(length, alignment);
    return at === undefined ? undefined : this.memory.map(at, length);
  }

  /** Gives back what `allocate` gave. An address that it did not give, or that was given back, is ignored. */
  release(address: number): void {
    const size = this.#sizes.get(address);
    if (size === undefined) return;
    this.#sizes.delete(address);
    const freed: Hole = { start: address, end: address + size };
    const at = this.#holes.findIndex(({ start }) => start > address);
    this.#holes.splice(at < 0 ? this.#holes.length : at, 0, freed);
    for (let i = this.#holes.length - 2; i >= 0; i--) {
      const [one, next] = [this.#holes[i] as Hole, this.#holes[i + 1] as Hole];
      if (one.end !== next.start) continue;
      one.end = next.end;
      this.#holes.splice(i + 1, 1);
    }
  }
}
