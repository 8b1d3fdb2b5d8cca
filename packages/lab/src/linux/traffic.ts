/** Workloads that move frames, over all cards of a Linux guest at once: by labnet in the guest, or by pings from the peers. */

import type { CostProfile } from '../cost/cost-profile.ts';
import type { Measures } from '../measures.ts';
import { percentiles } from '../measuring.ts';
import type { Workload } from '../point.ts';
import { type Counts, measuresBetween, type Outcome } from './counts.ts';
import { GuestFailure } from './guest-failure.ts';
import type { LinuxGuest } from './linux-guest.ts';
import { MARKS } from './marks.ts';
import { STREAMS_PORT } from './peer.ts';
import { ANSWERS_PORT, PACKETS_PORT } from './peer-datagrams.ts';

type Traffic = Extract<Workload, { readonly kind: 'bulk' | 'packets' | 'request-response' }>;
type Ping = Extract<Workload, { readonly kind: 'ping' }>;

/** So long the guest is left alone before it is pinged. */
const REST = 200_000_000n;

/** Has labnet do a workload. @throws GuestFailure */
export async function runTraffic(guest: LinuxGuest, workload: Traffic, interrupts: string, profile: CostProfile): Promise<Measures> {
  const { run, peers } = guest;
  run.type(`labnet ${labnetWords(workload)} ${peers.map(({ address }) => address).join(' ')}\n`);
  await run.untilMark(MARKS.begin);
  const before = guest.begin();
  await run.untilMark(MARKS.end);
  const after = guest.end();
  const [, text = ''] = await run.untilOutput(/^LAB \w+((?: \w+=\d+)+)\r?\n/m);
  const figures = new Map([...text.matchAll(/(\w+)=(\d+)/g)].map(([, name, value]) => [name as string, Number(value)]));
  const { elapsed } = guest;
  if (elapsed === undefined) throw new GuestFailure('nothing went over the wire');
  const outcome = outcomeOf(workload, peers.length, (name) => figures.get(name) ?? 0);
  const statusReads = interrupts === 'intx' ? { interruptStatusReads: registerReads(after) - registerReads(before) } : {};
  return measuresBetween(before, after, profile, { ...outcome, elapsed, other: { ...outcome.other, ...statusReads } });
}

function labnetWords(workload: Traffic): string {
  const both = (amount: number, direction: 'down' | 'up' | 'both'): string =>
    `${direction === 'up' ? 0 : amount} ${direction === 'down' ? 0 : amount}`;
  switch (workload.kind) {
    case 'bulk':
      return `stream ${both(workload.bytes, workload.direction)} ${STREAMS_PORT}`;
    case 'packets':
      return `packets ${both(workload.count, workload.direction)} ${workload.size} ${PACKETS_PORT}`;
    case 'request-response':
      return `requests ${workload.count} ${workload.size} ${ANSWERS_PORT}`;
  }
}

/** @param figure What labnet said. */
function outcomeOf(workload: Traffic, cards: number, figure: (name: string) => number): Outcome {
  switch (workload.kind) {
    case 'bulk': {
      // Complete, or labnet would have failed.
      const { bytes, direction } = workload;
      const payload = { transmitted: direction === 'down' ? 0 : bytes * cards, received: direction === 'up' ? 0 : bytes * cards };
      return { payload, other: {} };
    }
    case 'packets': {
      const { size, count, direction } = workload;
      if (figure('wrong') > 0) throw new GuestFailure(`${figure('wrong')} datagrams with wrong contents`);
      const wanted = count * cards;
      const lost = {
        lostTransmitted: direction === 'down' ? 0 : wanted - figure('arrived'),
        lostReceived: direction === 'up' ? 0 : wanted - figure('received'),
      };
      return { payload: { transmitted: figure('arrived') * size, received: figure('received') * size }, other: lost };
    }
    case 'request-response': {
      const [count, median, percentile99, longest] = ['count', 'median', 'percentile99', 'longest'].map(figure) as [
        number,
        number,
        number,
        number,
      ];
      const bytes = count * workload.size;
      return {
        payload: { transmitted: bytes, received: bytes },
        roundTrips: { count, median, percentile99, longest },
        other: {},
      };
    }
  }
}

/** Reads of registers of cards and of the bridge: with INTx they ask whose interrupt it is. */
function registerReads({ report: { ports, mmio } }: Counts): number {
  return [...ports, ...mmio].filter(({ device }) => / BAR\d?/.test(device)).reduce((total, { reads }) => total + reads, 0);
}

/** The peers ping, the guest sleeps in between. @throws GuestFailure */
export async function runPings(guest: LinuxGuest, { count, interval }: Ping, profile: CostProfile): Promise<Measures> {
  const { run } = guest;
  await run.rest(REST);
  // The first one makes the guest ask for our hardware address.
  await pingAll(guest, 1, interval);
  await run.rest(REST);
  const before = guest.begin();
  const times = await pingAll(guest, count, interval);
  const after = guest.end();
  const bytes = times.length * PING_BYTES;
  const { elapsed } = guest;
  return measuresBetween(before, after, profile, {
    payload: { transmitted: bytes, received: bytes },
    roundTrips: percentiles(times),
    ...(elapsed === undefined ? {} : { elapsed }),
    other: {},
  });
}

/** Pings over each card, so many, with a pause after each; gives the round trips in ns. @throws GuestFailure */
async function pingAll({ run, pc, peers }: LinuxGuest, count: number, interval: number): Promise<readonly number[]> {
  const times: number[] = [];
  let left = peers.length;
  let lost = false;
  for (const { pings } of peers) {
    const next = (remaining: number): void =>
      pings.ping((ns) => {
        if (ns === undefined) lost = true;
        else times.push(ns);
        if (remaining > 1 && ns !== undefined) {
          pc.clock.schedule(pc.clock.now() + BigInt(interval), () => next(remaining - 1));
          return;
        }
        left--;
        pc.stop();
      });
    next(count);
  }
  await run.until('the pings do not end', () => left === 0);
  if (lost) throw new GuestFailure('a ping was not answered');
  return times;
}

/** Data of an echo request. */
const PING_BYTES = 56;
