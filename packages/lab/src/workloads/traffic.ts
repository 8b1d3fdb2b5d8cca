/** A workload on one card. Several cards have one each, at the same time. */
import { ConfigurationError } from '@paravirt/bus';
import type { Board } from '../cards/board.ts';
import type { Workload } from '../point.ts';
import { Bulk } from './bulk.ts';
import type { GuestEnd, PeerEnd } from './ends.ts';
import { Exchange } from './exchange.ts';
import { Packets } from './packets.ts';

export interface Traffic {
  /** Begins; called outside of tasks. */
  start(): void;
  readonly done: boolean;
  /** Why it cannot go on. */
  readonly failed: string | undefined;
  /** Of requests and answers, in virtual ns, in their order. */
  readonly roundTrips: readonly number[];
}

export interface TrafficOptions {
  readonly board: Board;
  readonly guest: GuestEnd;
  readonly peer: PeerEnd;
}

/** @throws ConfigurationError `bad-workload`: it is not about frames. */
export function trafficOf(workload: Workload, options: TrafficOptions): Traffic {
  switch (workload.kind) {
    case 'bulk':
      return new Bulk(workload, options);
    case 'packets':
      return new Packets(workload, options);
    case 'request-response':
      return new Exchange({ asks: 'guest', count: workload.count, size: workload.size, interval: 0 }, options);
    case 'ping':
      return new Exchange({ asks: 'peer', count: workload.count, size: PING_PAYLOAD, interval: workload.interval }, options);
    default:
      throw new ConfigurationError('bad-workload', `${workload.kind} sends no frames`, workload);
  }
}

/** What `ping` sends. */
export const PING_PAYLOAD = 56;
