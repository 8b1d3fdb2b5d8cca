/** Runs whose coordinator was lost leave their streams on the server. Whoever coordinates a run there clears them away. */
import { decodeOffer, OFFERS, RUN_LIFETIME, runOf } from './protocol.ts';
import type { Server } from './server.ts';

/** In ms. */
const LOOK_INTERVAL = 20_000;

/**
 * From now on, deletes the streams of runs that nobody has offered for `lifetime` ms in which this one has listened. Ends with the
 * connection, or when the timer that it returns is cleared.
 */
export function deleteDeadRuns(
  { connection, manager }: Server,
  own: string,
  lifetime: number = RUN_LIFETIME,
  interval: number = LOOK_INTERVAL,
): NodeJS.Timeout {
  /** When a run was last heard of, or its streams first seen. */
  const heard = new Map<string, number>();
  connection.subscribe(OFFERS, {
    callback: (_, { data }) => {
      try {
        heard.set(decodeOffer(data).run, performance.now());
      } catch {
        // no offer
      }
    },
  });
  const look = async (): Promise<void> => {
    const present = new Set<string>();
    for await (const stream of manager.streams.names()) {
      const run = runOf(stream);
      if (run === undefined || run === own) continue;
      present.add(run);
      const since = heard.get(run);
      if (since === undefined) heard.set(run, performance.now());
      else if (performance.now() - since > lifetime) await manager.streams.delete(stream).catch(() => false);
    }
    // What was heard of runs that have no streams is forgotten, so that nobody can fill the memory with names.
    for (const run of heard.keys()) if (!present.has(run)) heard.delete(run);
  };
  return setInterval(() => void look().catch(() => {}), interval);
}
