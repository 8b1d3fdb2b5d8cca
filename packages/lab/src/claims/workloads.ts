/** The workloads of the sections: one size each for `quick` and `full`, so that sections can share points. */
import type { Workload } from '../point.ts';
import type { Plan } from './experiment.ts';

/** Ethernet without FCS, 1,500 bytes of IP. */
const FRAME = 1514;
const MIB = 1024 * 1024;

export interface Workloads {
  readonly bulkUp: Workload;
  readonly bulkDown: Workload;
  readonly bulkBoth: Workload;
  readonly packetsUp: Workload;
  readonly packetsBoth: Workload;
  readonly requestResponse: Workload;
  readonly ping: Workload;
  readonly hotplug: Workload;
  readonly probe: Workload;
}

function sized(full: boolean): Workloads {
  const bulk = { kind: 'bulk', bytes: (full ? 32 : 2) * MIB, frame: FRAME } as const;
  const packets = { kind: 'packets', count: full ? 50_000 : 2_000, size: 64 } as const;
  return {
    bulkUp: { ...bulk, direction: 'up' },
    bulkDown: { ...bulk, direction: 'down' },
    bulkBoth: { ...bulk, direction: 'both' },
    packetsUp: { ...packets, direction: 'up' },
    packetsBoth: { ...packets, direction: 'both' },
    requestResponse: { kind: 'request-response', count: full ? 5_000 : 500, size: 64 },
    ping: { kind: 'ping', count: full ? 500 : 50, interval: 1_000_000 },
    hotplug: { kind: 'hotplug', cycles: full ? 50 : 5 },
    probe: { kind: 'probe' },
  };
}

const SIZED: Readonly<Record<Plan['scope'], Workloads>> = { quick: sized(false), full: sized(true) };

/** The same objects for every call with one scope. */
export const workloadsOf = ({ scope }: Pick<Plan, 'scope'>): Workloads => SIZED[scope];

/** As tables call them. */
export function titleOf(workload: Workload): string {
  const ways = { up: 'up', down: 'down', both: 'both ways' } as const;
  switch (workload.kind) {
    case 'bulk':
      return `bulk ${ways[workload.direction]}`;
    case 'packets':
      return `packets ${ways[workload.direction]}`;
    case 'request-response':
      return 'request/response';
    case 'ping':
    case 'hotplug':
    case 'probe':
      return workload.kind;
  }
}
