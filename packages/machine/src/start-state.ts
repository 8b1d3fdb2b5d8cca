/** Puts a loader's start state into a CPU that was just reset. */
import type { Cpu } from '@paravirt/x86-core';
import type { StartSegment, StartState } from './boot/boot-program.ts';

/** Interrupts off; bit 1 is always set. [SDM 1 §3.4.3] */
const RFLAGS_FIXED = 0x2n;
const FOUR_GIB_LIMIT = 0xffff_ffff;

/** Flat segment; attributes as in the second doubleword of a descriptor, shifted right by 8. */
const hidden = (segment: StartSegment) => ({
  selector: segment.selector,
  base: 0n,
  limit: FOUR_GIB_LIMIT,
  attributes: segment.access | (segment.flags << 12),
});

/** Control registers come before the segments: they decide what a segment's bits mean. */
export function applyStartState(cpu: Cpu, start: StartState): void {
  const r = cpu.registers;
  r.cr3 = BigInt(start.cr3);
  r.cr4 = BigInt(start.cr4);
  r.efer = BigInt(start.efer);
  r.cr0 = BigInt(start.cr0);
  r.gdtr = { base: BigInt(start.gdt.base), limit: start.gdt.limit };
  r.setSegment('CS', hidden(start.code));
  for (const name of ['DS', 'ES', 'SS', 'FS', 'GS'] as const) r.setSegment(name, hidden(start.data));
  r.rflags = RFLAGS_FIXED;
  for (const name of ['rcx', 'rdx', 'rdi', 'rbp', 'rsp'] as const) r[name] = 0n;
  r.rax = BigInt(start.rax);
  r.rbx = BigInt(start.rbx);
  r.rsi = BigInt(start.rsi);
  r.rip = BigInt(start.rip);
}
