/**
 * `paravirt trace`: the lives of ring buffers, of a card that a driver without a CPU uses in virtual time, or of the cards of a guest. What
 * only a guest's driver knows (when it posts and reaps) is missing there.
 */
import { writeFileSync } from 'node:fs';
import { chromeTrace, layoutTable, lifeCapture, lifeTable, livesOf, RingRecorder, runPoint } from '@paravirt/lab';
import { chosenProfiles } from '../lab/profiles.ts';
import { EXIT } from '../run/exit-code.ts';
import { run } from '../run/run.ts';
import { UsageError } from '../run/usage-error.ts';
import type { TraceFormat } from './define-options.ts';
import type { TraceOptions } from './options.ts';

export interface TraceOutput {
  readonly write: (data: string | Uint8Array) => void;
  /** A line for people. */
  readonly tell: (line: string) => void;
}

/** The exit code. @throws UsageError, ConfigurationError */
export async function trace(options: TraceOptions, output: TraceOutput): Promise<number> {
  const { what, events: most } = options;
  let recorder: RingRecorder | undefined;
  const record = (now: () => bigint): RingRecorder => {
    recorder = new RingRecorder({ now, most });
    return recorder;
  };
  let code: number = EXIT.ok;
  if (what.guest !== undefined) code = await run({ ...what.guest, trace: record });
  else {
    const { all } = chosenProfiles([what.profile]);
    const [profile] = all;
    if (profile === undefined) throw new UsageError(`--profile ${what.profile}: no such price list`);
    const result = await runPoint(
      { ...what.point, profile: profile.name },
      { profiles: new Map([[profile.name, profile]]), trace: record },
    );
    if ('failed' in result) {
      output.tell(`the workload failed: ${result.failed}`);
      code = EXIT.failed;
    }
  }
  if (recorder === undefined) return code;
  const data = render(recorder, options.format);
  if (options.out === undefined) output.write(data);
  else writeOut(options.out, data);
  const { missed, events } = recorder;
  if (missed > 0) output.tell(`kept the first ${events.length} of ${events.length + missed} events: --events keeps more`);
  return code;
}

function render(recorder: RingRecorder, format: TraceFormat): string | Uint8Array {
  const lives = livesOf(recorder.events);
  if (format === 'chrome') return chromeTrace(recorder.events, lives);
  if (format === 'pcapng') return lifeCapture(lives);
  const table = lifeTable(lives);
  return `${[table.caption, ...layoutTable(table, Number.POSITIVE_INFINITY)].join('\n')}\n`;
}

function writeOut(path: string, data: string | Uint8Array): void {
  try {
    writeFileSync(path, data);
  } catch (error) {
    throw new UsageError(`--out ${path}: ${(error as Error).message}`);
  }
}
