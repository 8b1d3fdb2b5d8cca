/**
 * CPUID: what this processor is. [SDM 2A, "CPUID—CPU Identification", Table 3-8; Figure 3-7, 3-8 for leaf 1] Only what exists is told.
 *
 * Signature: an in-order family-6 processor (model 1CH, stepping 10). It speculates as little as this one does, so that kernels do not
 * work around side channels that are not there. Features it had and this one lacks are not told.
 */
import { LINEAR_ADDRESS_BITS, PHYSICAL_ADDRESS_BITS } from '../control-bits.ts';
import type { CpuidLeaf as Leaf } from '../environment.ts';
import type { Processor } from '../processor.ts';
import { is64BitCode } from './descriptor.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';

/** EAX of leaf 1, and EDX after RESET. */
export const SIGNATURE = 0x0001_06ca;

const bits = (...numbers: number[]): number => numbers.reduce((sum, n) => sum + 2 ** n, 0);

/** Leaf 1, EDX: FPU DE PSE TSC MSR PAE MCE CX8 SEP PGE CMOV PAT PSE-36 CLFSH MMX FXSR SSE SSE2 */
const FEATURES_EDX = bits(0, 2, 3, 4, 5, 6, 7, 8, 11, 13, 15, 16, 17, 19, 23, 24, 25, 26);
/** Leaf 1, EDX: a local APIC, while IA32_APIC_BASE exists and enables it. [SDM 3A §11.4.3] */
const FEATURES_EDX_APIC = bits(9);
const IA32_APIC_BASE = 0x1b;
const APIC_GLOBAL_ENABLE = 1n << 11n;
/** Leaf 1, ECX: CMPXCHG16B MOVBE POPCNT, running under a hypervisor */
const FEATURES_ECX = bits(13, 22, 23, 31);
/** Leaf 80000001H, EDX: SYSCALL (in 64-bit mode), execute disable, 1-GiB pages, RDTSCP, Intel 64 */
const EXTENDED_EDX = bits(20, 26, 27, 29);
const EXTENDED_EDX_SYSCALL = bits(11);
/** Leaf 80000001H, ECX: LAHF/SAHF in 64-bit mode, LZCNT */
const EXTENDED_ECX = bits(0, 5);
/** Leaf 80000007H, EDX: the time stamp counter is invariant */
const INVARIANT_TSC = bits(8);

/** Leaves that processors leave to a virtual machine monitor: 4000_0000H to 4000_FFFFH. */
const HYPERVISOR_LEAF = 0x4000_0000;
const HYPERVISOR_LEAVES = 0x1_0000;
const MAXIMUM_LEAF = 7;
const MAXIMUM_LEAF_WITH_CLOCKS = 0x16;
const MAXIMUM_EXTENDED_LEAF = 0x8000_0008;
/** Bytes of a CLFLUSH line, in units of 8. */
const CLFLUSH_LINE = 8;

const text = (s: string): number => {
  let value = 0;
  for (let i = 0; i < 4; i++) value += (s.charCodeAt(i) || 0) * 2 ** (8 * i);
  return value;
};

const BRAND = 'paravirt virtual processor'.padEnd(48, '\0');
const brand = (part: number): Leaf => {
  const at = part * 16;
  return [text(BRAND.slice(at)), text(BRAND.slice(at + 4)), text(BRAND.slice(at + 8)), text(BRAND.slice(at + 12))];
};

const EMPTY: Leaf = [0, 0, 0, 0];

/** Frequencies are told only if both are known: kernels take the local APIC's timer to run at the crystal's. */
function clocks(p: Processor): { tscHz: number; crystalHz: number } | undefined {
  const { tscHz, crystalHz } = p;
  return tscHz === undefined || crystalHz === undefined ? undefined : { tscHz, crystalHz };
}

const hasApic = (p: Processor): boolean => ((p.readExternalMsr(IA32_APIC_BASE) ?? 0n) & APIC_GLOBAL_ENABLE) !== 0n;

/** Leaf 15H: TSC frequency = ECX · EBX / EAX. */
function timeStampCounter(p: Processor): Leaf {
  const c = clocks(p);
  if (c === undefined) return EMPTY;
  let [a, b] = [c.tscHz, c.crystalHz];
  while (b !== 0) [a, b] = [b, a % b];
  return [c.crystalHz / a, c.tscHz / a, c.crystalHz, 0];
}

/** Leaf 16H: base, maximum and bus frequency in MHz. */
function frequencies(p: Processor): Leaf {
  const c = clocks(p);
  if (c === undefined) return EMPTY;
  const mhz = Math.floor(c.tscHz / 1e6) & 0xffff;
  return [mhz, mhz, Math.floor(c.crystalHz / 1e6) & 0xffff, 0];
}

function leafOf(p: Processor, leaf: number): Leaf {
  const maximum = clocks(p) === undefined ? MAXIMUM_LEAF : MAXIMUM_LEAF_WITH_CLOCKS;
  switch (leaf) {
    case 0:
      return [maximum, text('Genu'), text('ntel'), text('ineI')];
    case 1:
      // EBX: initial APIC id 0, one logical processor.
      return [SIGNATURE, (CLFLUSH_LINE << 8) | (1 << 16), FEATURES_ECX, FEATURES_EDX + (hasApic(p) ? FEATURES_EDX_APIC : 0)];
    case 2:
      // One round of descriptors, all of them null: nothing is told of caches.
      return [1, 0, 0, 0];
    case 0x15:
      return timeStampCounter(p);
    case 0x16:
      return frequencies(p);
    case HYPERVISOR_LEAF:
      return [HYPERVISOR_LEAF, text('para'), text('virt'), text('')];
    case 0x8000_0000:
      return [MAXIMUM_EXTENDED_LEAF, 0, 0, 0];
    case 0x8000_0001:
      return [0, 0, EXTENDED_ECX, EXTENDED_EDX + (is64BitCode(p) ? EXTENDED_EDX_SYSCALL : 0)];
    case 0x8000_0002:
    case 0x8000_0003:
    case 0x8000_0004:
      return brand(leaf - 0x8000_0002);
    case 0x8000_0007:
      return [0, 0, 0, INVARIANT_TSC];
    case 0x8000_0008:
      return [PHYSICAL_ADDRESS_BITS | (LINEAR_ADDRESS_BITS << 8), 0, 0, 0];
    default:
      return EMPTY;
  }
}

/** What the monitor says, if the leaf is one of its own. */
const monitorLeaf = (p: Processor, leaf: number, subleaf: number): Leaf | undefined =>
  leaf >= HYPERVISOR_LEAF && leaf < HYPERVISOR_LEAF + HYPERVISOR_LEAVES ? p.hypercalls?.cpuid?.(leaf, subleaf) : undefined;

/** EAX, EBX, ECX, EDX ← leaf; the upper halves are cleared. An unknown basic or extended leaf gives zeros. */
export const cpuid: SystemRoutine = systemRoutine('cpuid', (p, rax = 0n, rcx = 0n) => {
  const leaf = Number(rax & 0xffff_ffffn);
  const [eax, ebx, ecx, edx] = monitorLeaf(p, leaf, Number(rcx & 0xffff_ffffn)) ?? leafOf(p, leaf);
  p.set64('gpr', BigInt(eax >>> 0), 0);
  p.set64('gpr', BigInt(ecx >>> 0), 1);
  p.set64('gpr', BigInt(edx >>> 0), 2);
  p.set64('gpr', BigInt(ebx >>> 0), 3);
  return undefined;
});
