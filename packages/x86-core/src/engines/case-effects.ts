/**
 * The engine whose values are nothing, for the common cases of system routines: running a body here tells what generated code has to bring
 * into the state before it calls the case, and what holds no longer behind it.
 */
import type { Operand } from '../semantics/language.ts';
import type { FieldName } from '../state.ts';
import type { CommonCase, Stretch, SystemLanguage } from '../system/common-case/language.ts';

export interface CaseEffects {
  /** Execution goes on elsewhere, with other rights or other translations; general registers take part. */
  readonly transfers: boolean;
  /** Reads or writes the status flags. */
  readonly flags: boolean;
}

const NOTHING = undefined;
type Nothing = undefined;

class CaseEffectsLanguage implements SystemLanguage<Nothing> {
  transfers = false;
  flags = false;

  constant(): Nothing {}
  bind(): Nothing {}
  variable(): Operand<Nothing> {
    return this.#place();
  }
  zeroExtend(): Nothing {}
  truncate(): Nothing {}
  add(): Nothing {}
  sub(): Nothing {}
  and(): Nothing {}
  or(): Nothing {}
  xor(): Nothing {}
  shl(): Nothing {}
  shr(): Nothing {}
  sar(): Nothing {}
  eq(): Nothing {}
  ne(): Nothing {}
  ltUnsigned(): Nothing {}
  select(): Nothing {}
  when(_condition: Nothing, then: () => void, otherwise?: () => void): void {
    then();
    otherwise?.();
  }
  flag(): Nothing {
    this.flags = true;
  }
  setFlags(): void {
    this.flags = true;
  }
  giveUpIf(): void {}
  state(name: FieldName): Operand<Nothing> {
    if (name === 'rip') this.transfers = true;
    return this.#place();
  }
  register(): Operand<Nothing> {
    this.transfers = true;
    return this.#place();
  }
  memory(): Stretch<Nothing> {
    return () => this.#place();
  }
  enterPrivilege(): void {
    this.transfers = true;
  }
  flushNonGlobal(): void {
    this.transfers = true;
  }
  timestamp(): Nothing {}
  holdInterrupts(): void {}

  #place(): Operand<Nothing> {
    return { width: 64, isMemory: false, read: () => NOTHING, write: () => {} };
  }
}

const known = new Map<CommonCase, CaseEffects>();

export function effectsOfCase(common: CommonCase): CaseEffects {
  let found = known.get(common);
  if (found === undefined) {
    const language = new CaseEffectsLanguage();
    common.body<Nothing>(language, ...common.parameters.map(() => NOTHING));
    found = { transfers: language.transfers, flags: language.flags };
    known.set(common, found);
  }
  return found;
}
