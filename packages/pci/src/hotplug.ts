/**
 * Slots whose device comes and goes while the guest runs, and the four registers through which the guest's ACPI methods hear of it. The
 * protocol is that of [ACPI 6.5 §5.6.6, §6.3]: the guest is notified, it looks for a new device or gives one back, and only its eject takes
 * a device away.
 *
 *   offset 0  inserted     devices that came; a one clears the bit. The guest is to be notified with Device Check
 *          4  removal      devices that should be given back; a one clears the bit. Eject Request
 *          8  present      devices that are there, read-only. _STA
 *         12  eject        a one takes the device away; reads as zero. _EJ0
 *
 * Bit n of each is device n of the bus, slots 1 to 31; device 0 is the host bridge and stays. Whoever builds the machine sees to it that
 * `event` makes the guest look (a general-purpose event), and to the AML that does.
 *
 *   add ──► present, inserted ──► guest configures it
 *   requestRemoval ──► removal ──► guest lets go of it ──► eject ──► onEject
 */
import { ConfigurationError, type IoHandler, RegisterFile, registers, ro, rw, type Width, w1c } from '@paravirt/bus';
import type { PciFunction } from './function.ts';
import { DEVICES, type PciAddress, type PciBus } from './pci-bus.ts';

/** Bytes of the register block. */
export const HOTPLUG_REGISTERS_SIZE = 16;
/** Offsets of the registers, in bytes. */
export const HOTPLUG_INSERTED = 0;
export const HOTPLUG_REMOVAL = 4;
export const HOTPLUG_PRESENT = 8;
export const HOTPLUG_EJECT = 12;

/** Device numbers of the slots. */
export const HOTPLUG_SLOTS: readonly number[] = Array.from({ length: DEVICES - 1 }, (_, i) => i + 1);
const ALL_SLOTS = 0xffff_fffe;

const BLOCK = registers(HOTPLUG_REGISTERS_SIZE, {
  inserted: w1c(4, ALL_SLOTS),
  removal: w1c(4, ALL_SLOTS),
  present: ro(4),
  eject: rw(4),
});

/** `inserted`: the guest has not looked yet. `removal-requested`: it was asked for the device and has not ejected it. */
export type SlotState = 'empty' | 'inserted' | 'occupied' | 'removal-requested';

export interface HotplugSlotsOptions {
  readonly bus: PciBus;
  /** There is something new in the registers: the guest is to look. Called once for every change, in the middle of whoever caused it. */
  readonly event: () => void;
}

const bit = (device: number): number => (1 << device) >>> 0;

export class HotplugSlots implements IoHandler {
  /** A device was taken away, by the guest or by `eject`; its functions, by number, are the receiver's, reset and wired to nothing. */
  onEject: ((device: number, functions: readonly PciFunction[]) => void) | undefined = undefined;
  readonly #bus: PciBus;
  readonly #event: () => void;
  readonly #file: RegisterFile<keyof typeof BLOCK.fields>;
  /** Devices that were asked for, whether the guest has taken note or not. */
  #wanted = 0;

  constructor(options: HotplugSlotsOptions) {
    this.#bus = options.bus;
    this.#event = options.event;
    const zero = (): number => 0;
    this.#file = new RegisterFile(
      BLOCK,
      {},
      {
        present: { read: () => this.#present() },
        eject: { read: zero, write: (value) => this.#ejectAll(value) },
      },
    );
  }

  /**
   * Puts a device of one function into a slot and tells the guest. It is complete before the guest can see it; addresses are the guest's
   * to give.
   * @param device 1 to 31; default: the first empty slot.
   * @throws ConfigurationError `bad-slot`, `slot-taken`, `no-slot`.
   */
  add(pciFunction: PciFunction, device: number = this.#firstEmpty(pciFunction.name)): PciAddress {
    if (!HOTPLUG_SLOTS.includes(device))
      throw new ConfigurationError('bad-slot', `${pciFunction.name}: no device can be added in slot ${device}, only in 1 to 31`, device);
    const address = this.#bus.plug(device, 0, pciFunction);
    this.#set('inserted', device, true);
    this.#event();
    return address;
  }

  /**
   * Asks the guest to give a device back; `onEject` tells when it has, which may be never. Asking again reminds it. False: the slot is
   * empty, or not one of these.
   */
  requestRemoval(device: number): boolean {
    if (!this.#isOccupied(device)) return false;
    this.#wanted |= bit(device);
    this.#set('removal', device, true);
    this.#event();
    return true;
  }

  /** Takes a device away without asking, as a hand does that does not care; `onEject` is told before this returns. False: no device. */
  eject(device: number): boolean {
    if (!this.#isOccupied(device)) return false;
    this.#set('inserted', device, false);
    this.#set('removal', device, false);
    this.#wanted &= ~bit(device);
    this.onEject?.(device, this.#bus.unplug(device));
    return true;
  }

  state(device: number): SlotState {
    if (!this.#isOccupied(device)) return 'empty';
    if ((this.#wanted & bit(device)) !== 0) return 'removal-requested';
    return (this.#file.get('inserted') & bit(device)) !== 0 ? 'inserted' : 'occupied';
  }

  /** As after power-on: nothing to tell. A device that was asked for has nobody left who uses it, and goes now. */
  reset(): void {
    this.#ejectAll(this.#wanted);
    this.#file.set('inserted', 0);
    this.#file.set('removal', 0);
  }

  read(offset: number, width: Width): number {
    return this.#file.read(offset, width);
  }

  write(offset: number, width: Width, value: number): void {
    this.#file.write(offset, width, value);
  }

  #set(register: 'inserted' | 'removal', device: number, value: boolean): void {
    const others = this.#file.get(register) & ~bit(device);
    this.#file.set(register, (value ? others | bit(device) : others) >>> 0);
  }

  #ejectAll(mask: number): void {
    for (const device of HOTPLUG_SLOTS) if ((mask & bit(device)) !== 0) this.eject(device);
  }

  #present(): number {
    let present = 0;
    for (const device of HOTPLUG_SLOTS) if (this.#isOccupied(device)) present |= bit(device);
    return present >>> 0;
  }

  #isOccupied(device: number): boolean {
    return HOTPLUG_SLOTS.includes(device) && this.#bus.at(device, 0) !== undefined;
  }

  #firstEmpty(name: string): number {
    const device = HOTPLUG_SLOTS.find((number) => !this.#isOccupied(number));
    if (device === undefined) throw new ConfigurationError('no-slot', `${name}: all slots of the bus are taken`, name);
    return device;
  }
}
