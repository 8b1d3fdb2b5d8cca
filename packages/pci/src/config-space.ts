/**
 * The 256 bytes of configuration space of one function [PCI 3.0 §6.1]: the header in the first 64, then the capability list and registers
 * of the device, everything else reserved. Any width at any offset; bytes beyond the end read as ones.
 */
import { type IoHandler, RegisterFile, type Width } from '@paravirt/bus';
import { type Capability, type PlacedCapability, placeCapabilities } from './capability.ts';
import { type Region, Regions } from './regions.ts';
import {
  BASE_ADDRESS_REGISTERS,
  STATUS_CAPABILITIES_LIST,
  STATUS_CLEARABLE,
  STATUS_INTERRUPT,
  TYPE_0_HEADER,
  type Type0Register,
} from './type0-header.ts';

/** In bytes. */
export const CONFIG_SPACE_SIZE = 0x100;

/** What the header does beyond storing; the function's side of its registers. */
export interface HeaderBehaviour {
  /** The command register was written. */
  commandWritten(): void;
  /** State of the INTx interrupt for the status register. */
  interruptPending(): boolean;
  /** Value of base address register `index`, 0 to 5. */
  readBaseAddress(index: number): number;
  /** All 32 bits of base address register `index`. */
  writeBaseAddress(index: number, value: number): void;
}

export class ConfigSpace implements IoHandler {
  /** Stored values of the header; `set` changes them as the device. */
  readonly header: RegisterFile<Type0Register>;
  /** In the order of the list. */
  readonly capabilities: readonly PlacedCapability[];
  readonly #initial: Uint8Array;
  readonly #regions: Regions;

  /**
   * @param initial header fields after power-on; `capabilitiesPointer` is worked out here.
   * @param registers blocks of the device's own, at or above 40h; they may not overlap one another.
   * @throws ConfigurationError `bad-capability`, `capability-space`, `region-outside`, `region-overlap`.
   */
  constructor(
    initial: Partial<Record<Type0Register, number>>,
    behaviour: HeaderBehaviour,
    capabilities: readonly Capability[] = [],
    registers: readonly Region[] = [],
  ) {
    const placed = placeCapabilities(capabilities, registers);
    const live: Partial<Record<Type0Register, { read?(): number; write?(value: number): void }>> = {
      command: { write: () => behaviour.commandWritten() },
      status: {
        read: () =>
          (this.header.get('status') & STATUS_CLEARABLE) |
          (placed.length > 0 ? STATUS_CAPABILITIES_LIST : 0) |
          (behaviour.interruptPending() ? STATUS_INTERRUPT : 0),
      },
    };
    BASE_ADDRESS_REGISTERS.forEach((name, index) => {
      live[name] = { read: () => behaviour.readBaseAddress(index), write: (value) => behaviour.writeBaseAddress(index, value) };
    });
    this.header = new RegisterFile(TYPE_0_HEADER, { ...initial, capabilitiesPointer: placed[0]?.offset ?? 0 }, live);
    this.capabilities = placed;
    this.#initial = this.header.bytes.slice();
    this.#regions = new Regions(CONFIG_SPACE_SIZE, [
      { name: 'header', offset: 0, size: TYPE_0_HEADER.size, handler: this.header },
      ...placed.map(({ capability, offset, size, handler }) => ({ name: capability.name, offset, size, handler })),
      ...registers,
    ]);
  }

  read(offset: number, width: Width): number {
    return this.#regions.read(offset, width);
  }

  write(offset: number, width: Width, value: number): void {
    this.#regions.write(offset, width, value);
  }

  /** Header and capabilities as after power-on; the header type, which the bus decides, stays. */
  reset(): void {
    const headerType = this.header.get('headerType');
    this.header.bytes.set(this.#initial);
    this.header.set('headerType', headerType);
    for (const { capability } of this.capabilities) capability.reset?.();
  }
}
