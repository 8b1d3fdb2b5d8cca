/**
 * Lives as a table of the report's kind: a row for each buffer that the device took, times in µs; the first step absolute, the others
 * since it. Buffers that only lie ready, as a receive ring is full of, are counted in the caption.
 */
import type { Cell, Column, Table } from '../report/report.ts';
import { type BufferLife, type Notification, STEPS } from './lives.ts';

const COLUMNS: readonly Column[] = [
  { name: '#' },
  { name: 'ring' },
  { name: 'buffer' },
  { name: 'bytes' },
  { name: 'at', unit: 'µs', digits: 3 },
  ...(['posted', 'doorbell', 'seen', 'mapped', 'copied', 'completed', 'signal', 'interrupt', 'reaped'] as const).map((name) => ({ name })),
];

/** When a life began, in virtual ns. */
export function beginning({ steps }: BufferLife): bigint {
  for (const step of STEPS) {
    const at = steps[step];
    if (at !== undefined) return at;
  }
  return 0n;
}

export function lifeTable(lives: readonly BufferLife[]): Table {
  const used = lives.filter(({ steps: { posted, ...others } }) => Object.keys(others).length > 0);
  used.sort((a, b) => Number(turn(a) - turn(b)) || a.number - b.number);
  const ready = lives.length - used.length;
  return {
    caption: `The life of each buffer: µs since its first step${ready === 0 ? '' : `; ${ready} more lie ready`}`,
    columns: COLUMNS,
    rows: used.map((life): Cell[] => {
      const start = beginning(life);
      const step = (at: bigint | undefined): Cell => (at === undefined ? null : since(at, start));
      const { posted, seen, mapped, copied, completed, reaped } = life.steps;
      return [
        life.number,
        life.ring,
        life.buffer,
        life.bytes ?? null,
        Number(start) / 1000,
        step(posted),
        notification(life.doorbell, start),
        step(seen),
        step(mapped),
        step(copied),
        step(completed),
        notification(life.signal, start),
        life.interrupt === undefined ? null : `${since(life.interrupt.at, start)} ${life.interrupt.source}`,
        step(reaped),
      ];
    }),
  };
}

/** When the device turned to it: in that order the rows tell a story. */
const turn = (life: BufferLife): bigint => life.steps.seen ?? beginning(life);

/** In µs, with its sign: a doorbell may be known before the buffer is. */
export const since = (at: bigint, start: bigint): string => `${at < start ? '' : '+'}${(Number(at - start) / 1000).toFixed(3)}`;

/** Only what was sent took part in time; what became of the others is the word itself. */
const notification = (told: Notification | undefined, start: bigint): Cell => {
  if (told === undefined) return null;
  return told.outcome === 'sent' ? since(told.at, start) : told.outcome;
};
