/** Points whose driver is a Linux guest. */
import { ConfigurationError } from '@paravirt/bus';
import type { CostProfile } from '../cost/cost-profile.ts';
import type { Measures, PointResult } from '../measures.ts';
import type { Point } from '../point.ts';
import type { LabContext } from '../run-point.ts';
import { GuestFailure } from './guest-failure.ts';
import { runHotPlug, runProbe } from './hot-plug.ts';
import { type GuestImage, imageOf, LinuxGuest } from './linux-guest.ts';
import { whyNotLinux } from './set-up.ts';
import { runPings, runTraffic } from './traffic.ts';

export interface LinuxContext extends LabContext {
  /** Default: that of the machine. What is measured does not depend on it. */
  readonly engine?: 'interpreter' | 'translator';
}

/**
 * Boots a guest, has it do the workload, and measures exactly that. The same point with the same image gives the same result anywhere.
 * @throws ConfigurationError `no-profile`, `no-image`, and for a card set-up that is none.
 */
export async function runLinuxPoint(point: Point, context: LinuxContext): Promise<PointResult> {
  const profile = context.profiles.get(point.profile);
  if (profile === undefined) throw new ConfigurationError('no-profile', `no cost profile ${point.profile}`, point.profile);
  const image = imageOf(context.images);
  const why = whyNotLinux(point);
  if (why !== undefined) return { point, failed: why };
  try {
    return { point, measures: await measure(point, profile, image, context) };
  } catch (error) {
    if (!(error instanceof GuestFailure)) throw error;
    return { point, failed: error.message };
  }
}

async function measure(
  point: Point,
  profile: CostProfile,
  image: GuestImage,
  { engine, trace, onWorkload }: LinuxContext,
): Promise<Measures> {
  const { workload, card } = point;
  const comes = workload.kind === 'hotplug' || workload.kind === 'probe';
  const guest = await LinuxGuest.boot({ point, profile, image, engine, trace, onWorkload, cards: comes ? 0 : point.cards });
  switch (workload.kind) {
    case 'bulk':
    case 'packets':
    case 'request-response':
      return runTraffic(guest, workload, card.interrupts, profile);
    case 'ping':
      return runPings(guest, workload, profile);
    case 'hotplug':
      return runHotPlug(guest, workload.cycles, profile);
    case 'probe':
      return runProbe(guest, profile);
  }
}
