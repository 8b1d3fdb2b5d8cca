/**
 * Runs a point with the model driver: makes the board and the cards, has the guest probe them, waits until all is still, and runs the workload
 * on every card. What is counted is what happened between the first frame and the last.
 */
import { ConfigurationError } from '@paravirt/bus';
import { Board } from './cards/board.ts';
import type { Card } from './cards/card.ts';
import { makeCards } from './cards/make-cards.ts';
import type { Fault, Nic } from './cards/nic.ts';
import type { CostProfile } from './cost/cost-profile.ts';
import type { Measures } from './measures.ts';
import { measuresBetween, snapshot } from './measuring.ts';
import type { Point, Workload } from './point.ts';
import type { LabContext } from './run-point.ts';
import { GuestEnd, PeerEnd } from './workloads/ends.ts';
import { Plugging } from './workloads/plugging.ts';
import { type Traffic, trafficOf } from './workloads/traffic.ts';
import { Watchdog } from './workloads/watchdog.ts';

export interface ModelRunOptions {
  readonly profile: CostProfile;
  readonly trace?: LabContext['trace'] | undefined;
  readonly onWorkload?: LabContext['onWorkload'] | undefined;
  /** What a test plants in the drivers. */
  readonly fault?: Fault | undefined;
}

/** Longest frame of a workload. */
const LONGEST_FRAME = 1514;
const PACKET_HEADER = 42;

/** What went wrong with a run: the point has failed. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';
}

export class ModelRun {
  readonly board: Board;
  readonly cards: readonly Card[];
  readonly nics: Nic[] = [];
  readonly #point: Point;
  readonly #onWorkload: LabContext['onWorkload'];
  /** When the last card was up. */
  #readyAt = 0;

  /** @throws ConfigurationError for a point that is none. */
  constructor(point: Point, options: ModelRunOptions) {
    const { profile, fault } = options;
    this.#point = point;
    this.#onWorkload = options.onWorkload;
    this.board = new Board({ profile, cards: point.cards, frame: longestFrame(point.workload), trace: options.trace });
    this.cards = makeCards(this.board, point, fault);
  }

  /** Runs the workload. @throws RunFailure */
  measure(): Measures {
    const { workload } = this.#point;
    this.#onWorkload?.('begins');
    try {
      if (workload.kind === 'probe') return this.#measureProbe();
      return workload.kind === 'hotplug' ? this.#measurePlugging(workload.cycles) : this.#measureTraffic();
    } finally {
      this.#onWorkload?.('ends');
    }
  }

  /** From the first access until all cards are up. */
  #measureProbe(): Measures {
    const { cards } = this;
    const before = snapshot({ ...this, nics: [] });
    this.probe();
    const measures = measuresBetween(before, snapshot(this), []);
    const facts = cards.map((card) => card.facts);
    return {
      ...measures,
      elapsed: this.#readyAt,
      other: {
        ...measures.other,
        doorbellAddresses: sum(facts.map(({ doorbellAddresses }) => doorbellAddresses)),
        interruptMessages: sum(facts.map(({ interruptMessages }) => interruptMessages)),
        sharedRegions: sum(facts.map(({ sharedRegions }) => sharedRegions)),
      },
    };
  }

  /** Cards that come and go while the guest runs; what a bus itself needs once is not in it. */
  #measurePlugging(cycles: number): Measures {
    const { board, cards } = this;
    const warm = cards.map((card) => new Plugging(board, card, 1));
    this.#run(warm);
    const before = snapshot({ ...this, nics: [] });
    const plugging = cards.map((card) => new Plugging(board, card, cycles));
    this.#run(plugging);
    const measures = measuresBetween(before, snapshot({ ...this, nics: [] }), []);
    return { ...measures, other: { ...measures.other, cycles: sum(plugging.map((each) => each.cycles)) } };
  }

  /** Until all are done, whatever fails first. */
  #run(jobs: readonly { start(): void; readonly done: boolean; readonly failed: string | undefined }[]): void {
    for (const job of jobs) job.start();
    while (jobs.some(({ done }) => !done)) {
      const failed = jobs.find((job) => job.failed !== undefined)?.failed;
      if (failed !== undefined) throw new RunFailure(failed);
      if (!this.board.simulation.step()) throw new RunFailure('stalled: a card neither comes nor goes');
    }
  }

  #measureTraffic(): Measures {
    const { board, cards } = this;
    const { workload } = this.#point;
    this.probe();
    const traffic: Traffic[] = [];
    const ends: (GuestEnd | PeerEnd)[] = [];
    for (const nic of this.nics) {
      const card = cards[nic.index] as Card;
      const guest = new GuestEnd(board, nic, card.mac);
      const peer = new PeerEnd(card.cable, card.mac);
      ends.push(guest, peer);
      traffic.push(trafficOf(workload, { board, guest, peer }));
    }
    const before = snapshot(this);
    for (const each of traffic) each.start();
    const watchdog = new Watchdog(board, this.nics, ends, workload.kind === 'ping' ? workload.interval : 0);
    while (traffic.some(({ done }) => !done)) {
      if (!board.simulation.step() || watchdog.due) watchdog.look();
      const failed = watchdog.failed ?? [...traffic, ...ends].find((each) => each.failed !== undefined)?.failed;
      if (failed !== undefined) throw new RunFailure(failed);
    }
    const measures = measuresBetween(
      before,
      snapshot(this),
      traffic.flatMap(({ roundTrips }) => roundTrips),
    );
    return {
      ...measures,
      payload: {
        transmitted: sum(ends.filter((end) => end instanceof PeerEnd).map(({ payload }) => payload)),
        received: sum(ends.filter((end) => end instanceof GuestEnd).map(({ payload }) => payload)),
      },
      doorbells: { ...measures.doorbells, lost: watchdog.lostDoorbells },
      lostInterrupts: watchdog.lostInterrupts,
    };
  }

  /** The guest brings up all cards; then all is still. */
  probe(): void {
    const { board, cards } = this;
    let failed: unknown;
    for (const card of cards)
      card.start((result) => {
        if (result instanceof ConfigurationError) failed = result;
        else this.nics.push(result);
        this.#readyAt = board.simulation.now;
      });
    while (this.nics.length < cards.length && failed === undefined) if (!board.simulation.step()) break;
    if (failed instanceof ConfigurationError) throw new RunFailure(failed.message);
    if (this.nics.length < cards.length) throw new RunFailure('a card did not come up');
    for (let left = SETTLE_EVENTS; left > 0 && !board.vcpu.halted; left--) if (!board.simulation.step()) break;
    this.nics.sort((a, b) => a.index - b.index);
  }
}

/** Events until the guest waits, after the last card is up. */
const SETTLE_EVENTS = 100_000;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function longestFrame(workload: Workload): number {
  if (workload.kind === 'bulk') return Math.max(LONGEST_FRAME, workload.frame);
  if (workload.kind === 'packets' || workload.kind === 'request-response') return Math.max(LONGEST_FRAME, PACKET_HEADER + workload.size);
  return LONGEST_FRAME;
}
