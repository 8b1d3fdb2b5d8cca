import { describe, expect, it } from 'vitest';
import { definitionBlock } from './dsdt.ts';
import { hotplugEvent, hotplugSlots } from './dsdt-hotplug.ts';

const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(' ');
const ascii = (text: string): string => hex(Uint8Array.from(text, (c) => c.charCodeAt(0)));

describe('[ACPI 6.5 §6.3] Device Insertion, Removal, and Status Objects', () => {
  it('every slot has its address, its number, a status from the present register and an eject', () => {
    const slots = hex(hotplugSlots());
    expect(slots).toContain(
      [
        ascii('S1F_'),
        ...['08', ascii('_ADR'), '0c 00 00 1f 00', '08', ascii('_SUN'), '0a 1f'],
        // If (And (PHPP, 0x80000000)) { Return (0x0F) } Return (0)
        ...['14 18', ascii('_STA'), '00 a0 0f 7b', ascii('PHPP'), '0c 00 00 00 80 00 a4 0a 0f a4 00'],
      ].join(' '),
    );
    expect(slots).toContain(['14 10', ascii('_EJ0'), '01 70 0c 00 00 00 80', ascii('PHPE')].join(' '));
    expect(slots.split(ascii('_EJ0')).length - 1).toBe(31);
  });

  it('a method notifies the slots of a set', () => {
    expect(hex(hotplugSlots())).toContain(['a0 0c 7b 68 0a 08 00 86', ascii('S03_'), '69'].join(' '));
  });
});

describe('[ACPI 6.5 §5.6.4.1.1] _Exx', () => {
  it('takes each register, acknowledges what it read and notifies: Device Check, then Eject Request', () => {
    const path = (name: string): string => `5c 2f 03 ${ascii('_SB_PCI0')} ${ascii(name)}`;
    const take = (register: string, what: string): string =>
      [`70 ${path(register)} 60`, `70 60 ${path(register)}`, `${path('PHPN')} 60 ${what}`].join(' ');
    expect(hex(hotplugEvent())).toContain([ascii('_E01'), '00', take('PHPI', '01'), take('PHPD', '0a 03')].join(' '));
    const block = hex(definitionBlock());
    // The method is called by name: its definition, which tells its arguments, comes first.
    expect(block.indexOf(`${ascii('PHPN')} 02`)).toBeLessThan(block.indexOf(ascii('_E01')));
    expect(block).toContain(hex(hotplugSlots()));
  });
});
