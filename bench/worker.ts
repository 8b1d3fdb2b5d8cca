/**
 * The bus between two threads, without any guest: venet's frames both ways at once, doorbells that are rung for every item, calls. A wake-up
 * that is lost leaves both threads asleep, which the runs count: it has to be none.
 */
import { callTrial, doorbellTrial, type Trial, venetTrial } from '../packages/vbus/src/node/testing/worker-trials.ts';
import type { Figure } from './figure.ts';

/** Of frames, and of doorbells; every other one of the other kind. */
const RUNS = 10;
/** In each direction. */
const FRAMES = 1_000_000;
const FRAME_LENGTH = 60;
const ITEMS = 200_000;
const CALLS = 20_000;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const perSecond = ({ report }: Trial): number => (1000 * report.arrived) / report.milliseconds;
const stalls = (trials: readonly Trial[]): number => trials.filter(({ report }) => report.stalled).length;

export async function* workerFigures(): AsyncIterable<readonly Figure[]> {
  const frames: Trial[] = [];
  for (let i = 0; i < RUNS; i++) frames.push(await venetTrial({ frames: FRAMES, length: FRAME_LENGTH, rich: i % 2 === 1 }));
  for (const [i, name] of ['flat', 'SG, PMTD, TXC'].entries()) {
    const trials = frames.filter((_, run) => run % 2 === i);
    const each = (of: (trial: Trial) => number): number => median(trials.map(of));
    yield [
      { name: `worker venet, ${name}, each direction`, value: each(perSecond), unit: 'frames/s' },
      { name: `worker venet, ${name}`, value: each(({ report }) => FRAMES / report.interrupts), unit: 'frames/interrupt' },
      { name: `worker venet, ${name}`, value: each(({ report }) => FRAMES / report.doorbells), unit: 'frames/doorbell' },
    ];
  }
  const lost = frames.reduce((sum, { report, received }) => sum + 2 * FRAMES - report.arrived - received, 0);
  yield [
    { name: `worker venet, lost or changed of ${RUNS} × ${2 * FRAMES}`, value: lost, unit: 'frames' },
    { name: `worker venet, lost in ${RUNS} runs`, value: stalls(frames), unit: 'wake-ups' },
  ];
  const doorbells: Trial[] = [];
  for (let i = 0; i < RUNS; i++) doorbells.push(await doorbellTrial({ items: ITEMS, mask: i % 2 === 1, seed: i }));
  yield [
    { name: 'worker doorbell, items each way', value: median(doorbells.map(perSecond)), unit: 'items/s' },
    { name: `worker doorbell, lost in ${RUNS} runs of ${ITEMS} items`, value: stalls(doorbells), unit: 'wake-ups' },
  ];
  yield [{ name: 'worker DEVCALL', value: perSecond(await callTrial(CALLS)), unit: 'calls/s' }];
}
