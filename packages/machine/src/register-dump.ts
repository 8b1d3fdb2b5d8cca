/** Registers as text, for the report of a triple fault or an unsupported instruction. */
import type { Cpu } from '@paravirt/x86-core';

const hex = (value: bigint | number, digits: number): string => value.toString(16).padStart(digits, '0');

const GENERAL = [
  ['rax', 'rbx', 'rcx', 'rdx'],
  ['rsi', 'rdi', 'rbp', 'rsp'],
  ['r8', 'r9', 'r10', 'r11'],
  ['r12', 'r13', 'r14', 'r15'],
] as const;
const SEGMENTS = ['CS', 'SS', 'DS', 'ES', 'FS', 'GS'] as const;

/** About 15 lines, each ending in a line feed. */
export function registerDump(cpu: Cpu): string {
  const r = cpu.registers;
  const lines = [`rip ${hex(r.rip, 16)}  rflags ${hex(r.rflags, 8)}  instructions ${cpu.retired}`];
  for (const row of GENERAL) lines.push(row.map((name) => `${name.padEnd(3)} ${hex(r[name], 16)}`).join('  '));
  lines.push(`cr0 ${hex(r.cr0, 8)}  cr2 ${hex(r.cr2, 16)}  cr3 ${hex(r.cr3, 16)}  cr4 ${hex(r.cr4, 8)}  efer ${hex(r.efer, 4)}`);
  for (const name of SEGMENTS) {
    const s = r.segment(name);
    lines.push(
      `${name.toLowerCase()} ${hex(s.selector, 4)}  base ${hex(s.base, 16)}  limit ${hex(s.limit, 8)}  attributes ${hex(s.attributes, 4)}`,
    );
  }
  lines.push(`gdtr ${hex(r.gdtr.base, 16)} ${hex(r.gdtr.limit, 4)}  idtr ${hex(r.idtr.base, 16)} ${hex(r.idtr.limit, 4)}`);
  return `${lines.join('\n')}\n`;
}
