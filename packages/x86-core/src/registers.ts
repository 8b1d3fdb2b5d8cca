/** Registers as an embedder sees them: by their names, segment registers with their hidden parts. */
import { type FieldName, SEGMENT_NUMBER } from './state.ts';
import type { SystemProcessor } from './system-processor.ts';

export interface SegmentRegister {
  readonly selector: number;
  readonly base: bigint;
  /** In bytes, granularity applied. */
  readonly limit: number;
  /** Access rights: bits 8–23 of the second descriptor doubleword, shifted right by 8. Zero: unusable. */
  readonly attributes: number;
}

export interface TableRegister {
  readonly base: bigint;
  readonly limit: number;
}

const GENERAL = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'] as const;
const CONTROL = ['cr0', 'cr2', 'cr3', 'cr4', 'efer'] as const;
export type GeneralRegister = (typeof GENERAL)[number];
type ControlRegister = (typeof CONTROL)[number];
export type SegmentRegisterName = keyof typeof SEGMENT_NUMBER;

/** 64-bit values. A write takes effect as if the CPU had been in that state: no checks, no side effects. */
export interface Registers extends Record<GeneralRegister | ControlRegister, bigint> {
  rip: bigint;
  rflags: bigint;
  gdtr: TableRegister;
  idtr: TableRegister;
  segment(name: SegmentRegisterName): SegmentRegister;
  /** Setting CS sets the privilege level to its RPL. */
  setSegment(name: SegmentRegisterName, value: SegmentRegister): void;
  /** x87, MMX and SSE state, or any other field of the state table, element by element. */
  field(name: FieldName, index?: number): bigint;
  setField(name: FieldName, value: bigint, index?: number): void;
}

export function createRegisters(p: SystemProcessor): Registers {
  const table = (base: FieldName, limit: FieldName): PropertyDescriptor => ({
    get: (): TableRegister => ({ base: p.get64(base), limit: p.get(limit) }),
    set: (value: TableRegister): void => {
      p.set64(base, value.base);
      p.set(limit, value.limit);
    },
    enumerable: true,
  });
  const registers = {
    segment: (name: SegmentRegisterName): SegmentRegister => {
      const n = SEGMENT_NUMBER[name];
      return {
        selector: p.get('segmentSelector', n),
        base: p.get64('segmentBase', n),
        limit: p.get('segmentLimit', n),
        attributes: p.get('segmentAttributes', n),
      };
    },
    setSegment: (name: SegmentRegisterName, value: SegmentRegister): void => {
      const n = SEGMENT_NUMBER[name];
      p.set('segmentSelector', value.selector, n);
      p.set64('segmentBase', value.base, n);
      p.set('segmentLimit', value.limit, n);
      p.set('segmentAttributes', value.attributes, n);
      if (name === 'CS') p.set('cpl', value.selector & 3);
      p.modeChanged();
    },
    field: (name: FieldName, index = 0): bigint => p.get64(name, index),
    setField: (name: FieldName, value: bigint, index = 0): void => {
      p.set64(name, value, index);
      p.modeChanged();
    },
  };
  GENERAL.forEach((name, n) => {
    Object.defineProperty(registers, name, {
      get: () => p.get64('gpr', n),
      set: (value: bigint) => p.set64('gpr', value, n),
      enumerable: true,
    });
  });
  for (const name of CONTROL) {
    Object.defineProperty(registers, name, {
      get: () => p.get64(name),
      set: (value: bigint) => {
        p.set64(name, value);
        p.flushTlb('all');
        p.modeChanged();
      },
      enumerable: true,
    });
  }
  Object.defineProperty(registers, 'rip', { get: () => p.get64('rip'), set: (value: bigint) => p.set64('rip', value), enumerable: true });
  Object.defineProperty(registers, 'rflags', {
    get: () => p.rflags,
    set: (value: bigint) => {
      p.rflags = value;
      p.modeChanged();
    },
    enumerable: true,
  });
  Object.defineProperty(registers, 'gdtr', table('gdtrBase', 'gdtrLimit'));
  Object.defineProperty(registers, 'idtr', table('idtrBase', 'idtrLimit'));
  return registers as unknown as Registers;
}
