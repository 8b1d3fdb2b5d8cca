import { describe, expect, it } from 'vitest';
import {
  CODE_0,
  CODE_3,
  DATA_0,
  DATA_3,
  FREE,
  GDT,
  LDT,
  LDT_SELECTOR,
  PAGE_TABLES,
  TestingProcessor,
  TSS,
  TSS_SELECTOR,
} from '../testing-processor.ts';
import {
  accessRights,
  checkPort,
  clearTaskSwitched,
  cpuid,
  disableInterrupts,
  enableInterrupts,
  halt,
  loadGdt,
  loadLdt,
  loadMachineStatus,
  loadTask,
  popFlags,
  readControl,
  readDebug,
  readFlags,
  readMsr,
  readPort,
  readTimestamp,
  requireProtected,
  reset,
  segmentLimit,
  simdFault,
  swapGs,
  verifyRead,
  verifyWrite,
  writeControl,
  writeDebug,
  writeMsr,
} from './index.ts';

const GP0 = [13, 0];
const UD = [6, -1];

describe('[SDM 2B, "MOV—Move to/from Control Registers"]', () => {
  it.each([
    ['CR0: PG without PE', 0, 0x8000_0000n],
    ['CR0: NW without CD', 0, 0x2000_0001n],
    ['CR0: upper half', 0, 0x1_0000_0001n],
    ['CR3: beyond MAXPHYADDR', 3, 1n << 40n],
    ['CR4: reserved bit', 4, 1n << 11n],
    ['CR4: VME', 4, 1n],
    ['CR8: above 15', 8, 16n],
  ] as const)('#GP(0): %s', (_, n, value) => {
    const p = new TestingProcessor().protectedMode();
    expect(p.try(writeControl, n, value)).toEqual(GP0);
  });

  it('#GP(0) in long mode: clearing PAE, clearing PG from 64-bit code', () => {
    const p = new TestingProcessor().longMode();
    expect(p.try(writeControl, 4, 0)).toEqual(GP0);
    expect(p.try(writeControl, 0, 1)).toEqual(GP0);
    expect(p.try(writeMsr, 0xc000_0080, 0)).toEqual(GP0);
  });

  it('#UD for registers that are not there, #GP(0) below privilege 0', () => {
    const p = new TestingProcessor().protectedMode(3);
    expect(p.try(readControl, 1)).toEqual(UD);
    expect(p.try(readControl, 0)).toEqual(GP0);
    expect(p.try(clearTaskSwitched)).toEqual(GP0);
    expect(p.try(halt)).toEqual(GP0);
  });

  it('loads PDPTEs with CR3 in PAE mode, #GP(0) with nothing changed for a reserved bit', () => {
    const p = new TestingProcessor().protectedMode();
    p.try(writeControl, 4, 0x20);
    p.u64(PAGE_TABLES, BigInt(PAGE_TABLES + 0x1000) | 1n);
    p.u64(PAGE_TABLES + 0x1000, 0x87n);
    expect(p.try(writeControl, 3, PAGE_TABLES)).toBeUndefined();
    expect(p.try(writeControl, 0, 0x8000_0001)).toBeUndefined();
    expect(p.mmu.read(GDT + 8, 0, 4, false)).toBe(0xffff);
    p.u64(PAGE_TABLES + 0x20, 3n);
    expect(p.try(writeControl, 3, PAGE_TABLES + 0x20)).toEqual(GP0);
    expect(p.get64('cr3')).toBe(BigInt(PAGE_TABLES));
  });
});

describe('[SDM 3A §10.8.5] Initializing IA-32e mode', () => {
  it('sets LMA with paging, needs PAE, and enters 64-bit mode with a far jump', async () => {
    const { farJump } = await import('./index.ts');
    const p = new TestingProcessor().longMode();
    p.set64('cr0', 0x11n);
    p.set64('cr4', 0n);
    p.set64('efer', 0n);
    p.segment(1, CODE_0, 0xc09b);
    p.modeChanged();
    p.try(writeMsr, 0xc000_0080, 0x900);
    expect(p.try(writeControl, 0, 0x8000_0001)).toEqual(GP0);
    p.try(writeControl, 4, 0x20);
    expect(p.try(writeControl, 0, 0x8000_0001)).toBeUndefined();
    expect([p.try(readMsr, 0xc000_0080), p.decodeMode.codeWidth]).toEqual([0xd00n, 32]);
    p.try(farJump, CODE_0, 0x6000, 32);
    expect([p.decodeMode.codeWidth, p.get64('linearMask'), p.get64('codeBias')]).toEqual([64, 2n ** 64n - 1n, 2n ** 47n]);
  });

  it('LMSW never clears PE', () => {
    const p = new TestingProcessor().protectedMode();
    p.try(loadMachineStatus, 8);
    expect(p.get64('cr0') & 15n).toBe(9n);
    expect(p.get('x87Blocked')).toBe(7);
    p.try(clearTaskSwitched);
    expect(p.get('x87Blocked')).toBe(0);
  });
});

describe('[SDM 3A §10.1.1] Processor state after reset', () => {
  it('starts at FFFFFFF0H in real mode', () => {
    const p = new TestingProcessor();
    expect([p.get64('segmentBase', 1) + p.rip, p.get64('cr0'), p.rflags]).toEqual([0xffff_fff0n, 0x6000_0010n, 2n]);
    expect(p.get64('gpr', 2)).toBe(0x106can);
  });

  it('INIT keeps MSRs and x87', () => {
    const p = new TestingProcessor();
    p.set64('lstar', 5n);
    p.set('fcw', 0x37f);
    reset(p, true);
    expect([p.get64('lstar'), p.get('fcw')]).toEqual([5n, 0x37f]);
    reset(p);
    expect([p.get64('lstar'), p.get('fcw')]).toEqual([0n, 0x40]);
  });
});

describe('[SDM 3B §18.2] Debug registers', () => {
  it('alias 4 and 5 unless CR4.DE is set, keep fixed bits, and raise #DB with BD under GD', () => {
    const p = new TestingProcessor().protectedMode();
    p.try(writeDebug, 4, 0xffff_ffffn);
    expect(p.try(readDebug, 6)).toBe(0xffff_efffn);
    p.try(writeDebug, 7, 0x2000n);
    expect(p.try(readDebug, 0)).toEqual([1, -1]);
    expect([p.try(readDebug, 7), (p.get64('dr', 6) >> 13n) & 1n]).toEqual([0x400n, 1n]);
    p.set64('cr4', 8n);
    expect(p.try(readDebug, 5)).toEqual(UD);
  });
});

describe('[SDM 2A, "LLDT", "LTR"]', () => {
  it('load LDTR and TR, and mark the TSS busy', () => {
    const p = new TestingProcessor().protectedMode();
    p.descriptor(LDT_SELECTOR, LDT, 0xff, 0x82);
    p.u64(LDT + 8, p.ram.readU64(GDT + DATA_0));
    expect(p.try(verifyWrite, 8 | 4)).toBe(0n);
    p.try(loadLdt, LDT_SELECTOR);
    expect(p.try(verifyWrite, 8 | 4)).toBe(1n);
    expect(p.try(loadTask, TSS_SELECTOR)).toEqual([13, TSS_SELECTOR]);
    p.descriptor(TSS_SELECTOR, TSS, 0x67, 0x89);
    p.try(loadTask, TSS_SELECTOR);
    expect([p.get('segmentAttributes', 7), p.ram.readU8(GDT + TSS_SELECTOR + 5)]).toEqual([0x8b, 0x8b]);
    expect(p.try(loadLdt, 4 | 8)).toEqual([13, 12]);
    expect(new TestingProcessor().try(loadTask, 8)).toEqual(UD);
  });

  it('take 16-byte descriptors in long mode', () => {
    const p = new TestingProcessor().longMode();
    p.descriptor(FREE, 0x1234_5000, 0x67, 0x89);
    p.u64(GDT + FREE + 8, 0xffff_8880n);
    p.try(loadTask, FREE);
    expect(p.get64('segmentBase', 7)).toBe(0xffff_8880_1234_5000n);
    p.descriptor(FREE, 0, 0x67, 0x89);
    p.u64(GDT + FREE + 8, 0x8000n);
    expect(p.try(loadTask, FREE)).toEqual([13, FREE]);
    expect(p.try(loadGdt, 0xff, 1n << 47n)).toEqual(GP0);
  });
});

describe('[SDM 3A §5.10] Pointer validation', () => {
  it('LAR, LSL, VERR, VERW answer with privilege, type and presence of the descriptor', () => {
    const p = new TestingProcessor().protectedMode(3);
    expect(p.try(accessRights, DATA_3)).toBe(0x1_00cf_f300n);
    expect(p.try(segmentLimit, DATA_3)).toBe(0x1_ffff_ffffn);
    expect(p.try(accessRights, DATA_0)).toBe(0n);
    expect(p.try(accessRights, 0)).toBe(0n);
    expect(p.try(segmentLimit, 0x1000)).toBe(0n);
    expect([p.try(verifyRead, CODE_3), p.try(verifyWrite, CODE_3), p.try(verifyWrite, DATA_3)]).toEqual([1n, 0n, 1n]);
    p.set('cpl', 0);
    expect(p.try(segmentLimit, TSS_SELECTOR)).toBe(0x1_0000_0167n);
    expect(p.try(verifyRead, TSS_SELECTOR)).toBe(0n);
    expect(new TestingProcessor().try(requireProtected)).toEqual(UD);
  });
});

describe('[SDM 1 §19.5.2] I/O permission bit map', () => {
  it('allows a port where all its bits are clear within the limit of the TSS', () => {
    const p = new TestingProcessor().protectedMode(3);
    p.ram.writeU16(TSS + 0x66, 0x68);
    p.u32(TSS + 0x68, 0xffff_ff7f);
    expect(p.try(checkPort, 7, 1)).toBeUndefined();
    expect(p.try(checkPort, 7, 2)).toEqual(GP0);
    expect(p.try(readPort, 7, 1)).toBe(0xffn);
    expect(p.try(readPort, 0xffff, 1)).toEqual(GP0);
    p.rflags = 0x3002n;
    expect(p.try(checkPort, 0xffff, 4)).toBeUndefined();
  });
});

describe('[SDM 2A, "CLI"; SDM 2B, "STI", "POPF", "PUSHF"]', () => {
  it('ask for IOPL; STI holds interrupts off for one instruction', () => {
    const p = new TestingProcessor().protectedMode();
    p.try(enableInterrupts);
    expect([p.rflags, p.get('interruptShadow')]).toEqual([0x202n, 1]);
    p.try(disableInterrupts);
    expect(p.rflags).toBe(2n);
    const q = new TestingProcessor().protectedMode(3);
    expect([q.try(enableInterrupts), q.try(disableInterrupts)]).toEqual([GP0, GP0]);
    q.try(popFlags, 0x7fff_ffff, 32);
    expect(q.rflags).toBe(0x24_4dd7n);
    q.try(popFlags, 0, 16);
    expect(q.rflags).toBe(0x24_0002n);
    expect(q.try(readFlags, 32)).toBe(0x24_0002n);
  });
});

describe('[SDM 4] Model-specific registers', () => {
  it('#GP(0) for an unknown one; others by their owner; bases and PAT are checked', () => {
    let apic = 0xfee0_0900n;
    const handler = {
      read: () => apic,
      write: (value: bigint) => {
        apic = value;
        return value !== 1n;
      },
    };
    const p = new TestingProcessor({ msrs: new Map([[0x1b, handler]]) }).longMode();
    expect(p.try(readMsr, 0x1234)).toEqual(GP0);
    expect(p.try(writeMsr, 0x1234, 0)).toEqual(GP0);
    expect(p.try(readMsr, 0x1b)).toBe(0xfee0_0900n);
    expect(p.try(writeMsr, 0x1b, 1)).toEqual(GP0);
    expect(p.try(writeMsr, 0x277, 2)).toEqual(GP0);
    expect(p.try(writeMsr, 0xc000_0102, 1n << 47n)).toEqual(GP0);
    p.try(writeMsr, 0xc000_0101, 0xffff_8000_0000_0000n);
    p.try(writeMsr, 0xc000_0102, 0x1000n);
    p.try(swapGs);
    expect([p.get64('linearBase', 5), p.try(readMsr, 0xc000_0102)]).toEqual([0x1000n, 0xffff_8000_0000_0000n]);
    p.try(writeMsr, 0x10, 1000n);
    expect(p.try(readTimestamp)).toBe(1000n);
  });
});

describe('[SDM 2A, "CPUID"]', () => {
  const leaf = (p: TestingProcessor, n: number): number[] => {
    p.try(cpuid, n, 0);
    return [0, 3, 1, 2].map((i) => Number(p.get64('gpr', i)));
  };

  it('tells of the APIC only while there is one, and of clocks only when they are known', () => {
    const p = new TestingProcessor();
    expect(leaf(p, 0)[0]).toBe(7);
    expect((leaf(p, 1)[3] ?? 0) & 0x200).toBe(0);
    const msrs = new Map([[0x1b, { read: () => 0xfee0_0900n, write: () => true }]]);
    const q = new TestingProcessor({ msrs, tscHz: 1_000_000_000, crystalHz: 24_000_000 });
    expect((leaf(q, 1)[3] ?? 0) & 0x200).toBe(0x200);
    const [denominator = 0, numerator = 0, crystal = 0] = leaf(q, 0x15);
    expect((crystal * numerator) / denominator).toBe(1_000_000_000);
    expect(leaf(q, 0x16)[0]).toBe(1000);
  });

  it('gives address sizes, and SYSCALL only to 64-bit code', () => {
    const p = new TestingProcessor();
    expect(leaf(p, 0x8000_0008)[0]).toBe(0x3028);
    expect((leaf(p, 0x8000_0001)[3] ?? 0) & 0x800).toBe(0);
    expect((leaf(p.longMode(), 0x8000_0001)[3] ?? 0) & 0x800).toBe(0x800);
  });
});

describe('[SDM 3A §2.5] CR4.OSXMMEXCPT', () => {
  it('makes #XM of what is #UD without it', () => {
    const p = new TestingProcessor().protectedMode();
    expect(p.try(simdFault)).toEqual(UD);
    p.set64('cr4', 0x400n);
    expect(p.try(simdFault)).toEqual([19, -1]);
  });
});
