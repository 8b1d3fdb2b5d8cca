/** Runs one point, whoever drives. What it gives depends on the point, the price list and, for a Linux guest, its image alone. */
import { ConfigurationError, type RingEvent, type TraceSink } from '@paravirt/bus';
import type { EthernetPort } from '@paravirt/net-backend';
import type { CostProfile } from './cost/cost-profile.ts';
import type { GuestImage } from './linux/linux-guest.ts';
import { runLinuxPoint } from './linux/run-linux.ts';
import { isInvalid } from './matrix.ts';
import type { PointResult } from './measures.ts';
import { ModelRun, RunFailure } from './model-run.ts';
import { type Point, pointName } from './point.ts';

/** Where the lives of ring buffers are told. */
export interface RunTrace {
  readonly sink: TraceSink<RingEvent>;
  /** Wraps the port of a card, to see frames on its cable. */
  watch(card: string, port: EthernetPort): EthernetPort;
}

export interface LabContext {
  /** Price lists by name. */
  readonly profiles: ReadonlyMap<string, CostProfile>;
  /** Linux guests by architecture. */
  readonly images?: ReadonlyMap<'x86_64' | 'i686', GuestImage>;
  /** Called once for a run, before its cards are made. `now`: virtual ns, what the present task has taken included. */
  readonly trace?: (now: () => bigint) => RunTrace;
  /** Called around what is measured, for who measures the host meanwhile. */
  readonly onWorkload?: (edge: 'begins' | 'ends') => void;
}

const MOST_CARDS = 8;
/** Frames have 60 bytes and more, and no more than 64 KiB behind their header. */
const SHORTEST_FRAME = 60;
const LONGEST_FRAME = 65_550;
const LONGEST_DATAGRAM = 65_507;

/** @throws ConfigurationError for a point that is none; what goes wrong in a run is a `failed` result. */
export async function runPoint(point: Point, context: LabContext): Promise<PointResult> {
  checkPoint(point);
  const profile = context.profiles.get(point.profile);
  if (profile === undefined)
    throw new ConfigurationError('no-profile', `${pointName(point)}: there is no price list ${point.profile}`, point.profile);
  if (point.driver === 'linux') return runLinuxPoint(point, context);
  const run = new ModelRun(point, { profile, trace: context.trace, onWorkload: context.onWorkload });
  try {
    return { point, measures: run.measure() };
  } catch (error) {
    if (error instanceof RunFailure) return { point, failed: error.message };
    throw error;
  }
}

/** @throws ConfigurationError `bad-point` */
export function checkPoint(point: Point): void {
  const { card, cards, workload } = point;
  const refuse = (why: string): never => {
    throw new ConfigurationError('bad-point', `${pointName(point)}: ${why}`, point);
  };
  const why = isInvalid(card);
  if (why !== undefined) refuse(why);
  if (!Number.isInteger(cards) || cards < 1 || cards > MOST_CARDS) refuse(`${cards} cards are not 1 to ${MOST_CARDS}`);
  for (const [name, value] of Object.entries(workload))
    if (typeof value === 'number' && (!Number.isSafeInteger(value) || value < 1)) refuse(`${name} is no whole number from 1`);
  if (workload.kind === 'bulk' && (workload.frame < SHORTEST_FRAME || workload.frame > LONGEST_FRAME))
    refuse(`frames have ${SHORTEST_FRAME} to ${LONGEST_FRAME} bytes`);
  if ('size' in workload && workload.size > LONGEST_DATAGRAM) refuse(`payloads have at most ${LONGEST_DATAGRAM} bytes`);
  if (point.wire !== undefined && (!Number.isSafeInteger(point.wire) || point.wire < 1)) refuse('the wire has no speed');
}
