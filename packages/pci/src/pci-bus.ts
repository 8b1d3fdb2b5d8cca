/**
 * A PCI bus: 32 devices of up to eight functions each, and what they are wired to. Configuration accesses are routed here by bus, device
 * and function number; what nobody answers ends in a master abort, all ones for a read, and is lost for a write. [PCI 3.0 §6.1]
 */
import {
  type AddressSpace,
  ALL_ONES,
  ConfigurationError,
  type GuestMemory,
  type InterruptLine,
  type MessageInterrupts,
  type Width,
} from '@paravirt/bus';
import type { PciFunction } from './function.ts';
import type { InterruptRouting } from './interrupt-routing.ts';
import { describeTopology, type FunctionTopology, topologyOf } from './topology.ts';

/** Devices on a bus, functions in a device. */
export const DEVICES = 32;
export const FUNCTIONS = 8;

/** Where a function is found. */
export interface PciAddress {
  /** 0 to 255. */
  readonly bus: number;
  /** 0 to 31. */
  readonly device: number;
  /** 0 to 7. */
  readonly function: number;
}

/** Who can make configuration accesses: a bus, or a guest's driver through ports. Offsets in bytes from the start of the function's space. */
export interface ConfigurationAccess {
  readConfig(address: PciAddress, offset: number, width: Width): number;
  writeConfig(address: PciAddress, offset: number, width: Width, value: number): void;
}

/** What functions are wired to; what is absent they do not have. */
export interface PciBusOptions {
  /** 0 to 255. Default 0. */
  readonly number?: number;
  /** Where memory ranges are placed: physical addresses that are not RAM. */
  readonly memory?: AddressSpace;
  /** Where I/O ranges are placed. */
  readonly ports?: AddressSpace;
  /** Guest memory for bus masters. */
  readonly dma?: GuestMemory;
  readonly messages?: MessageInterrupts;
  readonly interrupts?: InterruptRouting;
}

interface Slot {
  readonly address: PciAddress;
  readonly function: PciFunction;
  readonly pirq: number | undefined;
}

export class PciBus implements ConfigurationAccess {
  readonly number: number;
  readonly #options: PciBusOptions;
  /** By device × 8 + function. */
  readonly #slots: (Slot | undefined)[] = new Array<Slot | undefined>(DEVICES * FUNCTIONS).fill(undefined);

  /** @throws ConfigurationError `bad-bus`. */
  constructor(options: PciBusOptions = {}) {
    const { number = 0 } = options;
    if (!Number.isInteger(number) || number < 0 || number > 255)
      throw new ConfigurationError('bad-bus', `bus number ${number} is not within 0 to 255`, number);
    this.number = number;
    this.#options = options;
  }

  /**
   * Puts a function in its place and wires it. Function 0 of a device comes first: without it a guest does not look for others
   * [PCI 3.0 §6.2.1].
   * @throws ConfigurationError `bad-slot`, `slot-taken`, `no-function-0`.
   */
  plug(device: number, functionNumber: number, pciFunction: PciFunction): PciAddress {
    if (!Number.isInteger(device) || device < 0 || device >= DEVICES)
      throw new ConfigurationError('bad-slot', `${pciFunction.name}: device number ${device} is not within 0 to 31`, device);
    if (!Number.isInteger(functionNumber) || functionNumber < 0 || functionNumber >= FUNCTIONS)
      throw new ConfigurationError(
        'bad-slot',
        `${pciFunction.name}: function number ${functionNumber} is not within 0 to 7`,
        functionNumber,
      );
    const index = device * FUNCTIONS + functionNumber;
    const other = this.#slots[index];
    if (other !== undefined)
      throw new ConfigurationError(
        'slot-taken',
        `${pciFunction.name}: ${device}.${functionNumber} is taken by ${other.function.name}`,
        index,
      );
    const first = this.#slots[device * FUNCTIONS];
    if (functionNumber > 0 && first === undefined)
      throw new ConfigurationError('no-function-0', `${pciFunction.name}: device ${device} has no function 0 yet`, functionNumber);
    const address = { bus: this.number, device, function: functionNumber };
    const { interruptPin } = pciFunction;
    const routed = interruptPin === 0 ? undefined : this.#options.interrupts?.connect(device, interruptPin);
    this.#slots[index] = { address, function: pciFunction, pirq: routed?.pirq };
    if (functionNumber > 0 && first !== undefined) first.function.multiFunction = true;
    const { memory, ports, dma, messages } = this.#options;
    const intx: InterruptLine | undefined = routed?.line;
    pciFunction.attach({
      ...(memory === undefined ? {} : { memory }),
      ...(ports === undefined ? {} : { ports }),
      ...(dma === undefined ? {} : { dma }),
      ...(messages === undefined ? {} : { messages }),
      ...(intx === undefined ? {} : { intx }),
      interruptLine: routed?.irq ?? 0,
    });
    return address;
  }

  /**
   * Pulls a device: all its functions are reset and wired to nothing. They are returned by function number and may be plugged again; none
   * if the place was empty.
   */
  unplug(device: number): readonly PciFunction[] {
    const pulled: PciFunction[] = [];
    for (let index = device * FUNCTIONS; index < (device + 1) * FUNCTIONS; index++) {
      const slot = this.#slots[index];
      if (slot === undefined) continue;
      // Absent before it is taken apart: what a device does in its reset finds nobody in this place.
      this.#slots[index] = undefined;
      slot.function.detach();
      pulled.push(slot.function);
    }
    return pulled;
  }

  /** The function at a place, undefined if none is. */
  at(device: number, functionNumber: number): PciFunction | undefined {
    return this.#slots[device * FUNCTIONS + functionNumber]?.function;
  }

  /** All functions, by device and function number. */
  get functions(): readonly PciFunction[] {
    return this.#slots.flatMap((slot) => (slot === undefined ? [] : [slot.function]));
  }

  /** What is plugged where and how the guest has configured it, by device and function number. */
  get topology(): readonly FunctionTopology[] {
    return this.#slots.flatMap((slot) => (slot === undefined ? [] : [topologyOf(slot.address, slot.function, slot.pirq)]));
  }

  /** The topology as text, for people. */
  describe(): string {
    return describeTopology(this.topology);
  }

  readConfig(address: PciAddress, offset: number, width: Width): number {
    return this.#find(address)?.config.read(offset, width) ?? ALL_ONES[width];
  }

  writeConfig(address: PciAddress, offset: number, width: Width, value: number): void {
    this.#find(address)?.config.write(offset, width, value);
  }

  /** RST#: every function as after power-on. */
  reset(): void {
    for (const pciFunction of this.functions) pciFunction.reset();
  }

  #find({ bus, device, function: functionNumber }: PciAddress): PciFunction | undefined {
    return bus === this.number ? this.at(device, functionNumber) : undefined;
  }
}
