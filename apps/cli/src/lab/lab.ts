/**
 * `paravirt lab`: chooses the experiments, has their points measured, writes what comes as it comes, and makes the report of it. Standard
 * output has the report as text; everything else that is said goes to standard error.
 */
import { join } from 'node:path';
import {
  EXPERIMENTS,
  type Experiment,
  labPoints,
  makeReport,
  type Plan,
  type Point,
  type PointResult,
  pointName,
  renderText,
} from '@paravirt/lab';
import type { ProgressStream } from '../image/progress.ts';
import { EXIT } from '../run/exit-code.ts';
import { suggestion, UsageError } from '../run/usage-error.ts';
import { buildIdentity, buildName } from './build-identity.ts';
import type { Circumstances } from './circumstances.ts';
import { type Executor, orderOfWork } from './executor.ts';
import { guestImages, NO_GUEST } from './guest-images.ts';
import { Journal } from './journal.ts';
import { InProcess, LocalProcesses } from './local-executors.ts';
import type { Equipment } from './measure.ts';
import type { LabOptions } from './options.ts';
import type { Outcome } from './outcome.ts';
import { chosenProfiles } from './profiles.ts';
import { LabProgress } from './progress.ts';
import { makeDirectory, writeReport } from './report-files.ts';

export interface LabStreams {
  readonly stdout: ProgressStream;
  readonly stderr: ProgressStream;
}

/** Measures and reports. @returns the exit code. @throws UsageError, ConfigurationError for what the user can set right */
export async function lab(options: LabOptions, { stdout, stderr }: LabStreams, interrupted: AbortSignal): Promise<number> {
  const started = performance.now();
  const date = new Date();
  const build = buildIdentity();
  const experiments = chosenExperiments(options.only);
  const { all, custom } = chosenProfiles(options.profiles);
  makeDirectory(options.out);

  const wanted: Plan = { scope: options.scope, profiles: all, linux: options.linux };
  const needsGuest = labPoints(experiments, wanted).some(({ driver }) => driver === 'linux');
  const images = needsGuest ? await guestImages(options.image, stderr) : NO_GUEST;
  if (images.notice !== undefined) stderr.write(`paravirt: ${images.notice}\n`);
  const plan: Plan = { ...wanted, linux: Object.keys(images.files).length > 0 };
  const points = labPoints(experiments, plan);

  const circumstances: Circumstances = { build: buildName(build), profiles: custom, images: images.identities };
  const equipment: Equipment = { profiles: custom, images: images.files };
  const path = join(options.out, 'results.jsonl');
  const journal = options.resume ? Journal.resume(path, circumstances) : Journal.create(path, circumstances);
  const outcomes = await measureAll(options, points, journal, await executorOf(options, circumstances, equipment), stderr, interrupted);
  if (outcomes === undefined) return EXIT.failed;

  const ordered = points.map((point) => outcomes.get(pointName(point))).filter((outcome) => outcome !== undefined);
  const results = new Map<string, PointResult>(ordered.map(({ result }) => [pointName(result.point), result]));
  const report = makeReport(experiments, results, plan);
  const files = await writeReport(options.out, report, {
    ...{
      build,
      date,
      wallMs: performance.now() - started,
      resumed: points.filter((point) => journal.outcomes.has(pointName(point))).length,
      outcomes: ordered,
    },
    ...{ workers: options.workers, nats: options.nats !== undefined },
  });
  stdout.write(renderText(report, stdout.isTTY === true && stdout.columns !== undefined ? { width: stdout.columns } : {}));
  tellFailures(ordered, stderr);
  stderr.write(`paravirt: the report is in ${files.slice(0, 3).join(', ')}\n`);
  return EXIT.ok;
}

/** Outcomes by the names of points; undefined, and something was said, if they are not complete or not to be trusted. */
async function measureAll(
  { out, workers }: LabOptions,
  points: readonly Point[],
  journal: Journal,
  executor: Executor,
  stderr: ProgressStream,
  interrupted: AbortSignal,
): Promise<ReadonlyMap<string, Outcome> | undefined> {
  const outcomes = new Map<string, Outcome>();
  const progress = new LabProgress({ stream: stderr, points, workers });
  for (const point of points) {
    const known = journal.outcomes.get(pointName(point));
    if (known === undefined) continue;
    outcomes.set(pointName(point), known);
    progress.done(known, true);
  }
  let disagreement: string | undefined;
  let failure: string | undefined;
  try {
    const events = {
      onStart: (point: Point) => progress.started(point),
      onNotice: (text: string) => progress.notice(text),
      onOutcome: (outcome: Outcome) => {
        outcomes.set(pointName(outcome.result.point), outcome);
        journal.add(outcome);
        progress.done(outcome);
      },
      onDisagreement: ({ result, host }: Outcome, { host: other }: Outcome) => {
        disagreement ??= `${pointName(result.point)}: two measurements differ, on ${host.machine} and on ${other.machine}`;
      },
    };
    await executor.run(orderOfWork(points.filter((point) => !outcomes.has(pointName(point)))), events, interrupted);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    failure = (error as Error).message;
  } finally {
    progress.end();
    journal.close();
  }
  const incomplete = outcomes.size < points.length;
  if (disagreement === undefined && !incomplete) return outcomes;
  const why = disagreement ?? failure ?? 'stopped';
  const hint =
    disagreement === undefined ? `; --resume --out ${out} goes on with ${outcomes.size} of ${points.length} points measured` : '';
  stderr.write(`paravirt: ${why}${hint}\n`);
  return undefined;
}

async function executorOf({ nats, workers }: LabOptions, circumstances: Circumstances, equipment: Equipment): Promise<Executor> {
  if (nats === undefined) return workers === 0 ? new InProcess(equipment) : new LocalProcesses(equipment, workers);
  const { NatsCoordinator } = await import('./nats/coordinator.ts');
  const coordinator = new NatsCoordinator({ address: nats, circumstances, images: equipment.images });
  if (workers === 0) return coordinator;
  const { WithLocalWorkers } = await import('./nats/local-workers.ts');
  return new WithLocalWorkers(coordinator, nats, workers);
}

/** In the lab's order, whatever the user's. @throws UsageError */
export function chosenExperiments(only: readonly string[] | undefined): readonly Experiment[] {
  const known = EXPERIMENTS.map(({ id }) => id);
  const stranger = only?.find((id) => !known.includes(id));
  if (stranger !== undefined) throw new UsageError(`--only ${stranger}: there is no such section${suggestion(stranger, known)}`);
  return EXPERIMENTS.filter(({ id }) => only?.includes(id) ?? true);
}

const MOST_TOLD = 10;

function tellFailures(outcomes: readonly Outcome[], stderr: ProgressStream): void {
  const failed = outcomes.flatMap(({ result }) => ('failed' in result ? [`${pointName(result.point)}: ${result.failed}`] : []));
  for (const line of failed.slice(0, MOST_TOLD)) stderr.write(`paravirt: not measured: ${line}\n`);
  if (failed.length > MOST_TOLD) stderr.write(`paravirt: not measured: ${failed.length - MOST_TOLD} points more; the report has them\n`);
}
