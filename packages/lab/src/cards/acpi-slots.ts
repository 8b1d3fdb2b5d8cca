/**
 * What the guest does when the hot-plug controller says that something has changed: reads the registers, acknowledges, and has the drivers of
 * the devices that came or are to go called. [ACPI 6.5 §5.6.6, §6.3] What ACPI's general-purpose event block would add to each (some four port
 * accesses) is not in here.
 */
import { HOTPLUG_EJECT, HOTPLUG_INSERTED, HOTPLUG_REMOVAL } from '@paravirt/pci';
import type { Board } from './board.ts';

/** Called within a task of the guest's processor. */
export interface SlotDriver {
  inserted(): void;
  /** Lets go of the device, which is ejected then. */
  removed(): void;
  /** The host has it back. */
  ejected(): void;
}

export class AcpiSlots {
  readonly #board: Board;
  readonly #drivers: Map<number, SlotDriver> = new Map();

  constructor(board: Board) {
    this.#board = board;
    board.vcpu.handle(board.hotplugVector, () => board.vcpu.post(() => this.#look()));
    board.slots.onEject = (slot) => this.#drivers.get(slot)?.ejected();
  }

  /** Drives slot 1 to 31. */
  drive(slot: number, driver: SlotDriver): void {
    this.#drivers.set(slot, driver);
  }

  #look(): void {
    for (const slot of this.#take(HOTPLUG_INSERTED)) this.#drivers.get(slot)?.inserted();
    for (const slot of this.#take(HOTPLUG_REMOVAL)) {
      this.#drivers.get(slot)?.removed();
      this.#board.ports.write(this.#board.hotplugPort + HOTPLUG_EJECT, 4, bit(slot));
    }
  }

  /** Slots whose bit is set in a register, which is cleared. */
  #take(register: number): readonly number[] {
    const { ports, hotplugPort } = this.#board;
    const bits = ports.read(hotplugPort + register, 4);
    if (bits !== 0) ports.write(hotplugPort + register, 4, bits);
    return [...this.#drivers.keys()].filter((slot) => (bits & bit(slot)) !== 0);
  }
}

const bit = (slot: number): number => (1 << slot) >>> 0;
