/** Which runs a worker could work for: those that are offered, by the same program as the worker is. */
import type { Circumstances } from '../circumstances.ts';
import type { Equipment } from '../measure.ts';
import { decodeOffer, type Names, namesOf, OFFER_LIFETIME, OFFERS, QUESTIONS } from './protocol.ts';
import type { Server } from './server.ts';

/** More runs, and more other programs, than these are not looked at. */
const MOST_RUNS = 64;

/** A run that is offered. */
export interface OfferedRun {
  readonly names: Names;
  readonly circumstances: Circumstances;
  heard: number;
  equipment?: Promise<Equipment>;
  /** It cannot be worked for from here. */
  refused?: true;
}

export interface Listener {
  /** As `buildName` tells it. */
  readonly build: string;
  readonly notice: (text: string) => void;
}

/** Runs as they are offered, by their names; of those of other programs only a word is said. */
export function listenToOffers({ connection }: Server, { build, notice }: Listener): ReadonlyMap<string, OfferedRun> {
  const runs = new Map<string, OfferedRun>();
  const told = new Set<string>();
  connection.subscribe(OFFERS, {
    callback: (_, { data }) => {
      const now = performance.now();
      for (const [name, { heard }] of runs) if (now - heard > OFFER_LIFETIME) runs.delete(name);
      try {
        const offer = decodeOffer(data);
        const known = runs.get(offer.run);
        if (known !== undefined) known.heard = now;
        else if (offer.build === build) {
          if (runs.size < MOST_RUNS) runs.set(offer.run, { names: namesOf(offer.run), circumstances: offer.circumstances(), heard: now });
        } else if (!told.has(offer.build) && told.size < MOST_RUNS) {
          told.add(offer.build);
          notice(`there is work for paravirt ${offer.build}, and this is ${build}`);
        }
      } catch {
        // not an offer that this program could make use of
      }
    },
  });
  connection.publish(QUESTIONS);
  return runs;
}
