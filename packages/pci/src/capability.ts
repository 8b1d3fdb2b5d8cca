/**
 * The capability list [PCI 3.0 §6.7]: blocks in configuration space above the header, each starting with its ID and a pointer to the next.
 * A capability here says what its bytes are and do; where it lies and what it points to is decided once, by `placeCapabilities`.
 */
import { ConfigurationError, type IoHandler, type RegisterFile, type Width } from '@paravirt/bus';

/** [PCI 3.0 Appendix H] */
export const CAPABILITY_MSI = 0x05;
export const CAPABILITY_VENDOR_SPECIFIC = 0x09;
export const CAPABILITY_MSIX = 0x11;

/** First and one past the last offset at which a capability may lie. [PCI 3.0 §6.7] */
export const CAPABILITIES_START = 0x40;
export const CAPABILITIES_END = 0x100;

export interface Capability {
  /** Capability ID, 0 to FFh. */
  readonly id: number;
  /** For people: "MSI-X". */
  readonly name: string;
  /** In bytes, with the ID and the pointer; at least 2. */
  readonly size: number;
  /**
   * The bytes and what they do; offset 0 is the capability ID. What it answers for the first two bytes is not seen, and it must ignore
   * writes to them.
   */
  readonly registers: IoHandler;
  /** Wanted offset in configuration space, a multiple of four. Default: the first that is free. */
  readonly at?: number;
  /** Called when the function is reset. */
  reset?(): void;
}

/** A capability whose bytes are a register table, as its figure in the specification; a reset restores the bytes as they are now. */
export function registerCapability<Name extends string>(id: number, name: string, file: RegisterFile<Name>): Capability {
  const initial = file.bytes.slice();
  return { id, name, size: file.table.size, registers: file, reset: () => file.bytes.set(initial) };
}

/**
 * A vendor-specific capability: its third byte is its length [PCI 3.0 Appendix H, ID 09h], which is filled in here. `registers` answers
 * the rest, with behaviour where the vendor wants any.
 */
export function vendorCapability(name: string, size: number, registers: IoHandler, reset?: () => void): Capability {
  return {
    id: CAPABILITY_VENDOR_SPECIFIC,
    name,
    size,
    registers: new FixedBytes(registers, 2, [size]),
    ...(reset === undefined ? {} : { reset }),
  };
}

/** A capability in its place. */
export interface PlacedCapability {
  readonly capability: Capability;
  /** In configuration space, a multiple of four. */
  readonly offset: number;
  /** Offset of the next one, 0 at the end of the list. */
  readonly next: number;
  /** Multiple of four. */
  readonly size: number;
  /** Answers `size` bytes from `offset`. */
  readonly handler: IoHandler;
}

/**
 * Gives each capability a place and chains them in the order given, DWORD aligned, without overlap. `taken` are ranges that something else
 * occupies.
 * @throws ConfigurationError `bad-capability` (ID, size or wanted offset), `capability-space` (too many bytes).
 */
export function placeCapabilities(
  capabilities: readonly Capability[],
  taken: readonly { readonly offset: number; readonly size: number }[] = [],
): readonly PlacedCapability[] {
  const occupied = new Uint8Array(CAPABILITIES_END).fill(1, 0, CAPABILITIES_START);
  for (const { offset, size } of taken) occupied.fill(1, offset, offset + size);
  const isFree = (offset: number, size: number): boolean =>
    offset + size <= CAPABILITIES_END && !occupied.subarray(offset, offset + size).includes(1);
  const offsets: number[] = [];
  const place = (capability: Capability, offset: number): number => {
    occupied.fill(1, offset, offset + dwords(capability.size));
    return offset;
  };
  for (const capability of capabilities) check(capability);
  // Wanted places first, so that nothing is put there by chance.
  capabilities.forEach((capability, i) => {
    if (capability.at === undefined) return;
    if (!isFree(capability.at, dwords(capability.size)))
      throw new ConfigurationError('bad-capability', `capability ${capability.name} does not fit at its offset`, capability.at);
    offsets[i] = place(capability, capability.at);
  });
  capabilities.forEach((capability, i) => {
    if (capability.at !== undefined) return;
    let offset = CAPABILITIES_START;
    while (offset < CAPABILITIES_END && !isFree(offset, dwords(capability.size))) offset += 4;
    if (offset >= CAPABILITIES_END)
      throw new ConfigurationError('capability-space', `no room left in configuration space for ${capability.name}`, capability.size);
    offsets[i] = place(capability, offset);
  });
  return capabilities.map((capability, i) => {
    const next = offsets[i + 1] ?? 0;
    const handler = new FixedBytes(new Padded(capability), 0, [capability.id, next]);
    return { capability, offset: offsets[i] ?? 0, next, size: dwords(capability.size), handler };
  });
}

const dwords = (size: number): number => (size + 3) & ~3;

function check({ id, name, size, at }: Capability): void {
  const bad = (what: string, value: unknown): never => {
    throw new ConfigurationError('bad-capability', `capability ${name}: ${what}`, value);
  };
  if (!Number.isInteger(id) || id < 0 || id > 0xff) bad('ID is not a byte', id);
  if (!Number.isInteger(size) || size < 2 || size > CAPABILITIES_END - CAPABILITIES_START) bad('size is not within 2 to 192 bytes', size);
  if (at !== undefined && (!Number.isInteger(at) || at % 4 !== 0 || at < CAPABILITIES_START || at >= CAPABILITIES_END))
    bad('offset is not a multiple of four within 40h to FCh', at);
}

/** Puts constant bytes over what a handler reads. */
class FixedBytes implements IoHandler {
  readonly #handler: IoHandler;
  readonly #start: number;
  readonly #bytes: readonly number[];

  constructor(handler: IoHandler, start: number, bytes: readonly number[]) {
    this.#handler = handler;
    this.#start = start;
    this.#bytes = bytes;
  }

  read(offset: number, width: Width): number {
    const value = this.#handler.read(offset, width);
    let fixed = 0;
    for (let i = 0; i < width; i++) {
      const byte = this.#bytes[offset + i - this.#start] ?? Math.floor(value / 2 ** (8 * i)) & 0xff;
      fixed += byte * 2 ** (8 * i);
    }
    return fixed;
  }

  write(offset: number, width: Width, value: number): void {
    this.#handler.write(offset, width, value);
  }
}

/** Fills a capability up to whole DWORDs with reserved bytes. */
class Padded implements IoHandler {
  readonly #capability: Capability;

  constructor(capability: Capability) {
    this.#capability = capability;
  }

  read(offset: number, width: Width): number {
    const { registers, size } = this.#capability;
    const value = offset < size ? registers.read(offset, width) : 0;
    const inside = Math.max(0, size - offset);
    return inside >= width ? value : value % 2 ** (8 * inside);
  }

  write(offset: number, width: Width, value: number): void {
    const { registers, size } = this.#capability;
    if (offset < size) registers.write(offset, width, value);
  }
}
