/**
 * Base address registers [PCI 3.0 §6.2.5.1]: what a guest reads and writes while it sizes and places a range, and the range itself as an
 * overlay in the machine's memory or I/O space while the command register lets the function decode it.
 *
 * A guest sizes a register by writing all ones and reading back which bits stuck. If decoding is on meanwhile, the range would lie at the
 * very top of the space, over whatever the machine has there: an all-ones value is therefore never mapped.
 */
import { type AddressSpace, ALL_ONES, ConfigurationError, type IoHandler, type Mapping, type Width } from '@paravirt/bus';

export type BarKind = 'io' | 'memory32' | 'memory64';

export interface BarSpec {
  /** Number of the register, 0 to 5; a `memory64` takes the following one too. */
  readonly index: number;
  readonly kind: BarKind;
  /** In bytes, a power of two: 4 to 256 for I/O, 16 to 2^31 for 32-bit memory, 16 to 2^51 for 64-bit memory. */
  readonly size: number;
  /** Memory only: reads have no side effects and writes may be merged. Default false. */
  readonly prefetchable?: boolean;
  /** Answers accesses, with offsets from the start of the range. Default: reads zero, ignores writes. */
  readonly handler?: IoHandler;
}

/** [PCI 3.0 Figures 6-5 and 6-6] */
export const BAR_IO_SPACE = 0x1;
export const BAR_MEMORY_64 = 0x4;
export const BAR_PREFETCHABLE = 0x8;

const NOTHING: IoHandler = { read: () => 0, write: () => undefined };

export class Bar {
  readonly index: number;
  readonly kind: BarKind;
  /** In bytes. */
  readonly size: number;
  readonly prefetchable: boolean;
  /** Answers accesses to the range. */
  readonly handler: IoHandler;
  /** Low bits that say what kind of range this is. */
  readonly #attributes: number;
  readonly #lowMask: number;
  readonly #highMask: number;
  #low = 0;
  #high = 0;
  #mapping: Mapping | undefined = undefined;
  #space: AddressSpace | undefined = undefined;

  /** @throws ConfigurationError `bad-bar`. */
  constructor(spec: BarSpec) {
    const { index, kind, size, prefetchable = false } = spec;
    const last = kind === 'memory64' ? 4 : 5;
    if (!Number.isInteger(index) || index < 0 || index > last)
      throw new ConfigurationError('bad-bar', `BAR index ${index} of a ${kind} range is not within 0 to ${last}`, index);
    const [least, most] = LIMITS[kind];
    if (!Number.isInteger(Math.log2(size)) || size < least || size > most)
      throw new ConfigurationError('bad-bar', `BAR ${index}: size ${size} is not a power of two within ${least} to ${most}`, size);
    if (prefetchable && kind === 'io') throw new ConfigurationError('bad-bar', `BAR ${index}: I/O cannot be prefetchable`, spec);
    this.index = index;
    this.kind = kind;
    this.size = size;
    this.prefetchable = prefetchable;
    this.handler = spec.handler ?? NOTHING;
    this.#attributes = kind === 'io' ? BAR_IO_SPACE : (kind === 'memory64' ? BAR_MEMORY_64 : 0) | (prefetchable ? BAR_PREFETCHABLE : 0);
    this.#lowMask = size >= 2 ** 32 ? 0 : 2 ** 32 - size;
    this.#highMask = kind !== 'memory64' ? 0 : 2 ** 32 - Math.max(1, size / 2 ** 32);
  }

  /** Number of registers, 1 or 2. */
  get registers(): number {
    return this.kind === 'memory64' ? 2 : 1;
  }

  /** Address that the guest has written, exact below 2^53. */
  get address(): number {
    return this.#high * 2 ** 32 + this.#low;
  }

  /** Where the range is decoded now, undefined if it is not. */
  get mapping(): Mapping | undefined {
    return this.#mapping;
  }

  /** Value of the register; `half` 1 is the upper one of a 64-bit range. */
  readRegister(half: 0 | 1): number {
    return half === 1 ? this.#high : this.#low + this.#attributes;
  }

  /** Stores the address bits of a 32-bit value; a range that is decoded follows at once. */
  writeRegister(half: 0 | 1, value: number, name: string): void {
    if (half === 1) this.#high = (value & this.#highMask) >>> 0;
    else this.#low = (value & this.#lowMask) >>> 0;
    this.#place(name);
  }

  /** Decodes the range in `space`, or nowhere. `name` is for people. */
  decode(space: AddressSpace | undefined, name: string): void {
    this.#space = space;
    this.#place(name);
  }

  /** Address zero, not decoded. */
  reset(): void {
    this.#low = 0;
    this.#high = 0;
    this.decode(undefined, '');
  }

  /** Reads through the range as if it were decoded; beyond its end all ones. */
  read(offset: number, width: Width): number {
    return offset >= 0 && offset + width <= this.size ? this.handler.read(offset, width) : ALL_ONES[width];
  }

  /** Writes through the range as if it were decoded; beyond its end the write is lost. */
  write(offset: number, width: Width, value: number): void {
    if (offset >= 0 && offset + width <= this.size) this.handler.write(offset, width, value);
  }

  #place(name: string): void {
    const wanted = this.#space !== undefined && this.#isAddress() ? this.address : undefined;
    if (wanted === this.#mapping?.base) return;
    this.#mapping?.unmap();
    this.#mapping = wanted === undefined ? undefined : this.#space?.overlay(name, wanted, this.size, this.handler);
  }

  /** False while the register holds the all ones of a guest that is sizing it. */
  #isAddress(): boolean {
    if (this.#high === 0) return this.#lowMask === 0 || this.#low !== this.#lowMask;
    return this.#high !== this.#highMask && this.#high < 2 ** 20;
  }
}

/** Least and greatest size in bytes. [PCI 3.0 §6.2.5.1] */
const LIMITS: Readonly<Record<BarKind, readonly [number, number]>> = {
  io: [4, 256],
  memory32: [16, 2 ** 31],
  memory64: [16, 2 ** 51],
};
