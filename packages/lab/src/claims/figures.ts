/**
 * Figures made of what one point measured. Each is `undefined` where there is nothing to divide by, and for a point that was not measured,
 * so that a table has a gap there.
 */
import type { ExitKind, Measures } from '../measures.ts';

/** Of some measures, or of none. */
export type FigureOf = (measures: Measures | undefined) => number | undefined;

const figure =
  (count: (measures: Measures) => number, per: (measures: Measures) => number): FigureOf =>
  (measures) => {
    if (measures === undefined) return undefined;
    const divisor = per(measures);
    return divisor > 0 ? count(measures) / divisor : undefined;
  };

/** Both directions, all cards. */
export const frames = ({ frames: { transmitted, received } }: Measures): number => transmitted + received;
const payload = ({ payload: { transmitted, received } }: Measures): number => transmitted + received;
export const exits = ({ exits: kinds }: Measures): number => Object.values(kinds).reduce((sum, count) => sum + count, 0);
const signals = (measures: Measures): number => measures.signals.sent;
const elapsed = (measures: Measures): number => measures.elapsed;
const cpu = (measures: Measures): number => measures.hostTime + measures.guestTime;

export const exitsPerFrame: FigureOf = figure(exits, frames);
export const exitsPerSecond: FigureOf = figure((measures) => exits(measures) * 1e9, elapsed);
export const exitsPerInterrupt: FigureOf = figure(exits, (measures) => measures.interrupts);
export const kindPerFrame = (kind: ExitKind): FigureOf => figure((measures) => measures.exits[kind], frames);
export const kindPerInterrupt = (kind: ExitKind): FigureOf =>
  figure(
    (measures) => measures.exits[kind],
    (measures) => measures.interrupts,
  );

export const interruptsPerFrame: FigureOf = figure((measures) => measures.interrupts, frames);
export const interruptsPerSecond: FigureOf = figure((measures) => measures.interrupts * 1e9, elapsed);
export const signalsPerFrame: FigureOf = figure(signals, frames);
export const signalsPerInterrupt: FigureOf = figure(signals, (measures) => measures.interrupts);
/** Of 1: signals that came without an interrupt of their own. */
export const interruptsSaved: FigureOf = (measures) =>
  measures === undefined || signals(measures) === 0 ? undefined : 1 - measures.interrupts / signals(measures);

export const doorbellsPerFrame = (what: keyof Measures['doorbells']): FigureOf => figure((measures) => measures.doorbells[what], frames);

/** Payload, both directions, in Mb/s. */
export const throughput: FigureOf = figure((measures) => payload(measures) * 8e3, elapsed);
export const framesPerSecond: FigureOf = figure((measures) => frames(measures) * 1e9, elapsed);
/** CPU time in ns: of the host, of the guest, of both. */
export const hostPerFrame: FigureOf = figure((measures) => measures.hostTime, frames);
export const guestPerFrame: FigureOf = figure((measures) => measures.guestTime, frames);
export const cpuPerFrame: FigureOf = figure(cpu, frames);
/** In processors: 0.5 is one that is busy half of the time. */
export const hostLoad: FigureOf = figure((measures) => measures.hostTime, elapsed);
export const cpuLoad: FigureOf = figure(cpu, elapsed);
export const copiedPerByte: FigureOf = figure((measures) => measures.copiedBytes, payload);

/** In µs. */
export const medianRoundTrip: FigureOf = (measures) => (measures?.roundTrips === undefined ? undefined : measures.roundTrips.median / 1e3);
export const slowRoundTrip: FigureOf = (measures) =>
  measures?.roundTrips === undefined ? undefined : measures.roundTrips.percentile99 / 1e3;

/** What only some cards and workloads have. */
export const other =
  (name: string): FigureOf =>
  (measures) =>
    measures?.other[name];
