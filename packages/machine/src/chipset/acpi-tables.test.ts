import { ConfigurationError, Ram } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { ACPI_TABLES_ADDRESS } from '../memory-map.ts';
import { writeAcpiTables } from './acpi-tables.ts';

function makeTables(options = {}) {
  const memory = new Ram(new ArrayBuffer(0x10_0000));
  const rsdp = writeAcpiTables(memory, options);
  const bytes = (address: number, length: number): Uint8Array => {
    const into = new Uint8Array(length);
    memory.read(address, into);
    return into;
  };
  const text = (address: number, length: number): string => String.fromCharCode(...bytes(address, length));
  const sum = (address: number, length: number): number => bytes(address, length).reduce((a, b) => (a + b) & 0xff, 0);
  /** Addresses of the tables that the RSDT lists, by signature. */
  const rsdt = memory.readU32(rsdp + 16);
  const tables = new Map<string, number>();
  for (let at = rsdt + 36; at < rsdt + memory.readU32(rsdt + 4); at += 4) {
    const address = memory.readU32(at);
    tables.set(text(address, 4), address);
  }
  return { memory, rsdp, rsdt, bytes, text, sum, tables };
}

describe('[ACPI 6.5 §5.2.5] Root System Description Pointer', () => {
  it('is found at the start of the BIOS area, with both checksums', () => {
    const { rsdp, text, sum, memory } = makeTables();
    expect([rsdp, text(rsdp, 8), sum(rsdp, 20), sum(rsdp, 36), memory.readU8(rsdp + 15)]).toEqual([
      ACPI_TABLES_ADDRESS,
      'RSD PTR ',
      0,
      0,
      2,
    ]);
  });

  it('RSDT and XSDT list the same tables', () => {
    const { memory, rsdp, rsdt, tables } = makeTables();
    const xsdt = Number(memory.readU64(rsdp + 24));
    const addresses: number[] = [];
    for (let at = xsdt + 36; at < xsdt + memory.readU32(xsdt + 4); at += 8) addresses.push(Number(memory.readU64(at)));
    expect(addresses).toEqual([...tables.values()]);
    expect([...tables.keys()]).toEqual(['FACP', 'APIC']);
    expect(rsdt % 64).toBe(0);
  });
});

describe('[ACPI 6.5 §5.2.6] System Description Table Header', () => {
  it('every table adds up to 0 over its length', () => {
    const { memory, rsdp, rsdt, tables, sum } = makeTables();
    const dsdt = memory.readU32((tables.get('FACP') ?? 0) + 40);
    for (const address of [rsdt, Number(memory.readU64(rsdp + 24)), dsdt, ...tables.values()])
      expect(sum(address, memory.readU32(address + 4))).toBe(0);
  });
});

describe('[ACPI 6.5 §5.2.9] Fixed ACPI Description Table', () => {
  it('has the fields where the specification has them', () => {
    const { memory, tables, text } = makeTables({ resetRegister: { port: 0x64, value: 0xfe } });
    const fadt = tables.get('FACP') ?? 0;
    const facs = memory.readU32(fadt + 36);
    expect([memory.readU32(fadt + 4), memory.readU8(fadt + 8)]).toEqual([244, 4]);
    expect([text(facs, 4), facs % 64, text(memory.readU32(fadt + 40), 4)]).toEqual(['FACS', 0, 'DSDT']);
    expect([memory.readU16(fadt + 46), memory.readU32(fadt + 56), memory.readU32(fadt + 64), memory.readU32(fadt + 76)]).toEqual([
      9, 0x600, 0x604, 0x608,
    ]);
    expect([memory.readU8(fadt + 88), memory.readU8(fadt + 89), memory.readU8(fadt + 91), memory.readU8(fadt + 108)]).toEqual([
      4, 2, 4, 0x32,
    ]);
    expect(memory.readU32(fadt + 112)).toBe(0x525);
    expect([memory.readU8(fadt + 116), memory.readU64(fadt + 120), memory.readU8(fadt + 128)]).toEqual([1, 0x64n, 0xfe]);
    expect(memory.readU64(fadt + 140)).toBe(BigInt(memory.readU32(fadt + 40)));
    expect(memory.readU64(fadt + 152)).toBe(0x600n);
    // GPE0_BLK and its length, the general-purpose events of hot-plug, in both forms.
    expect([memory.readU32(fadt + 80), memory.readU8(fadt + 92), memory.readU8(fadt + 221), memory.readU64(fadt + 224)]).toEqual([
      0x620,
      2,
      16,
      0x620n,
    ]);
  });
});

describe('[ACPI 6.5 §5.2.12] Multiple APIC Description Table', () => {
  it('one processor, one IOAPIC, the timer at input 2, SCI level, NMI on LINT1', () => {
    const { memory, tables, bytes } = makeTables();
    const madt = tables.get('APIC') ?? 0;
    expect([memory.readU32(madt + 36), memory.readU32(madt + 40)]).toEqual([0xfee0_0000, 1]);
    const entries: string[] = [];
    for (let at = madt + 44; at < madt + memory.readU32(madt + 4); at += memory.readU8(at + 1))
      entries.push(Array.from(bytes(at, memory.readU8(at + 1)), (b) => b.toString(16)).join(' '));
    expect(entries).toEqual(['0 8 0 0 1 0 0 0', '1 c 1 0 0 0 c0 fe 0 0 0 0', '2 a 0 0 2 0 0 0 0 0', '2 a 0 9 9 0 0 0 d 0', '4 6 ff 0 0 1']);
  });
});

describe('Placement', () => {
  it('where there is no RAM, or off its alignment, is the caller’s mistake', () => {
    const memory = new Ram(new ArrayBuffer(0x1_0000));
    expect(() => writeAcpiTables(memory)).toThrow(ConfigurationError);
    expect(() => writeAcpiTables(memory, { address: 0x10 })).toThrow(ConfigurationError);
    expect(() => writeAcpiTables(memory, { address: 0xffc0 })).toThrow(ConfigurationError);
  });
});
