import type { TranslatorStatistics } from './translator/translator.ts';

/** What the interpreter, and the translator with it, count. */
export interface EngineStatistics {
  /** Handlers made beside the cases of the main function. */
  readonly handlers: number;
  /** System routines run in TypeScript: where they have a common case, because it was not that. */
  readonly routines: number;
  /** Times that code in a page was written after it had been decoded, and that all decoded code was dropped for want of room. */
  readonly invalidations: number;
  readonly drops: number;
  /** Retired, by engine. An iteration of a repeated instruction counts as one. */
  readonly instructions?: { readonly interpreter: number; readonly translator: number };
  readonly regions?: TranslatorStatistics;
  /** Returns from translated code to the interpreter: to go on elsewhere, the slice used up, for an instruction that it leaves out. */
  readonly exits?: { readonly goOn: number; readonly usedUp: number; readonly interpret: number };
}
