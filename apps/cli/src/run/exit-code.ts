/** How a run ended, as an exit code and a line for the user. */
import type { PcStop } from '@paravirt/machine';

/** Why the command itself ended the run. */
export type Cause =
  | { readonly kind: 'expected' }
  | { readonly kind: 'quit' }
  | { readonly kind: 'timeout'; readonly seconds: number }
  | { readonly kind: 'signal'; readonly name: string; readonly number: number }
  /** Nobody reads standard output any more. */
  | { readonly kind: 'output-closed' };

export interface Ending {
  readonly code: number;
  /** Without "paravirt: " and line feed; undefined if there is nothing to say. */
  readonly message: string | undefined;
  /** The CPU's registers are worth showing. */
  readonly registers: boolean;
}

export const EXIT = { ok: 0, failed: 1, usage: 2, tripleFault: 3, unsupported: 4, timeout: 124, signal: 128 } as const;
const SIGPIPE = 13;

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** @param expecting `--expect` was given: then only its text is success. */
export function endingOf(stop: PcStop, cause: Cause | undefined, expecting: boolean): Ending {
  if (cause?.kind === 'expected') return { code: EXIT.ok, message: undefined, registers: false };
  const ending = cause === undefined ? endingOfGuest(stop) : endingOfHost(cause);
  if (!expecting || cause?.kind === 'signal') return ending;
  return { ...ending, code: EXIT.failed, message: join(ending.message, 'the expected text did not appear') };
}

const join = (...parts: readonly (string | undefined)[]): string => parts.filter((p) => p !== undefined).join('; ');

function endingOfHost(cause: Exclude<Cause, { readonly kind: 'expected' }>): Ending {
  switch (cause.kind) {
    case 'quit':
      return { code: EXIT.ok, message: undefined, registers: false };
    case 'timeout':
      return { code: EXIT.timeout, message: `the guest still ran after ${cause.seconds} s`, registers: false };
    case 'signal':
      return { code: EXIT.signal + cause.number, message: `ended by ${cause.name}`, registers: false };
    case 'output-closed':
      return { code: EXIT.signal + SIGPIPE, message: undefined, registers: false };
  }
}

function endingOfGuest(stop: PcStop): Ending {
  switch (stop.kind) {
    case 'shutdown':
      return stop.cause === 'power'
        ? { code: EXIT.ok, message: undefined, registers: false }
        : { code: EXIT.tripleFault, message: 'the guest had a triple fault', registers: true };
    case 'exit':
      return { code: stop.code & 0xff, message: undefined, registers: false };
    case 'unsupported': {
      const bytes = Array.from(stop.bytes, (b: number) => b.toString(16).padStart(2, '0')).join(' ');
      return { code: EXIT.unsupported, message: `unsupported instruction ${bytes} at ${hex(stop.rip)}`, registers: true };
    }
    case 'halt':
      return { code: EXIT.failed, message: 'the guest halted with interrupts off: nothing can wake it', registers: false };
    case 'stopped':
      return { code: EXIT.failed, message: 'the run was stopped', registers: false };
  }
}
