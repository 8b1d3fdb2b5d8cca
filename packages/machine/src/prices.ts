/**
 * What things cost in virtual time, in the deterministic mode: with prices, time is a sum of what was counted, each count times its price.
 * Nothing of the host enters, so two runs with the same input and the same prices take the same time, and a run with other prices takes
 * another one.
 *
 * Guest and host share one processor: while the host works for the guest, the guest's time passes. What the host does is paid for where it
 * is done, so that a device that looks at the clock in the middle of a burst sees time go on with each frame. Timers that become due by that
 * run at the next instruction boundary.
 */
import { ConfigurationError } from '@paravirt/bus';
import type { ExitKinds } from './exits.ts';

export type ExitKind = Exclude<keyof ExitKinds, 'total'>;

/** In ns of virtual time, 0 to 10^9, with fractions. */
export interface Prices {
  /** An exit, out and in again. `halt` is paid when the guest goes on: before that it waits anyway. */
  readonly exits: Readonly<Record<ExitKind, number>>;
  /** More for a doorbell of a card whose place is `deferred`. */
  readonly userExit: number;
  /** An interrupt that is delivered, beside its exits. */
  readonly injection: number;
  /** A byte that a card copies between the guest's memory and the host's. */
  readonly copiedByte: number;
  /** A frame that a card sends or receives. */
  readonly frame: number;
  /** Work of a card whose place is `deferred`, each time that it runs. */
  readonly handOver: number;
  /** An instruction of the guest: 0.01 to 10^6. */
  readonly nsPerInstruction: number;
}

/** What is paid for, as counted since the machine was made; none ever decreases, but for an access that turns out to be an end of interrupt. */
export interface Work {
  readonly exits: Readonly<Record<ExitKind, number>>;
  readonly userExits: number;
  readonly injections: number;
  readonly copiedBytes: number;
  readonly frames: number;
  readonly handOvers: number;
}

const PRICE_MAX = 1e9;
const RATE_MIN = 0.01;
const RATE_MAX = 1e6;

/** Work without its instructions, in ns. */
export function priceOf(work: Work, prices: Prices): number {
  const { exits } = work;
  const price = prices.exits;
  return (
    exits.port * price.port +
    exits.mmio * price.mmio +
    exits.hypercall * price.hypercall +
    exits.msr * price.msr +
    exits.halt * price.halt +
    exits.endOfInterrupt * price.endOfInterrupt +
    exits.interruptWindow * price.interruptWindow +
    work.userExits * prices.userExit +
    work.injections * prices.injection +
    work.copiedBytes * prices.copiedByte +
    work.frames * prices.frame +
    work.handOvers * prices.handOver
  );
}

/** @throws ConfigurationError `bad-rate`: the one rule for both ways to give a rate. */
export function checkRate(nsPerInstruction: number): void {
  if (!(nsPerInstruction >= RATE_MIN && nsPerInstruction <= RATE_MAX))
    throw new ConfigurationError('bad-rate', `${nsPerInstruction} ns per instruction is not within 0.01 to 10^6`, nsPerInstruction);
}

/** @throws ConfigurationError `bad-price`, `bad-rate`. */
export function checkPrices({ exits, userExit, injection, copiedByte, frame, handOver, nsPerInstruction }: Prices): void {
  const { port, mmio, hypercall, msr, halt, endOfInterrupt, interruptWindow } = exits;
  const prices = { port, mmio, hypercall, msr, halt, endOfInterrupt, interruptWindow, userExit, injection, copiedByte, frame, handOver };
  for (const [name, price] of Object.entries(prices))
    if (!(price >= 0 && price <= PRICE_MAX))
      throw new ConfigurationError('bad-price', `the price of ${name}, ${price} ns, is not within 0 to 10^9`, price);
  checkRate(nsPerInstruction);
}
