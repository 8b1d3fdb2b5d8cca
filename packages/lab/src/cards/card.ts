/** A card as a model run uses it: the host has made it, the guest finds it and gets a network interface. */
import type { ConfigurationError } from '@paravirt/bus';
import type { Cable } from './board.ts';
import type { Nic } from './nic.ts';

export interface Card {
  readonly mac: Uint8Array;
  readonly cable: Cable;
  /** The guest, which begins to run, brings the card up; `ready` is told within a task of its processor, once. */
  start(ready: (result: Nic | ConfigurationError) => void): void;
  /** The same for a card that is plugged into a running guest: within a task of the host. */
  insert(ready: (result: Nic | ConfigurationError) => void): void;
  /** The administrator takes a card away that was inserted, within a task of the host; `gone`: the guest has let go of it. */
  remove(gone: () => void): void;
  readonly facts: CardFacts;
  /** What this kind of card counts beyond what all do. */
  readonly other: Readonly<Record<string, number>>;
}

/** What a host must have for a card, and what the guest gives for it. What all cards share is told by the first. */
export interface CardFacts {
  /** Addresses or handlers that the host listens on for doorbells. */
  readonly doorbellAddresses: number;
  readonly interruptMessages: number;
  /** Pieces of memory that both sides use for long. */
  readonly sharedRegions: number;
}
