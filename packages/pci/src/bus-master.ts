/**
 * Guest memory as a PCI function reaches it: only while the guest lets it act as a bus master [PCI 3.0 §6.2.2, Bus Master].
 */
import type { GuestMemory } from '@paravirt/bus';

/**
 * A view of guest memory that a guest can switch off at any moment, also between a device's check of an address and its use. While it is
 * off, `contains` is false, reads give all ones and writes are lost, so that no device has to expect an exception because of the command
 * register. While it is on, everything is as in the memory behind it: outside RAM an access throws RangeError.
 */
export class BusMasterMemory implements GuestMemory {
  readonly #memory: () => GuestMemory | undefined;

  /** @param memory tells the memory that may be accessed now, undefined if none. */
  constructor(memory: () => GuestMemory | undefined) {
    this.#memory = memory;
  }

  /** Bytes of RAM, 0 while switched off. */
  get size(): number {
    return this.#memory()?.size ?? 0;
  }

  contains(address: number, length: number): boolean {
    return this.#memory()?.contains(address, length) ?? false;
  }

  readU8(address: number): number {
    return this.#memory()?.readU8(address) ?? 0xff;
  }

  readU16(address: number): number {
    return this.#memory()?.readU16(address) ?? 0xffff;
  }

  readU32(address: number): number {
    return this.#memory()?.readU32(address) ?? 0xffff_ffff;
  }

  readU64(address: number): bigint {
    return this.#memory()?.readU64(address) ?? 0xffff_ffff_ffff_ffffn;
  }

  writeU8(address: number, value: number): void {
    this.#memory()?.writeU8(address, value);
  }

  writeU16(address: number, value: number): void {
    this.#memory()?.writeU16(address, value);
  }

  writeU32(address: number, value: number): void {
    this.#memory()?.writeU32(address, value);
  }

  writeU64(address: number, value: bigint): void {
    this.#memory()?.writeU64(address, value);
  }

  read(address: number, into: Uint8Array): void {
    const memory = this.#memory();
    if (memory === undefined) into.fill(0xff);
    else memory.read(address, into);
  }

  write(address: number, from: Uint8Array): void {
    this.#memory()?.write(address, from);
  }
}
