/** `paravirt lab measure`, which nobody types: the child's end of measuring-process.ts. It ends when its parent does. */
import { UsageError } from '../run/usage-error.ts';
import { setV8Flags } from '../run/v8-flags.ts';
import { type Measure, measuring } from './measure.ts';
import type { Answer, Order } from './measuring-process.ts';

/** Measures until the parent is gone; never returns. @throws UsageError if there is no parent to measure for */
export function measureForParent(): Promise<never> {
  if (process.send === undefined) throw new UsageError('`lab measure` is how `paravirt lab` starts its processes; use `paravirt lab`');
  setV8Flags();
  // Whoever is not there to hear the answer is gone.
  const answer = (message: Answer): void => void process.send?.(message, (error: Error | null) => error !== null && process.exit());
  let measure: Measure | undefined;
  process.on('disconnect', () => process.exit());
  // The keyboard's interrupt reaches the whole group of processes; the parent decides what it means for this one.
  process.on('SIGINT', () => {});
  process.on('message', async (order: Order) => {
    if (order.kind === 'equipment') {
      measure = measuring(order.equipment);
      answer({ kind: 'ready' });
    } else if (measure !== undefined) answer({ kind: 'outcome', outcome: await measure(order.point) });
  });
  return new Promise(() => {});
}
