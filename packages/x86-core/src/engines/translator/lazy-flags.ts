/**
 * Flags as a region keeps them, in locals: a kind, and two words that mean what the kind says. Recording is two moves; what nobody
 * reads before the next record, the WebAssembly compiler drops, also across blocks, because locals are all it sees.
 *
 *   kind         first word             second word
 *   settled      flagResult             flagCarries               as in state.ts
 *   add          a                      b                         of result = a + b
 *   sub          a                      b                         of result = a − b
 *   increment    result                 CF before
 *   decrement    result                 CF before
 *
 * Words of a width below 64 are zero-extended. A kind may be marked `carry`: then CF, and maybe OF, were set alone since, and stand in a
 * fourth local: bit 0 CF, bit 1 OF, bit 2 whether OF was set. In the state, `flagKind` is the kind; it is 0 (settled) whenever no region runs.
 */
import type { BitWidth } from '../../semantics/language.ts';
import { STATE } from '../../state.ts';
import { call, i32Const, i64Const, load, localGet, localSet, OP, store } from '../../wasm/instructions.ts';
import type { FunctionBuilder, Signature } from '../../wasm/module.ts';
import { type Expr, expr } from '../expression.ts';

export type LazyOperation = 'add' | 'sub' | 'increment' | 'decrement';
const OPERATIONS: readonly LazyOperation[] = ['add', 'sub', 'increment', 'decrement'];
const WIDTHS: readonly BitWidth[] = [8, 16, 32, 64];

/** Locals that hold the flags. */
interface FlagLocals {
  readonly flagKind: number;
  readonly flagFirst: number;
  readonly flagSecond: number;
  readonly flagCarry: number;
}

/** What is known of the kind where code is written. `logic` is settled with no carries; `unknown` stands in the local. */
export type Kind = { readonly carry?: true } & (
  | { readonly form: 'unknown' }
  | { readonly form: 'settled' }
  | { readonly form: 'logic' }
  | { readonly form: 'lazy'; readonly operation: LazyOperation; readonly width: BitWidth }
);

/** Beside the number of a kind: CF was set alone. */
export const CARRY_MARK = 32;
export const OF_SET = 4;

export const UNKNOWN: Kind = { form: 'unknown' };
export const SETTLED: Kind = { form: 'settled' };
export const LOGIC: Kind = { form: 'logic' };

/** The kind as a number in the local and in the state; undefined where only the local knows. */
export function numberOf(kind: Kind): number | undefined {
  if (kind.form === 'unknown') return undefined;
  const mark = kind.carry === true ? CARRY_MARK : 0;
  if (kind.form !== 'lazy') return mark;
  return mark + 1 + OPERATIONS.indexOf(kind.operation) * 4 + WIDTHS.indexOf(kind.width);
}

export const sameKind = (a: Kind, b: Kind): boolean =>
  a.form === b.form &&
  a.carry === b.carry &&
  (a.form !== 'lazy' || (b.form === 'lazy' && a.operation === b.operation && a.width === b.width));

/** What holds where two ways meet. */
export function meet(a: Kind, b: Kind): Kind {
  if (sameKind(a, b)) return a;
  return numberOf(a) === 0 && numberOf(b) === 0 ? SETTLED : UNKNOWN;
}

/**
 * CF, whatever the kind in the local is. INC and DEC ask for it to keep it, mostly for nobody: without a branch or a call, the WebAssembly
 * compiler drops all of this then.
 */
export function carryOfAnyKind({ flagKind, flagFirst, flagSecond, flagCarry }: FlagLocals): Expr {
  const [kind, first, second] = [localGet(flagKind), localGet(flagFirst), localGet(flagSecond)];
  const number = [...kind, ...i32Const(CARRY_MARK - 1), OP.i32And];
  const operation = [...number, ...i32Const(1), OP.i32Sub, ...i32Const(2), OP.i32ShrU];
  // Moved to the top, operands of any width carry alike.
  const width = [...i64Const(8n), ...number, ...i32Const(1), OP.i32Sub, ...i32Const(3), OP.i32And, OP.i64ExtendI32U, OP.i64Shl];
  const shift = [...i64Const(64n), ...width, OP.i64Sub];
  const added = [...first, ...second, OP.i64Add, ...shift, OP.i64Shl, ...first, ...shift, OP.i64Shl, OP.i64LtU];
  const subtracted = [...first, ...second, OP.i64LtU];
  const computed = [...subtracted, ...added, ...operation, OP.select];
  const lazy = [...second, OP.i32WrapI64, ...computed, ...operation, ...i32Const(2), OP.i32GeU, OP.select];
  const settled = [...second, ...i64Const(63n), OP.i64ShrU, OP.i32WrapI64];
  const unmarked = [...lazy, ...settled, ...number, OP.select];
  return expr('i32', true, localGet(flagCarry), i32Const(1), OP.i32And, unmarked, kind, i32Const(CARRY_MARK), OP.i32And, OP.select);
}

/** (kind, first, second, carry) → flagResult, flagCarries. */
export const SETTLE: Signature = { parameters: ['i32', 'i64', 'i64', 'i32'], results: ['i64', 'i64'] };

const TOP_BITS = i64Const(-(1n << 62n));

/** `settleLazy` is the function that `buildSettleLazy` writes. */
export function buildSettle(f: FunctionBuilder, settleLazy: number): void {
  const [kind, first, second, carry] = [0, 1, 2, 3];
  const result = f.local('i64');
  const carries = f.local('i64');
  f.emit(localGet(kind), i32Const(CARRY_MARK - 1), OP.i32And, localGet(first), localGet(second), call(settleLazy));
  f.emit(localSet(carries), localSet(result));
  f.emit(localGet(kind), i32Const(CARRY_MARK), OP.i32And);
  f.open(OP.if);
  // OF = bit 63 xor bit 62; CF = bit 63.
  const cf = [...localGet(carry), ...i32Const(1), OP.i32And];
  const newOf = [...localGet(carry), ...i32Const(1), OP.i32ShrU, ...i32Const(1), OP.i32And];
  const oldOf = [
    ...localGet(carries),
    ...localGet(carries),
    ...i64Const(1n),
    OP.i64Shl,
    OP.i64Xor,
    ...i64Const(63n),
    OP.i64ShrU,
    OP.i32WrapI64,
  ];
  const of = [...newOf, ...oldOf, ...localGet(carry), ...i32Const(OF_SET), OP.i32And, OP.select];
  f.emit(localGet(carries), i64Const((1n << 62n) - 1n), OP.i64And, cf, OP.i64ExtendI32U, i64Const(63n), OP.i64Shl, OP.i64Or);
  f.emit(cf, of, OP.i32Xor, OP.i64ExtendI32U, i64Const(62n), OP.i64Shl, OP.i64Or, localSet(carries));
  f.close();
  f.emit(localGet(result), localGet(carries));
}

/** (kind without mark, first, second) → flagResult, flagCarries. */
export const SETTLE_LAZY: Signature = { parameters: ['i32', 'i64', 'i64'], results: ['i64', 'i64'] };

export function buildSettleLazy(f: FunctionBuilder): void {
  const [kind, first, second] = [0, 1, 2];
  const shift = f.local('i64');
  const a = f.local('i64');
  const b = f.local('i64');
  const result = f.local('i64');
  const carries = f.local('i64');
  f.emit(localGet(kind), OP.i32Eqz);
  f.open(OP.if);
  f.emit(localGet(first), localGet(second), OP.return);
  f.close();
  // Operands move to the top: bit 63 of the result is the sign, bit 63 of the carries CF.
  f.emit(localGet(kind), i32Const(1), OP.i32Sub, localSet(kind));
  f.emit(i64Const(64n), i64Const(8n), localGet(kind), i32Const(3), OP.i32And, OP.i64ExtendI32U, OP.i64Shl, OP.i64Sub, localSet(shift));
  const operation = [...localGet(kind), ...i32Const(2), OP.i32ShrU];
  const top = (value: readonly number[]): number[] => [...value, ...localGet(shift), OP.i64Shl];
  // Of increment and decrement the result is known: a is one less or more.
  f.emit(operation, i32Const(1), OP.i32GtU);
  f.open(OP.if);
  f.emit(top(i64Const(1n)), localSet(b));
  f.emit(top(localGet(first)), localGet(b), i64Const(0n), localGet(b), OP.i64Sub, operation, i32Const(3), OP.i32Eq, OP.select, OP.i64Add);
  // decrement: a = result + 1, select(b, −b, operation = 3)
  f.emit(localSet(a));
  f.else();
  f.emit(top(localGet(first)), localSet(a), top(localGet(second)), localSet(b));
  f.close();
  f.emit(operation, i32Const(1), OP.i32And);
  f.open(OP.if);
  f.emit(localGet(a), localGet(b), OP.i64Sub, localSet(result));
  const not = (value: readonly number[]): number[] => [...value, ...i64Const(-1n), OP.i64Xor];
  f.emit(localGet(b), localGet(result), OP.i64And, not(localGet(a)), localGet(b), localGet(result), OP.i64Or, OP.i64And, OP.i64Or);
  f.emit(localSet(carries));
  f.else();
  f.emit(localGet(a), localGet(b), OP.i64Add, localSet(result));
  f.emit(localGet(a), localGet(b), OP.i64And, localGet(a), localGet(b), OP.i64Or, not(localGet(result)), OP.i64And, OP.i64Or);
  f.emit(localSet(carries));
  f.close();
  f.emit(localGet(result), localGet(shift), OP.i64ShrS);
  f.emit(localGet(carries), TOP_BITS, OP.i64And, localGet(carries), localGet(shift), OP.i64ShrU, i64Const(8n), OP.i64And, OP.i64Or);
  f.emit(localSet(carries));
  f.emit(operation, i32Const(1), OP.i32GtU);
  f.open(OP.if);
  // CF stays: where it differs, bits 63 and 62 flip together, which keeps OF.
  f.emit(localGet(carries), localGet(second), i64Const(63n), OP.i64Shl, OP.i64Xor, i64Const(63n), OP.i64ShrS, TOP_BITS, OP.i64And);
  f.emit(localGet(carries), OP.i64Xor, localSet(carries));
  f.close();
  f.emit(localGet(carries));
}

/** () → (): settles the flags in the state, if a region left them otherwise. */
export function buildSettleState(f: FunctionBuilder, settle: number): void {
  const zero = i32Const(0);
  const result = f.local('i64');
  const carries = f.local('i64');
  f.emit(zero, load(OP.i32Load, STATE.flagKind.address));
  f.open(OP.if);
  f.emit(zero, load(OP.i32Load, STATE.flagKind.address), zero, load(OP.i64Load, STATE.flagResult.address));
  f.emit(
    zero,
    load(OP.i64Load, STATE.flagCarries.address),
    zero,
    load(OP.i32Load, STATE.flagCarry.address),
    call(settle),
    localSet(carries),
    localSet(result),
  );
  f.emit(zero, localGet(result), store(OP.i64Store, STATE.flagResult.address));
  f.emit(zero, localGet(carries), store(OP.i64Store, STATE.flagCarries.address));
  f.emit(zero, zero, store(OP.i32Store, STATE.flagKind.address));
  f.close();
}
