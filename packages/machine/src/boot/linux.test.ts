import { ConfigurationError } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BootProgram } from './boot-program.ts';
import { memoryMapOf } from './e820.ts';
import { loadKernel } from './kernel.ts';
import { type LinuxOptions, loadLinux } from './linux.ts';
import { findOverlap, isUsable } from './placement.ts';
import { type BzImageFields, makeBzImage } from './test-images.ts';

const MIB = 0x10_0000;
const memoryMap = memoryMapOf(64 * MIB, 0);

const load = (fields: BzImageFields, options: Partial<LinuxOptions> = {}): BootProgram =>
  loadLinux({ kernel: makeBzImage(fields), memoryMap, ...options });

/** Code and message of the ConfigurationError that `run` throws. */
function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigurationError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'taken';
}

/** The word of the placement that holds an address. */
function peek(program: BootProgram, address: number): number {
  const home = program.placements.find((p) => address >= p.address && address < p.address + p.bytes.length);
  if (home === undefined) throw new Error(`nothing at ${address.toString(16)}`);
  const view = new DataView(home.bytes.buffer, home.bytes.byteOffset, home.bytes.length);
  return view.getUint32(address - home.address, true);
}

describe('[linux boot.rst] The Real-Mode Kernel Header', () => {
  it('LD-02 takes setup_sects 0 as 4', () => {
    const zero = load({ setupSects: 0 });
    const kernel = zero.placements.find((p) => p.address === 0x100_0000);
    expect(kernel?.bytes.subarray(0, 4)).toEqual(Uint8Array.of(0, 1, 2, 3));
    expect(load({ setupSects: 27 }).placements.find((p) => p.address === 0x100_0000)?.bytes.length).toBe(0x4000);
  });

  it('LD-02 refuses protocols before 2.06', () => {
    for (const version of [0x0000, 0x0200, 0x0205])
      expect(refusal(() => load({ version }))).toMatch(/^kernel-protocol: the kernel speaks boot protocol \d\.\d\d; 2\.06/);
    expect(refusal(() => load({ version: 0x0206, xloadflags: 0 }))).toBe('taken');
  });

  it('LD-02 refuses a file without boot flag, and a zImage', () => {
    const kernel = makeBzImage();
    kernel[0x1fe] = 0;
    expect(refusal(() => loadLinux({ kernel, memoryMap }))).toMatch(/^kernel-format: .*boot flag/);
    expect(refusal(() => load({ loadflags: 0 }))).toMatch(/^kernel-format: .*zImage/);
  });

  it('LD-02 refuses a header that ends before its fields', () => {
    const kernel = makeBzImage();
    kernel[0x201] = 0x20;
    expect(refusal(() => loadLinux({ kernel, memoryMap }))).toMatch(/^kernel-format: .*setup header ends/);
  });

  it('LD-02 takes a payload that is shorter than its last paragraph, refuses one that lacks more, ignores what follows', () => {
    expect(refusal(() => load({ payload: 0x3ff1, syssize: 0x400 }))).toBe('taken');
    expect(refusal(() => load({ payload: 0x3ff0, syssize: 0x400 }))).toMatch(/^kernel-truncated/);
    expect(refusal(() => load({ syssize: 0xffff_ffff }))).toMatch(/^kernel-truncated/);
    expect(load({ payload: 0x4100, syssize: 0x400 }).placements.find((p) => p.address === 0x100_0000)?.size).toBe(0x4000);
    expect(refusal(() => load({ syssize: 0 }))).toMatch(/^kernel-truncated/);
  });

  it('LD-02 refuses an alignment that is no power of two', () => {
    expect(refusal(() => load({ alignment: 0 }))).toMatch(/^kernel-format/);
    expect(refusal(() => load({ alignment: 3 }))).toMatch(/^kernel-format/);
  });
});

describe('[linux boot.rst] Loading The Rest of The Kernel', () => {
  it('loads a relocatable kernel at its preferred address, or at the lowest aligned one if memory ends before', () => {
    expect(load({}).start?.rip).toBe(0x100_0200);
    expect(load({ prefAddress: 0x1000_0000n }).start?.rip).toBe(0x20_0200);
    expect(load({ prefAddress: 2n ** 40n }).start?.rip).toBe(0x20_0200);
    expect(refusal(() => load({ prefAddress: 2n ** 63n }))).toMatch(/^kernel-format/);
  });

  it('loads any other kernel at 1 MiB and wants memory where it will run', () => {
    expect(load({ relocatable: 0, alignment: 0, xloadflags: 0 }).start?.rip).toBe(MIB);
    expect(refusal(() => load({ relocatable: 0, prefAddress: 0x1000_0000n }))).toMatch(/^memory-too-small/);
  });

  it('LD-02 refuses an init_size beyond RAM', () => {
    expect(refusal(() => load({ initSize: 64 * MIB }))).toMatch(/^memory-too-small: the kernel needs 64 MiB/);
    expect(refusal(() => load({ initSize: 0xffff_ffff }))).toMatch(/^memory-too-small/);
    expect(refusal(() => load({ relocatable: 0, prefAddress: 0x10_0000n, initSize: 0xffff_ffff }))).toMatch(/^memory-too-small/);
  });

  it('LD-02 places the initrd as high as initrd_addr_max and memory allow, page aligned', () => {
    const initrd = new Uint8Array(5000);
    const at = (fields: BzImageFields): number => peek(load(fields, { initrd }), 0x7218);
    expect(at({})).toBe(64 * MIB - 8192);
    expect(at({ initrdAddrMax: 0x1ff_ffff })).toBe(0x1ff_e000);
    expect(at({ initrdAddrMax: 0x1ff_e386 })).toBe(0x1ff_c000);
    expect(at({ initrdAddrMax: 0x1ff_e387 })).toBe(0x1ff_d000);
    expect(at({ initrdAddrMax: 0xffff_ffff })).toBe(64 * MIB - 8192);
    expect(refusal(() => load({ initrdAddrMax: 0x1000 }, { initrd }))).toMatch(/^initrd-too-large/);
    expect(peek(load({}, { initrd }), 0x721c)).toBe(5000);
    expect(peek(load({}), 0x7218)).toBe(0);
  });

  it('refuses an initrd that memory does not hold beside the kernel', () => {
    expect(refusal(() => load({}, { initrd: new Uint8Array(64 * MIB) }))).toBe(
      'initrd-too-large: the initrd (64 MiB) does not fit into memory beside the kernel, below 2048 MiB',
    );
  });

  it('never places the initrd where the kernel will move itself to', () => {
    const program = load({ relocatable: 0, prefAddress: BigInt(32 * MIB), initSize: 31 * MIB }, { initrd: new Uint8Array(4 * MIB) });
    expect(peek(program, 0x7218)).toBe(28 * MIB);
  });
});

describe('[linux boot.rst] The Kernel Command Line', () => {
  it('is passed with a zero at its end', () => {
    const program = load({}, { commandLine: 'console=ttyS0' });
    const at = peek(program, 0x7228);
    const bytes = program.placements.find((p) => p.address === at)?.bytes;
    expect(String.fromCharCode(...(bytes ?? []))).toBe('console=ttyS0\0');
  });

  it('LD-02 is refused beyond cmdline_size', () => {
    expect(refusal(() => load({}, { commandLine: 'x'.repeat(2047) }))).toBe('taken');
    expect(refusal(() => load({}, { commandLine: 'x'.repeat(2048) }))).toMatch(
      /^command-line-too-long: .*2048 bytes, this kernel takes 2047/,
    );
    expect(refusal(() => load({ cmdlineSize: 0xffff_ffff }, { commandLine: 'x'.repeat(0x10_0000) }))).toMatch(/^command-line-too-long/);
    expect(refusal(() => load({}, { commandLine: 'a\0b' }))).toMatch(/^command-line:/);
  });
});

describe('[linux boot.rst] 64-bit Boot Protocol', () => {
  const program = load({}, { rsdp: 0xe_0000 });

  it('enters 0x200 bytes past the load address with paging on and everything below 4 GiB mapped to itself', () => {
    const start = program.start;
    expect(start).toMatchObject({ rip: 0x100_0200, rsi: 0x7000, cr0: 0x8000_0011, cr4: 0x20, efer: 0x500 });
    expect(start?.code).toMatchObject({ selector: 0x10, flags: 0xa });
    expect(start?.data).toMatchObject({ selector: 0x18, flags: 0xc });
    const cr3 = start?.cr3 ?? 0;
    for (const address of [0, 0x100_0200, 0x3fff_ffff, 0xc000_0000, 0xffff_ffff]) {
      const directory = (peek(program, peekEntry(cr3, 0)) & ~0xfff) + 8 * Math.floor(address / 2 ** 30);
      const entry = peek(program, (peek(program, directory) & ~0xfff) + 8 * (Math.floor(address / 2 ** 21) % 512));
      expect(entry & 0x83).toBe(0x83);
      expect((entry & ~0xfff) >>> 0).toBe(address - (address % 2 ** 21));
    }
  });

  it('keeps the GDT in memory that says the same as the segments', () => {
    const base = program.start?.gdt.base ?? 0;
    expect([peek(program, base + 0x10), peek(program, base + 0x14)]).toEqual([0xffff, 0x00af_9b00]);
    expect([peek(program, base + 0x18), peek(program, base + 0x1c)]).toEqual([0xffff, 0x00cf_9300]);
  });

  it('fills the zero page: header, loader type, memory map, ACPI root', () => {
    expect(peek(program, 0x7202)).toBe(0x5372_6448);
    expect(peek(program, 0x7210) & 0xff).toBe(0xff);
    expect(peek(program, 0x7070)).toBe(0xe_0000);
    expect(peek(program, 0x71e8) & 0xff).toBe(memoryMap.length);
    expect(peek(program, 0x72d0 + 20 * 3)).toBe(MIB);
    expect(peek(program, 0x72d0 + 20 * 3 + 16)).toBe(1);
  });

  it('places everything apart and in usable memory', () => {
    const { placements } = load({}, { initrd: new Uint8Array(10 * MIB), commandLine: 'x' });
    expect(findOverlap(placements)).toBeUndefined();
    for (const p of placements) expect(isUsable(memoryMap, p.address, p.size)).toBe(true);
  });
});

const peekEntry = (table: number, index: number): number => table + 8 * index;

describe('[linux boot.rst] 32-bit Boot Protocol', () => {
  it('is used without XLF_KERNEL_64, or before 2.12', () => {
    for (const fields of [{ xloadflags: 0 }, { xloadflags: 0x3e }, { version: 0x020b }]) {
      expect(load(fields).start).toMatchObject({ rip: 0x100_0000, rsi: 0x7000, rbx: 0, cr0: 0x11, cr3: 0, cr4: 0, efer: 0 });
      expect(load(fields).start?.code).toMatchObject({ selector: 0x10, flags: 0xc });
    }
  });

  it('moves code32_start with the kernel, and refuses one outside the code', () => {
    expect(load({ xloadflags: 0, code32Start: 0x10_1000 }).start?.rip).toBe(0x100_1000);
    expect(refusal(() => load({ xloadflags: 0, code32Start: 0x9_0000 }))).toMatch(/^kernel-format/);
    expect(refusal(() => load({ xloadflags: 0, code32Start: 0xffff_ffff }))).toMatch(/^kernel-format/);
    expect(refusal(() => load({ payload: 0x100 }))).toMatch(/^kernel-format/);
  });
});

describe('A bad file', () => {
  const whole = makeBzImage();

  it('truncated at any of 100 places is refused', () => {
    for (let i = 0; i < 100; i++) {
      const kernel = whole.subarray(0, Math.floor((whole.length * i) / 100));
      expect(
        refusal(() => loadKernel({ kernel, memoryMap })),
        `${kernel.length} bytes`,
      ).toMatch(/^kernel-(truncated|format)/);
    }
  });

  it('is told apart by what it is', () => {
    const refuse = (kernel: Uint8Array): string => refusal(() => loadKernel({ kernel, memoryMap }));
    const gzip = new Uint8Array(1000);
    gzip.set([0x1f, 0x8b]);
    expect(refuse(new Uint8Array(0))).toBe('kernel-truncated: the kernel has 0 bytes: too short to be one');
    expect(refuse(gzip)).toMatch(/^kernel-format: .*gzip/);
    expect(refuse(new Uint8Array(1000))).toBe('kernel-format: the kernel is neither a Linux bzImage nor a multiboot image');
    gzip.set([0x7f, 0x45, 0x4c, 0x46]);
    expect(refuse(gzip)).toMatch(/^kernel-format: .*ELF/);
  });

  it('with any bytes of its header changed is taken within memory or refused, nothing else', () => {
    const flips = fc.array(fc.tuple(fc.integer({ min: 0x1f1, max: 0x26f }), fc.integer({ min: 0, max: 255 })), { maxLength: 8 });
    fc.assert(
      fc.property(flips, fc.integer({ min: 0, max: 9000 }), (changes, initrdSize) => {
        const kernel = whole.slice();
        for (const [at, value] of changes) kernel[at] = value;
        try {
          const { placements } = loadKernel({ kernel, memoryMap, initrd: new Uint8Array(initrdSize), commandLine: 'x' });
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
