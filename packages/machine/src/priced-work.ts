/** What prices are for, read from the counters of the machine whenever time is asked for: nothing is recorded a second time. */
import type { CountedSpace } from './counted-space.ts';
import type { ExitCounters } from './exits.ts';
import type { ExitKind, Work } from './prices.ts';

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
