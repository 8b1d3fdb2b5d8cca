/** What a run of one point measured: whole counts and virtual nanoseconds, so that the same point gives the same bytes anywhere. */
import type { Point } from './point.ts';

/** What makes a processor leave the guest. The first seven are those of the machine; `kick`: another thread wants it to take an interrupt. */
export const EXIT_KINDS = ['port', 'mmio', 'hypercall', 'msr', 'halt', 'endOfInterrupt', 'interruptWindow', 'kick'] as const;
export type ExitKind = (typeof EXIT_KINDS)[number];

export interface RoundTrips {
  readonly count: number;
  /** In virtual ns. */
  readonly median: number;
  readonly percentile99: number;
  readonly longest: number;
}

export interface Measures {
  /** Virtual ns from the first frame of the workload to the last. */
  readonly elapsed: number;
  /** As the guest sees the directions, all cards together. */
  readonly frames: { readonly transmitted: number; readonly received: number };
  /** Payload that arrived. */
  readonly payload: { readonly transmitted: number; readonly received: number };
  readonly roundTrips?: RoundTrips;
  readonly exits: Readonly<Record<ExitKind, number>>;
  /** Delivered to the guest. */
  readonly interrupts: number;
  /** By devices, to the guest. `carried` by interrupts of a connector or a card. */
  readonly signals: { readonly sent: number; readonly suppressed: number; readonly held: number };
  /** `lost`: something waited in a ring, and nobody would ever have looked. */
  readonly doorbells: { readonly rung: number; readonly suppressed: number; readonly spurious: number; readonly lost: number };
  /** Interrupts that should have come and did not: the guest's side of `lost`. */
  readonly lostInterrupts: number;
  /** Between the guest's memory and the host's, headers included. */
  readonly copiedBytes: number;
  /** Virtual ns of CPU: in the guest, and on the host for it (exits included). */
  readonly guestTime: number;
  readonly hostTime: number;
  /** What only some workloads have: `cycles`, `configAccesses`, `bridgeCalls` … */
  readonly other: Readonly<Record<string, number>>;
}

/** `failed`: what went wrong, in one line; the same wherever it ran. */
export type PointResult = { readonly point: Point; readonly measures: Measures } | { readonly point: Point; readonly failed: string };
