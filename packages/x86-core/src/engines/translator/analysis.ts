/**
 * What the translator has to know of an instruction before it writes code: where control goes, and how the flags are used. Found once for
 * every shape by running the body in the engine whose values are nothing.
 */
import type { Decoded } from '../../decode/decoded.ts';
import type { Instruction } from '../../semantics/instruction.ts';
import { effectsOfCase } from '../case-effects.ts';
import { type Effects, effectsOf } from '../effects.ts';
import { shapeKey, shapeOf } from '../shape.ts';

export type Ending =
  /** Execution goes on behind it. */
  | 'none'
  /** To one place known from the bytes, always. */
  | 'jump'
  /** To one place known from the bytes, or on. */
  | 'branch'
  /** To one place known from the bytes, and some time later on behind it. */
  | 'call'
  /** To a place found at run time. */
  | 'indirect'
  /** To a place found at run time, and some time later on behind it. */
  | 'indirectCall'
  /** A system routine is called; then execution goes on behind it. */
  | 'routine'
  /** A system routine transfers control, and some time later execution goes on behind it. */
  | 'transfer'
  /** A system routine transfers control for good. */
  | 'transferLast'
  /** Left to the interpreter, which comes back behind it. */
  | 'interpreted'
  /** Left to the interpreter. */
  | 'interpretedLast';

export interface Analysis {
  readonly ending: Ending;
  readonly effects: Effects;
}

/**
 * Long sequences of memory accesses: all of them would be written out with their checks. ENTER reads what it has just written, so that
 * it could not be started again half way.
 */
const INTERPRETED: ReadonlySet<string> = new Set([
  'ENTER',
  'PUSHA',
  'PUSHAD',
  'POPA',
  'POPAD',
  'FXSAVE',
  'FXRSTOR',
  'FSAVE',
  'FNSAVE',
  'FRSTOR',
  'FSTENV',
  'FNSTENV',
  'FLDENV',
  'MASKMOVDQU',
  'MASKMOVQ',
]);
/** Nothing follows these. */
const LAST: ReadonlySet<string> = new Set(['IRET', 'SYSRET', 'SYSEXIT', 'RETF', 'UD0', 'UD1', 'UD2']);

const known = new Map<Instruction, Map<number, Analysis>>();

/** What the instruction does, and how it ends. */
export function analyse(decoded: Decoded): Analysis {
  const { instruction } = decoded;
  let byShape = known.get(instruction);
  if (byShape === undefined) {
    byShape = new Map();
    known.set(instruction, byShape);
  }
  const shape = shapeOf(decoded);
  const key = shapeKey(shape);
  let found = byShape.get(key);
  if (found === undefined) {
    const shapes = shape.operands.map((o) => ({ width: o.width, isMemory: o.kind === 'memory' }));
    const effects = effectsOf(instruction.body, shape.statics, shapes);
    found = { effects, ending: endingOf(decoded, effects) };
    byShape.set(key, found);
  }
  return found;
}

function endingOf(decoded: Decoded, effects: Effects): Ending {
  const { mnemonic } = decoded.instruction;
  const last = LAST.has(mnemonic) || (mnemonic === 'JMP' && effects.routines.length > 0);
  const routine = routineEnding(effects);
  if (routine === 'transfer') return last ? 'transferLast' : 'transfer';
  if (last) return 'interpretedLast';
  if (routine === 'routine') return 'routine';
  if (effects.routines.length > 0 || (effects.repeats && !effects.repeatsAtOnce) || INTERPRETED.has(mnemonic)) return 'interpreted';
  if (!effects.jumps) return 'none';
  const relative = decoded.operands[0]?.kind === 'immediate' && decoded.operands[0].width === 64;
  if (mnemonic === 'CALL') return relative ? 'call' : 'indirectCall';
  if (mnemonic === 'RET') return 'indirect';
  if (mnemonic === 'JMP') return relative ? 'jump' : 'indirect';
  return relative ? 'branch' : 'interpreted';
}

/** How an instruction ends whose system routines all have common cases. */
function routineEnding({ routines, routinesInBranch, repeats, jumps }: Effects): 'routine' | 'transfer' | undefined {
  if (routines.length === 0 || routinesInBranch || repeats || jumps) return undefined;
  const cases = routines.flatMap(({ common }) => (common === undefined ? [] : [effectsOfCase(common)]));
  if (cases.length < routines.length) return undefined;
  if (!cases.some(({ transfers }) => transfers)) return 'routine';
  return cases.length === 1 ? 'transfer' : undefined;
}

/** Whether an operand goes through CS: rare, and not checked by translated code. */
export const usesCodeSegment = (decoded: Decoded): boolean =>
  decoded.sourceSegment === 'CS' || decoded.operands.some((o) => o.kind === 'memory' && o.segment === 'CS');
