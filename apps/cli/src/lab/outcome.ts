/**
 * What is known of a point after it was measured: its result, which is the same anywhere, and what that took on the machine that did it.
 * Outcomes cross processes, machines and files as JSON; `parseOutcome` is the one way back.
 */
import { ConfigurationError } from '@paravirt/bus';
import { type PointResult, parsePointResult } from '@paravirt/lab';

/** Not part of any report that two runs could be compared by. */
export interface HostCost {
  /** As `hostMachine` tells it. */
  readonly machine: string;
  /** Of all threads of the process, in ns: boot and all, and of it what is measured. */
  readonly cpu: number;
  readonly workload: number;
  readonly wall: number;
}

export interface Outcome {
  readonly result: PointResult;
  readonly host: HostCost;
  /**
   * The failure has to do with where it ran and not with the point: its process was lost, or it took too long. It is no result to keep.
   */
  readonly lost?: true;
}

const LONGEST_MACHINE = 200;
/** Bytes of an outcome as JSON. */
export const LARGEST_OUTCOME: number = 64 << 10;

/** @throws ConfigurationError for a value that is no outcome */
export function parseOutcome(value: unknown): Outcome {
  if (typeof value !== 'object' || value === null) throw new ConfigurationError('bad-outcome', 'an outcome is an object', value);
  const { result, host, lost } = value as Readonly<Record<string, unknown>>;
  const { machine, cpu, workload, wall } = (typeof host === 'object' && host !== null ? host : {}) as Readonly<Record<string, unknown>>;
  if (typeof machine !== 'string' || machine.length > LONGEST_MACHINE || /\p{Cc}/u.test(machine))
    throw new ConfigurationError('bad-outcome', 'the machine of an outcome is no short line of text', machine);
  if (!isTime(cpu) || !isTime(workload) || !isTime(wall))
    throw new ConfigurationError('bad-outcome', 'the time of an outcome is no number of ns', host);
  if (lost !== undefined && lost !== true) throw new ConfigurationError('bad-outcome', 'an outcome is lost or not', lost);
  const known = { result: parsePointResult(result), host: { machine, cpu, workload, wall } };
  return lost === true ? { ...known, lost } : known;
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

/** Two outcomes of one point tell the same result. */
export const agree = (a: Outcome, b: Outcome): boolean => JSON.stringify(a.result) === JSON.stringify(b.result);
