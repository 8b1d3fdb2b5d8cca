import { AddressSpace } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { PAGE_TABLES, TestingProcessor } from '../testing-processor.ts';
import { ACCESS, type AccessKind } from './paging.ts';

const A = 0x20;
const D = 0x40;
type Mode = '32-bit' | '32-bit PSE' | 'PAE' | 'PAE 2 MiB' | '4-level' | '4-level 2 MiB' | '4-level 1 GiB';
const MODES: Mode[] = ['32-bit', '32-bit PSE', 'PAE', 'PAE 2 MiB', '4-level', '4-level 2 MiB', '4-level 1 GiB'];

/** Maps one page at 0x40000000 (large: the page around it) with `bits` in every entry; gives the address of the leaf. */
function map(mode: Mode, bits: bigint, high = 0n, wp = true, nxe = true): { p: TestingProcessor; leaf: number; levels: number[] } {
  const p = new TestingProcessor().protectedMode();
  const level = (n: number): number => PAGE_TABLES + 0x1000 * n;
  const wide = mode !== '32-bit' && mode !== '32-bit PSE';
  let levels: number[];
  if (!wide) levels = [level(0) + 0x100 * 4, ...(mode === '32-bit' ? [level(1)] : [])];
  else if (mode.startsWith('PAE')) levels = [level(2) + 0, ...(mode === 'PAE' ? [level(3)] : [])];
  else {
    levels = [level(0), level(1) + 8];
    if (mode !== '4-level 1 GiB') levels.push(level(2));
    if (mode === '4-level') levels.push(level(3));
  }
  const large = mode.includes('M') || mode.includes('G') || mode.includes('PSE');
  levels.forEach((address, i) => {
    const last = i === levels.length - 1;
    const next = last ? (large ? 0x80n : 0x5000n) : BigInt((levels[i + 1] ?? 0) & ~0xfff);
    const entry = next | bits | (last ? high << 32n : 0n);
    if (wide) p.u64(address, entry);
    else p.u32(address, Number(entry & 0xffff_ffffn));
  });
  if (mode.startsWith('PAE')) {
    p.u64(level(1) + 8, BigInt(level(2)) | 1n);
    p.set64('cr3', BigInt(level(1)));
    expect(p.loadPdptes(p.get64('cr3'))).toBe(true);
  } else p.set64('cr3', BigInt(level(0)));
  p.set64('cr4', (wide ? 0x20n : 0x10n) | 0x80n);
  p.set64('efer', (mode.startsWith('4') ? 0x500n : 0n) | (nxe ? 0x800n : 0n));
  p.set64('cr0', 0x8000_0001n | (wp ? 0x1_0000n : 0n));
  p.modeChanged();
  return { p, leaf: levels.at(-1) ?? 0, levels };
}

const LINEAR = 0x4000_0123;
const walk = (p: TestingProcessor, access: AccessKind, user: boolean): number =>
  p.mmu.lookUp(LINEAR, 0, access, user) >= 0 ? -1 : p.mmu.walker.errorCode;

describe.each(MODES)('[SDM 3A §4.3–4.7] Paging, %s', (mode) => {
  const frame = mode.includes('M') || mode.includes('G') || mode.includes('PSE') ? 0x123 : 0x5123;

  it('translates, and sets accessed flags in every entry and the dirty flag in the last one, as the access needs', () => {
    const { p, leaf, levels } = map(mode, 7n);
    expect(p.mmu.lookUp(LINEAR, 0, ACCESS.read, true)).toBe(frame);
    for (const entry of levels) expect(p.ram.readU32(entry) & (A | D)).toBe(A);
    expect(p.mmu.lookUp(LINEAR, 0, ACCESS.write, true)).toBe(frame);
    for (const entry of levels) expect(p.ram.readU32(entry) & (A | D)).toBe(entry === leaf ? A | D : A);
  });

  it('allows no write past the TLB before the dirty flag is set', () => {
    const { p, leaf } = map(mode, 7n);
    p.mmu.read(LINEAR, 0, 4, true);
    p.mmu.write(LINEAR, 0, 4, 1, true);
    expect(p.ram.readU32(leaf) & D).toBe(D);
  });

  it.each([
    ['not present, read by a supervisor', 6n, ACCESS.read, false, 0],
    ['not present, written by a user', 6n, ACCESS.write, true, 6],
    ['supervisor page, read by a user', 3n, ACCESS.read, true, 5],
    ['supervisor page, written by a user', 3n, ACCESS.write, true, 7],
    ['read-only page, written by a user', 5n, ACCESS.write, true, 7],
    ['read-only page, written by a supervisor with CR0.WP', 5n, ACCESS.write, false, 3],
    ['read-only page, read by a user', 5n, ACCESS.read, true, -1],
  ] as const)('%s', (_, bits, access, user, code) => {
    const { p, levels } = map(mode, bits);
    expect(walk(p, access, user)).toBe(code);
    if (code >= 0) for (const entry of levels) expect(p.ram.readU32(entry) & (A | D)).toBe(0);
  });

  it('lets a supervisor write a read-only page without CR0.WP, but no user', () => {
    const { p } = map(mode, 5n, 0n, false);
    expect(walk(p, ACCESS.write, true)).toBe(7);
    expect(walk(p, ACCESS.write, false)).toBe(-1);
  });

  it('keeps global pages in the TLB when CR3 is loaded', () => {
    const { p, leaf } = map(mode, 0x107n);
    p.mmu.read(LINEAR, 0, 1, false);
    p.u32(leaf, p.ram.readU32(leaf) & ~1);
    p.flushTlb('non-global');
    expect(p.faultOf(() => p.mmu.read(LINEAR, 0, 1, false))).toBe(0);
    p.flushTlb(BigInt(LINEAR));
    expect(p.faultOf(() => p.mmu.read(LINEAR, 0, 1, false))).toEqual([14, 0]);
    expect(p.get64('cr2')).toBe(BigInt(LINEAR));
  });

  if (mode === '32-bit' || mode === '32-bit PSE') return;

  it('faults on instruction fetch from a page with XD, with the I/D flag', () => {
    const { p } = map(mode, 7n, 0x8000_0000n);
    expect(walk(p, ACCESS.execute, true)).toBe(0x15);
    expect(walk(p, ACCESS.read, true)).toBe(-1);
  });

  it('faults with RSVD on XD without IA32_EFER.NXE and on address bits beyond MAXPHYADDR', () => {
    expect(walk(map(mode, 7n, 0x8000_0000n, true, false).p, ACCESS.read, false)).toBe(9);
    expect(walk(map(mode, 7n, 0x100n).p, ACCESS.write, true)).toBe(15);
  });
});

describe('[SDM 3A, Table 4-4, 4-16, 4-18] Reserved bits of large pages', () => {
  it.each([
    ['32-bit PSE', 0x20_0000n],
    ['PAE 2 MiB', 0x2000n],
    ['4-level 2 MiB', 0x10_0000n],
    ['4-level 1 GiB', 0x2000_0000n],
  ] as const)('%s', (mode, bit) => {
    const { p, leaf } = map(mode, 7n);
    p.u32(leaf, p.ram.readU32(leaf) | Number(bit));
    expect(walk(p, ACCESS.read, false)).toBe(9);
  });

  it('PSE-36 takes bits 13 to 20 as address bits 32 to 39', () => {
    const { p, leaf } = map('32-bit PSE', 7n);
    p.u32(leaf, p.ram.readU32(leaf) | (0x81 << 13));
    expect(p.mmu.lookUp(LINEAR, 0, ACCESS.read, false)).toBe(0x81_0000_0123);
  });
});

describe('[SDM 3A §4.10.4.1] INVLPG', () => {
  it('of a large page drops all of it', () => {
    const { p, leaf } = map('4-level 2 MiB', 7n);
    for (let page = 0; page < 16; page++) p.mmu.read(0x4000_0000 + page * 4096, 0, 1, true);
    p.u32(leaf, 0);
    p.flushTlb(0x4000_3000n);
    for (let page = 0; page < 16; page++) expect(p.faultOf(() => p.mmu.read(0x4000_0000 + page * 4096, 0, 1, true))).toEqual([14, 4]);
  });
});

describe('Accesses through the MMU', () => {
  it('check both pages before the first byte of a write across them', () => {
    const { p } = map('PAE', 7n);
    p.u64(PAGE_TABLES + 0x3008, 0n);
    p.u32(0x5ffc, 0x1111_1111);
    expect(p.faultOf(() => p.mmu.write(0x4000_0ffe, 0, 4, 0xaabb_ccdd, false))).toEqual([14, 2]);
    expect(p.get64('cr2')).toBe(0x4000_1000n);
    expect(p.ram.readU32(0x5ffc)).toBe(0x1111_1111);
    p.u64(PAGE_TABLES + 0x3008, 0x7007n);
    p.mmu.write(0x4000_0ffe, 0, 4, 0xaabb_ccdd, false);
    expect(p.ram.readU32(0x5ffc)).toBe(0xccdd_1111);
    expect(p.ram.readU16(0x7000)).toBe(0xaabb);
    expect(p.mmu.read(0x4000_0ffe, 0, 4, false)).toBe(0xaabb_ccdd);
    expect(p.mmu.read64(0x4000_0ffa, 0, false)).toBe(0xaabb_ccdd_1111_0000n);
  });

  it('give devices 8 bytes as two 4-byte accesses, low first, and read all ones where nothing is', () => {
    const log: string[] = [];
    const mmio = new AddressSpace('mmio', 2 ** 40);
    mmio.map('device', 0xf000_0000, 16, {
      read: (offset, width) => {
        log.push(`read ${offset} ${width}`);
        return offset + 1;
      },
      write: (offset, width, value) => {
        log.push(`write ${offset} ${width} ${value}`);
      },
    });
    const p = new TestingProcessor({ mmio }).protectedMode();
    expect(p.mmu.read64(0xf000_0000, 0, false)).toBe(0x5_0000_0001n);
    p.mmu.write64(0xf000_0008, 0, 0x2_0000_0003n, false);
    p.mmu.write(0xf000_0002, 0, 1, 7, false);
    expect(log).toEqual(['read 0 4', 'read 4 4', 'write 8 4 3', 'write 12 4 2', 'write 2 1 7']);
    expect(p.mmu.read(0xe000_0000, 0, 2, false)).toBe(0xffff);
  });

  it('tell of writes to pages that hold code, and only of these', () => {
    const p = new TestingProcessor().protectedMode();
    const writes: number[] = [];
    p.mmu.onCodeWrite = (start, length) => writes.push(start, length);
    p.mmu.write(0x6010, 0, 4, 1, false);
    const host = p.ram.offsetOf(0x6000, 4096);
    p.ram.watched[host >>> 12] = 1;
    p.mmu.tlb.protectPage(host);
    p.mmu.write(0x6010, 0, 4, 2, false);
    p.mmu.write(0x7010, 0, 4, 2, false);
    p.mmu.write(0x6ffe, 0, 4, 3, false);
    expect(writes).toEqual([host + 0x10, 4, host + 0xffe, 2]);
  });
});
