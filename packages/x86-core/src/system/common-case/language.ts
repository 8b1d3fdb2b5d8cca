/**
 * Common cases of system routines. A routine in system/ is plain TypeScript and says all that the manual says; where kernels call it all the
 * time, it also has a *common case*: a body for the one path that they take, in the vocabulary of the instructions and a few words more,
 * which generated code runs without JavaScript. A common case either does exactly what the routine does, or gives up with nothing written,
 * and the routine runs. So it needs no faults: whatever would raise one gives up. All its questions come before its first write.
 *
 * Common cases work in the two modes that the field `commonMode` tells, and never leave them: decode mode and derived segment fields stay as
 * they are, but for those of the registers that they load themselves.
 */

import type { Language, Operand } from '../../semantics/language.ts';
import type { FieldName } from '../../state.ts';

/** A stretch of one page of RAM, found in the TLB: pieces of it by distance from its start. */
export type Stretch<V> = (displacement: number, width: 8 | 16 | 32 | 64) => Operand<V>;

/** Widths are always given. */
export interface SystemLanguage<V>
  extends Pick<
    Language<V>,
    | 'constant'
    | 'bind'
    | 'variable'
    | 'zeroExtend'
    | 'truncate'
    | 'add'
    | 'sub'
    | 'and'
    | 'or'
    | 'xor'
    | 'shl'
    | 'shr'
    | 'sar'
    | 'eq'
    | 'ne'
    | 'ltUnsigned'
    | 'select'
    | 'when'
    | 'flag'
    | 'setFlags'
  > {
  /** This is not the common case. Only before the first write. */
  giveUpIf(condition: V): void;
  /** Element of a state field. */
  state(name: FieldName, index?: number): Operand<V>;
  /** General register, all 64 bits. */
  register(number: number): Operand<V>;
  /**
   * Memory at a linear address (width 64, cut to the mode's), with the rights of the current privilege or a supervisor's; gives up unless
   * the TLB has all of it in one page of RAM.
   */
  memory(linear: V, bytes: number, access: 'read' | 'write', rights: 'current' | 'supervisor'): Stretch<V>;
  /** Privilege is now `cpl` (width 32): accesses go through its TLBs, and what follows is looked up anew. */
  enterPrivilege(cpl: V): void;
  /** Drops the translations of all pages that are not global. */
  flushNonGlobal(): void;
  /** The time stamp counter, tscOffset included, of width 64; gives up if it must be asked for. */
  timestamp(): V;
  /** Interrupts stay off for one instruction after this one. */
  holdInterrupts(): void;
}

export interface CommonCase {
  readonly name: string;
  /** Widths of the parameters. */
  readonly parameters: readonly (32 | 64)[];
  /** Gives the routine's result, of width 64, if it has one. */
  readonly body: <V>(x: SystemLanguage<V>, ...values: V[]) => V | undefined;
}
