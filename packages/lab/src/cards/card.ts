/** A card as a model run uses it: the host has made it, the guest finds it and gets a network interface. */
import type { ConfigurationError } from '@paravirt/bus';
import type { Cable } from './board.ts';
import type { Nic } from './nic.ts';

export interface Card {
  readonly mac: Uint8Array;
  readonly cable: Cable;
  /** The guest begins to bring the card up; `ready` is told within a task of its processor, once. */
  start(ready: (result: Nic | ConfigurationError) => void): void;
  /** The administrator takes the card away; `gone` when the guest has let go of it and the host may have it back. */
  stop(gone: () => void): void;
  readonly facts: CardFacts;
  /** What this kind of card counts beyond what all do. */
  readonly other: Readonly<Record<string, number>>;
}

/** What a host must have for all cards of a kind, and what the guest gives for them. */
export interface CardFacts {
  /** Addresses or handlers that the host listens on for doorbells. */
  readonly doorbellAddresses: number;
  readonly interruptMessages: number;
  /** Pieces of memory that both sides use for long. */
  readonly sharedRegions: number;
}
