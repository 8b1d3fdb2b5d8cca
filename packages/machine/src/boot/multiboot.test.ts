import { ConfigurationError } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BootProgram } from './boot-program.ts';
import { memoryMapOf } from './e820.ts';
import { loadKernel } from './kernel.ts';
import { findOverlap, isUsable } from './placement.ts';
import { type MultibootFields, makeMultiboot } from './test-images.ts';

const MIB = 0x10_0000;
const memoryMap = memoryMapOf(64 * MIB, 0);

const load = (fields: MultibootFields, options: { initrd?: Uint8Array; commandLine?: string; kernelName?: string } = {}): BootProgram =>
  loadKernel({ kernel: makeMultiboot(fields), memoryMap, ...options });

function refusal(fields: MultibootFields, initrd?: Uint8Array): string {
  try {
    load(fields, initrd === undefined ? {} : { initrd });
  } catch (error) {
    if (error instanceof ConfigurationError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'taken';
}

/** Reads what the program places. */
function reader(program: BootProgram): { u32(address: number): number; text(address: number): string } {
  const byte = (address: number): number => {
    const home = program.placements.find((p) => address >= p.address && address < p.address + p.size);
    if (home === undefined) throw new Error(`nothing at ${address.toString(16)}`);
    return home.bytes[address - home.address] ?? 0;
  };
  return {
    u32: (address) => [0, 1, 2, 3].reduce((sum, i) => sum + byte(address + i) * 2 ** (8 * i), 0),
    text: (address) => {
      let text = '';
      for (let at = address; byte(at) !== 0; at++) text += String.fromCharCode(byte(at));
      return text;
    },
  };
}

describe('[Multiboot §3.1] OS image format', () => {
  it('LD-03 finds the header in the first 8192 bytes, wholly, on a multiple of 4', () => {
    expect(refusal({ at: 8176 })).toBe('taken');
    expect(refusal({ at: 8180 })).toBe('taken');
    expect(refusal({ at: 8184 })).toMatch(/^kernel-format/);
    expect(refusal({ at: 8188 })).toMatch(/^kernel-format/);
    expect(refusal({ at: 8192 })).toMatch(/^kernel-format/);
    expect(refusal({ at: 0x102 })).toMatch(/^kernel-format/);
    const flat = (at: number): MultibootFields => ({ at, addresses: [MIB, MIB, 0, 0, MIB] });
    expect(refusal(flat(8160))).toBe('taken');
    expect(refusal(flat(8164))).toMatch(/^kernel-format/);
  });

  it('LD-03 passes over a header with a wrong checksum', () => {
    expect(refusal({ checksum: 0 })).toMatch(/^kernel-format/);
  });

  it('refuses demands that it cannot meet', () => {
    expect(refusal({ flags: 0 })).toBe('taken');
    expect(refusal({ flags: 4 })).toMatch(/^kernel-format: .*display/);
    expect(refusal({ flags: 8 })).toMatch(/^kernel-format: .*features 0x8/);
    expect(refusal({ flags: 0x8002_0000 })).toBe('taken');
  });
});

describe('[Multiboot §3.1.3] The address fields of Multiboot header', () => {
  const flat = (...addresses: readonly [number, number, number, number, number]): MultibootFields => ({ addresses });

  it('LD-03 loads by them instead of an ELF header', () => {
    // The header is at 0x100 in the file and at 0x100040 in memory: the text begins at 0xc0.
    const program = load(flat(0x10_0040, 0x10_0000, 0x10_1000, 0x10_3000, 0x10_0400));
    expect(program.start?.rip).toBe(0x10_0400);
    expect(program.placements[0]).toMatchObject({ address: MIB, size: 0x3000 });
    expect(program.placements[0]?.bytes.length).toBe(0x1000);
    expect(reader(program).u32(0x10_0040)).toBe(0x1bad_b002);
  });

  it('loads the whole file if load_end_addr is 0, and no bss if bss_end_addr is 0', () => {
    expect(load(flat(0x10_0100, 0x10_0000, 0, 0, 0x10_0400)).placements[0]).toMatchObject({ address: MIB, size: 0x3000 });
  });

  it('LD-03 refuses addresses that contradict each other or the file', () => {
    expect(refusal(flat(0x10_0000, 0x10_0100, 0, 0, 0x10_0000))).toMatch(/^kernel-format/);
    expect(refusal(flat(0x10_0200, 0x10_0000, 0, 0, 0x10_0000))).toMatch(/^kernel-format/);
    expect(refusal(flat(0x10_0100, 0x10_0000, 0x10_0000, 0, 0x10_0000))).toMatch(/^kernel-format/);
    expect(refusal(flat(0x10_0100, 0x10_0000, 0x10_3001, 0, 0x10_0000))).toMatch(/^kernel-truncated/);
    expect(refusal(flat(0x10_0100, 0x10_0000, 0x10_1000, 0x10_0800, 0x10_0000))).toMatch(/^kernel-format/);
    expect(refusal(flat(0x10_0100, 0x10_0000, 0x10_1000, 0xffff_ffff, 0x10_0000))).toMatch(/^memory-too-small/);
    expect(refusal(flat(0x10_0100, 0x10_0000, 0x10_1000, 0, 0x10_1000))).toMatch(/^kernel-format: .*entry point/);
  });
});

describe('[ELF 1.2] Program header', () => {
  it('loads segments to their physical addresses and enters at the physical entry', () => {
    const program = load({
      entry: 0xc010_0010,
      segments: [
        { address: MIB, virtual: 0xc010_0000, fileSize: 0x1000 },
        { address: 2 * MIB, fileSize: 0, memorySize: 0x5000 },
        { address: 0, fileSize: 0, memorySize: 0 },
        { address: 0xffff_f000, fileSize: 0x1000, type: 4 },
      ],
    });
    expect(program.start?.rip).toBe(0x10_0010);
    expect(program.placements.slice(0, 2)).toMatchObject([
      { address: MIB, size: 0x1000 },
      { address: 2 * MIB, size: 0x5000 },
    ]);
  });

  it('LD-01 refuses headers and segments past the end of the file', () => {
    expect(refusal({ phoff: 0x3000 })).toMatch(/^kernel-truncated/);
    expect(refusal({ phoff: 0xffff_ffff })).toMatch(/^kernel-truncated/);
    expect(refusal({ phnum: 0xffff })).toMatch(/^kernel-truncated/);
    expect(refusal({ phnum: 0 })).toMatch(/^kernel-format/);
    expect(refusal({ phentsize: 31 })).toMatch(/^kernel-format/);
    expect(refusal({ segments: [{ address: MIB, offset: 0x2001, fileSize: 0x1000 }] })).toMatch(/^kernel-truncated/);
    expect(refusal({ segments: [{ address: MIB, offset: 0xffff_ffff, fileSize: 0xffff_ffff }] })).toMatch(/^kernel-truncated/);
  });

  it('LD-01 refuses p_filesz > p_memsz', () => {
    expect(refusal({ segments: [{ address: MIB, fileSize: 0x1000, memorySize: 0xfff }] })).toMatch(/^kernel-format: .*more bytes/);
  });

  it('LD-01 refuses segments that overlap the end of RAM or each other', () => {
    expect(refusal({ segments: [{ address: 64 * MIB - 0xfff, fileSize: 0x1000 }] })).toMatch(/^memory-too-small/);
    expect(refusal({ segments: [{ address: 0xffff_f000, fileSize: 0x1000, memorySize: 0xffff_ffff }] })).toMatch(/^memory-too-small/);
    expect(refusal({ segments: [{ address: 0x9_f000, fileSize: 0x1000 }] })).toMatch(/^memory-too-small/);
    const segments = [
      { address: MIB, fileSize: 0x1000 },
      { address: MIB + 0xfff, fileSize: 0x1000 },
    ];
    expect(refusal({ segments })).toMatch(/^kernel-format: .*overlapping/);
  });

  it('LD-01 refuses 64-bit files, other machines, and an entry outside', () => {
    expect(refusal({ elfClass: 2 })).toMatch(/^kernel-format: .*64-bit/);
    expect(refusal({ elfClass: 0 })).toMatch(/^kernel-format/);
    expect(refusal({ machine: 62 })).toMatch(/^kernel-format/);
    expect(refusal({ entry: 0 })).toMatch(/^kernel-format: .*entry/);
    expect(refusal({ segments: [{ address: MIB, fileSize: 0, memorySize: 0 }] })).toMatch(/^kernel-format: .*nothing/);
  });

  it('LD-01 does not follow notes, whatever they say', () => {
    const note = { address: 0, offset: 0x2000, fileSize: 0xffff_ffff, memorySize: 0, type: 4 };
    expect(refusal({ segments: [{ address: MIB, fileSize: 0x1000 }, note] })).toBe('taken');
  });
});

describe('[Multiboot §3.2] Machine state', () => {
  it('is flat 32-bit protected mode with the magic in EAX and the information in EBX', () => {
    const { start } = load({});
    expect(start).toMatchObject({ rax: 0x2bad_b002, cr0: 0x11, cr3: 0, cr4: 0, efer: 0, rip: 0x10_0010 });
    expect(start?.code).toMatchObject({ flags: 0xc, access: 0x9b });
    expect(start?.data).toMatchObject({ flags: 0xc, access: 0x93 });
  });
});

describe('[Multiboot §3.3] Boot information format', () => {
  it("puts the kernel's name in front of the command line", () => {
    const read = (options: { commandLine?: string; kernelName?: string }): string => {
      const program = load({}, options);
      const { u32, text } = reader(program);
      return text(u32((program.start?.rbx ?? 0) + 16));
    };
    expect(read({ commandLine: 'a=1 b', kernelName: 'dir/test.flat' })).toBe('dir/test.flat a=1 b');
    expect(read({ kernelName: 'test.flat' })).toBe('test.flat');
    expect(read({})).toBe('');
  });

  it('tells memory, command line, loader and memory map', () => {
    const program = load({}, { commandLine: 'test arg' });
    const { u32, text } = reader(program);
    const info = program.start?.rbx ?? 0;
    expect(u32(info)).toBe(0x245);
    expect(u32(info + 4)).toBe(639);
    expect(u32(info + 8)).toBe(63 * 1024);
    expect(text(u32(info + 16))).toBe('test arg');
    expect(text(u32(info + 64))).toBe('paravirt');
    expect(u32(info + 44)).toBe(24 * memoryMap.length);
    const entries = memoryMap.map((_, i) => u32(info + 48) + 24 * i);
    expect(entries.map((at) => [u32(at), u32(at + 4), u32(at + 12), u32(at + 20)])).toEqual([
      [20, 0, 0x9_fc00, 1],
      [20, 0x9_fc00, 0x400, 2],
      [20, 0xe_0000, 0x2_0000, 2],
      [20, MIB, 63 * MIB, 1],
    ]);
  });

  it('LD-03 passes the initrd as a page-aligned module above the kernel', () => {
    const program = load({}, { initrd: Uint8Array.of(1, 2, 3, 4, 5) });
    const { u32, text } = reader(program);
    const info = program.start?.rbx ?? 0;
    expect(u32(info)).toBe(0x24d);
    expect(u32(info + 20)).toBe(1);
    const module = u32(info + 24);
    expect([u32(module), u32(module + 4)]).toEqual([0x10_2000, 0x10_2005]);
    expect(text(u32(module + 8))).toBe('initrd');
    expect(refusal({}, new Uint8Array(64 * MIB))).toMatch(/^initrd-too-large/);
  });

  it('finds room elsewhere if the kernel takes all of low memory', () => {
    const segments = [
      { address: 0, fileSize: 0, memorySize: 0x9_fc00 },
      { address: MIB, fileSize: 0x1000 },
    ];
    const program = load({ segments });
    expect(findOverlap(program.placements)).toBeUndefined();
    expect(program.start?.rbx).toBeGreaterThanOrEqual(MIB + 0x1000);
    expect(refusal({ segments: [segments[0]!, { address: MIB, fileSize: 0x1000, memorySize: 63 * MIB }] })).toMatch(/^memory-too-small/);
  });
});

describe('A bad file', () => {
  const whole = makeMultiboot({ length: 0x2000 });

  it('truncated at any of 100 places is refused', () => {
    for (let i = 0; i < 100; i++) {
      const kernel = whole.subarray(0, Math.floor((whole.length * i) / 100));
      expect(() => loadKernel({ kernel, memoryMap }), `${kernel.length} bytes`).toThrow(ConfigurationError);
    }
  });

  it('with any bytes of its headers changed is taken within memory or refused, nothing else', () => {
    const at = fc.oneof(fc.integer({ min: 0, max: 83 }), fc.integer({ min: 0x100, max: 0x10b }));
    const flips = fc.array(fc.tuple(at, fc.integer({ min: 0, max: 255 })), { maxLength: 6 });
    fc.assert(
      fc.property(flips, fc.boolean(), (changes, addresses) => {
        const kernel = addresses ? makeMultiboot({ addresses: [0x10_0100, MIB, 0, 0x10_4000, MIB] }) : whole.slice();
        for (const [offset, value] of changes) kernel[addresses ? 0x100 + (offset % 32) : offset] = value;
        try {
          const { placements } = loadKernel({ kernel, memoryMap, initrd: new Uint8Array(10) });
          expect(findOverlap(placements)).toBeUndefined();
          for (const p of placements) expect(isUsable(memoryMap, p.address, p.size)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
