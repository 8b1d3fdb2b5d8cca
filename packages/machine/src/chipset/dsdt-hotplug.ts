/**
 * The part of the DSDT that lets PCI devices come and go: a device object for every slot, and the event method that tells the operating
 * system which of them to look at. The registers behind it are those of `HotplugSlots` in packages/pci. [ACPI 6.5 §5.6.6, §6.3]
 *
 *   general-purpose event → _E01 → Notify(slot, Device Check or Eject Request) → … → _EJ0
 */
import { HOTPLUG_SLOTS } from '@paravirt/pci';
import { PCI_HOTPLUG_PORT, PCI_HOTPLUG_PORTS } from '../memory-map.ts';
import {
  type Aml,
  and,
  arg,
  call,
  device,
  doubleWords,
  integer,
  local,
  method,
  name,
  namePath,
  notify,
  portRegion,
  returns,
  scope,
  store,
  terms,
  when,
} from './aml.ts';

/** Number of the event that hot-plug raises; `_E01` below is its method. */
export const HOTPLUG_EVENT = 1;

/** [ACPI 6.5 Table 5.187] Notification values for every device. */
const DEVICE_CHECK = 1;
const EJECT_REQUEST = 3;
/** [ACPI 6.5 §6.3.7] _STA: present, enabled, shown, working. */
const STATUS_PRESENT = 0x0f;

/** Name of the object of a slot. */
const slotName = (number: number): string => `S${number.toString(16).toUpperCase().padStart(2, '0')}`;
const slotBit = (number: number): Aml => integer((1 << number) >>> 0);

/** Terms within the host bridge: registers, slots, and PHPN(slots, what), which notifies every slot of a set. */
export function hotplugSlots(): Aml {
  return terms(
    portRegion('PHPR', PCI_HOTPLUG_PORT, PCI_HOTPLUG_PORTS),
    // Inserted, removal, present, eject.
    doubleWords('PHPR', 'PHPI', 'PHPD', 'PHPP', 'PHPE'),
    ...HOTPLUG_SLOTS.map(slot),
    method('PHPN', 2, ...HOTPLUG_SLOTS.map((number) => when(and(arg(0), slotBit(number)), notify(slotName(number), arg(1))))),
  );
}

/** [ACPI 6.5 §6.1.1] The address of a PCI device: its number in the high word, the function in the low. */
const slot = (number: number): Aml =>
  device(
    slotName(number),
    name('_ADR', integer(number * 0x1_0000)),
    name('_SUN', integer(number)),
    method('_STA', 0, when(and(namePath('PHPP'), slotBit(number)), returns(integer(STATUS_PRESENT))), returns(integer(0))),
    method('_EJ0', 1, store(slotBit(number), namePath('PHPE'))),
  );

/**
 * [ACPI 6.5 §5.6.4.1.1] The event's method. It is of the edge kind: the status is clear before it runs, so that what happens meanwhile
 * raises the event again. A register is read, its bits are acknowledged, then the slots are notified.
 */
export const hotplugEvent = (): Aml =>
  scope('\\_GPE', method('_E01', 0, ...takeAndNotify('PHPI', DEVICE_CHECK), ...takeAndNotify('PHPD', EJECT_REQUEST)));

function takeAndNotify(register: string, what: number): readonly Aml[] {
  const path = `\\_SB.PCI0.${register}`;
  return [store(namePath(path), local(0)), store(local(0), namePath(path)), call('\\_SB.PCI0.PHPN', local(0), integer(what))];
}
