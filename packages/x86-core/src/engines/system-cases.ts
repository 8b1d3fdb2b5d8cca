/**
 * The common cases of the system routines as functions of the interpreter's main module. [system/common-case/language.ts] They are exported
 * by the names that `caseName` gives, for handlers and regions with modules of their own.
 */

import { delivery } from '../system/common-case/delivery.ts';
import type { CommonCase } from '../system/common-case/language.ts';
import * as system from '../system/index.ts';
import type { SystemRoutine } from '../system/routine.ts';
import type { ModuleBuilder, Signature } from '../wasm/module.ts';
import { effectsOfCase } from './case-effects.ts';
import { FLUSH_CODE_TLB, writeCodeTlbFlush } from './code-tlb.ts';
import { typeOf } from './expression.ts';
import { GO_ON, transferName, transferSignature, writeGoOn, writeTransfer } from './region-transfer.ts';
import { SystemCaseLanguage } from './system-case-language.ts';

export const caseName = (common: CommonCase): string => `common ${common.name}`;

/** (parameters) → 1: done; 0: given up, nothing written. The result is in the field systemResult. */
export const caseSignature = (common: CommonCase): Signature => ({ parameters: common.parameters.map(typeOf), results: ['i32'] });

const isRoutine = (value: unknown): value is SystemRoutine => typeof value === 'object' && value !== null && 'run' in value;

/** Those of all routines, and delivery. */
const COMMON_CASES: readonly CommonCase[] = [
  delivery,
  ...Object.values(system)
    .filter(isRoutine)
    .flatMap((routine) => (routine.common === undefined ? [] : [routine.common])),
];

/** Adds the functions to the main module; gives their indices by `caseName`, and those of the helpers. */
export function buildSystemCases(module: ModuleBuilder, helpers: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const index = new Map<string, number>(helpers);
  const flush = module.function(FLUSH_CODE_TLB, 'flushCodeTlb');
  writeCodeTlbFlush(flush.builder);
  index.set('flushCodeTlb', flush.index);
  const goOn = module.function(GO_ON, 'goOn');
  writeGoOn(goOn.builder, module);
  for (const common of COMMON_CASES) {
    const made = module.function(caseSignature(common), caseName(common));
    const language = new SystemCaseLanguage(made.builder, (name) => index.get(name) as number);
    language.finish(common.body(language, ...common.parameters.map((width, i) => language.parameter(i, width))));
    index.set(caseName(common), made.index);
    if (!effectsOfCase(common).transfers) continue;
    const transfer = module.function(transferSignature(common), transferName(common));
    const settleState = helpers.get('settleState') as number;
    writeTransfer(transfer.builder, common, { settleState, common: made.index, goOn: goOn.index });
  }
  return index;
}
