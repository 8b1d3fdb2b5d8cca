/** What the body of an instruction finds around itself in a region: the locals, and the ways out. */
import type { Subroutine } from '../../semantics/language.ts';
import type { FieldName } from '../../state.ts';
import type { CommonCase } from '../../system/common-case/language.ts';
import type { FunctionBuilder } from '../../wasm/module.ts';
import type { Kind } from './lazy-flags.ts';

/** What x87 and SSE instructions all read and write: control, status, tags, top, pointers. */
const CONTROL_FIELDS = ['fcw', 'fsw', 'ftags', 'ftop', 'fip', 'fdp', 'fcs', 'mxcsr'] as const;
type ControlField = (typeof CONTROL_FIELDS)[number];
/** State that a region keeps in locals. */
export type LocalField = 'gpr' | 'xmm' | 'segmentSelector' | ControlField;

export const isControlField = (name: FieldName): name is ControlField => (CONTROL_FIELDS as readonly FieldName[]).includes(name);

export interface RegionLocals {
  /** i64: RIP of the first byte of the first entry's page. */
  readonly base: number;
  /** i64: where to go when the region is left. */
  readonly target: number;
  /** i32: instructions left in the slice, as of the last count. */
  readonly remaining: number;
  /** i32, i64, i64, i32: see lazy-flags.ts. */
  readonly flagKind: number;
  readonly flagFirst: number;
  readonly flagSecond: number;
  readonly flagCarry: number;
  /** i32: address of the TLB for the current privilege. */
  readonly tlb: number;
}

export interface RegionSurroundings {
  readonly f: FunctionBuilder;
  /** Memory is shared: fences are written. */
  readonly shared: boolean;
  readonly locals: RegionLocals;
  /** What is known of the flags where code is written. */
  kind: Kind;
  /** TOP of the x87 where code is written, if it is known; its local has it always. */
  top: number | undefined;
  /** Sets the local that tells the kind to what is known of it. */
  setKind(): void;
  /** Type of the locals of general registers: without 64-bit mode there is no high half. */
  readonly generalType: 'i32' | 'i64';
  /** Local of element `index` of a field, of the field's width: an i32 for less than 32 bits, too, with nothing above them. */
  register(field: LocalField, index: number, writes: boolean): number;
  /** Leaves to the interpreter, which executes this instruction; nothing of it may have been done. */
  bail(): void;
  /** A relative jump, call or branch that is taken. */
  jump(): void;
  /** A jump to local `target`. */
  jumpIndirect(): void;
  /** All instructions before this one are counted from here on. */
  countBefore(): void;
  /** One iteration of a repeated instruction is done, which is not the last one: leaves if the slice is used up. */
  countIteration(): void;
  /** Stores what a common case asks of the region: how many instructions are left. */
  storeRemaining(): void;
  /** Leaves through the common case of a system routine that transfers control. */
  transfer(common: CommonCase, values: readonly (readonly number[])[]): void;
  helper(name: string): number;
  commonCase(common: CommonCase): number;
  subroutine(subroutine: Subroutine): number;
}
