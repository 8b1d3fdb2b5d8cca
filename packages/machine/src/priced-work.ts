/**
 * What prices are for, read from the counters of the machine whenever time is asked for: nothing is recorded a second time. And how prices
 * are put in force: time then moves with more than instructions, so whoever ends slices and whoever works out the time stamp counter is told
 * after each exit.
 */
import { ConfigurationError } from '@paravirt/bus';
import type { Cpu } from '@paravirt/x86-core';
import type { CountedSpace } from './counted-space.ts';
import type { ExitCounters } from './exits.ts';
import type { InstructionPace } from './pace.ts';
import { checkPrices, type ExitKind, type Prices, type Work } from './prices.ts';
import type { RunLoop } from './run-loop.ts';

export interface PricedWorkOptions {
  readonly ports: CountedSpace;
  readonly mmio: CountedSpace;
  readonly exits: ExitCounters;
  readonly endsOfInterrupt: () => number;
  readonly cards: () => CardWork;
  /** Runs of deferred work. */
  readonly handOvers: () => number;
}

/** Of all cards that are or were in the machine. */
export interface CardWork {
  readonly frames: number;
  readonly copiedBytes: number;
  /** Doorbells of cards whose place is `deferred`. */
  readonly userExits: number;
}

export class PricedWork implements Work {
  readonly exits: Readonly<Record<ExitKind, number>>;
  readonly #options: PricedWorkOptions;

  constructor(options: PricedWorkOptions) {
    this.#options = options;
    const { ports, mmio, exits, endsOfInterrupt } = options;
    this.exits = {
      get port(): number {
        return ports.accesses;
      },
      get mmio(): number {
        return mmio.accesses - endsOfInterrupt();
      },
      get hypercall(): number {
        return exits.hypercalls;
      },
      get msr(): number {
        return exits.msrAccesses;
      },
      get halt(): number {
        return exits.wakeups;
      },
      get endOfInterrupt(): number {
        return endsOfInterrupt();
      },
      get interruptWindow(): number {
        return exits.interruptWindows;
      },
    };
  }

  get injections(): number {
    return this.#options.exits.interrupts;
  }

  get handOvers(): number {
    return this.#options.handOvers();
  }

  get frames(): number {
    return this.#options.cards().frames;
  }

  get copiedBytes(): number {
    return this.#options.cards().copiedBytes;
  }

  get userExits(): number {
    return this.#options.cards().userExits;
  }
}

/** The parts of the machine that prices concern. @throws ConfigurationError, Error as `Pc.prices` says. */
export function putInForce(
  prices: Prices | undefined,
  on: {
    /** Undefined: the machine follows its host. */
    readonly pace: InstructionPace | undefined;
    readonly loop: RunLoop;
    readonly cpu: Cpu;
    readonly spaces: readonly CountedSpace[];
    readonly exits: ExitCounters;
  },
): void {
  const { pace, loop, cpu, spaces, exits } = on;
  if (loop.running) throw new Error('prices are set while the machine is running');
  if (pace === undefined) throw new ConfigurationError('not-deterministic', 'prices are for the deterministic mode only', prices);
  if (prices !== undefined) checkPrices(prices);
  pace.prices = prices;
  const moved = (): void => {
    loop.timeMoved();
    cpu.timestampMoved();
  };
  const paid = prices === undefined ? undefined : moved;
  for (const space of spaces) space.onAccess = paid;
  exits.onExit = paid;
}
