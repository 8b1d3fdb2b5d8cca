/** The options of `paravirt lab` and of its workers. */
import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { UsageError } from '../run/usage-error.ts';

export interface LabOptions {
  readonly scope: 'quick' | 'full';
  /** Sections; undefined: all. */
  readonly only: readonly string[] | undefined;
  /** Names or files; undefined: the built-in ones. */
  readonly profiles: readonly string[] | undefined;
  readonly out: string;
  /** Directory of the guest; undefined: Debian's, from the user's cache. */
  readonly image: string | undefined;
  /** Whether Linux guests are measured at all. */
  readonly linux: boolean;
  /** Processes of this machine; 0: this one, or with `nats` none. */
  readonly workers: number;
  readonly nats: string | undefined;
  readonly resume: boolean;
}

export interface RawLabOptions {
  readonly quick?: true;
  readonly only?: readonly string[];
  readonly profile?: readonly string[];
  readonly out: string;
  /** False: `--no-image`. */
  readonly image?: string | boolean;
  readonly workers?: string;
  readonly nats?: string;
  readonly resume?: true;
}

const MOST_WORKERS = 256;

export function defineLabOptions(command: Command): Command {
  return command
    .option('--quick', 'fewer and smaller points: minutes')
    .option('--only <section...>', 'only these sections; `paravirt lab list` names them')
    .option(
      '--profile <name|file...>',
      'price lists, the principal one first: built-in names, or files of your own (default: all built-in)',
    )
    .option('--out <dir>', 'where the report goes', 'lab-report')
    .option('--image <dir>', "the Linux guest, as `paravirt image debian --out` wrote it (default: made of Debian's packages, and kept)")
    .option('--no-image', 'measure without Linux guests')
    .option('--workers <n>', 'processes that measure; 0: this one (default: one for each processor; with --nats 0)')
    .option(
      '--nats <url>',
      'let workers measure that wait at this NATS server (nats://HOST:4222), on any machine; --workers starts some here',
    )
    .option('--resume', 'go on with what DIR has of an earlier run');
}

/** @throws UsageError */
export function checkLabOptions(raw: RawLabOptions): LabOptions {
  return {
    scope: raw.quick === true ? 'quick' : 'full',
    only: raw.only,
    profiles: raw.profile,
    out: raw.out,
    image: typeof raw.image === 'string' ? raw.image : undefined,
    linux: raw.image !== false,
    workers: raw.workers === undefined ? (raw.nats === undefined ? availableParallelism() : 0) : parseWorkers(raw.workers, 0),
    nats: raw.nats,
    resume: raw.resume === true,
  };
}

export interface RawWorkerOptions {
  readonly nats: string;
  readonly workers?: string;
  readonly quiet?: true;
}

export interface WorkerCommandOptions {
  readonly address: string;
  readonly count: number;
  readonly quiet: boolean;
}

export function defineWorkerOptions(command: Command): Command {
  return command
    .requiredOption('--nats <url>', 'the NATS server where work is offered: nats://HOST:4222')
    .option('--workers <n>', 'processes that measure (default: one for each processor)')
    .addOption(new Option('--quiet', 'say nothing').hideHelp());
}

/** @throws UsageError */
export function checkWorkerOptions(raw: RawWorkerOptions): WorkerCommandOptions {
  const count = raw.workers === undefined ? availableParallelism() : parseWorkers(raw.workers, 1);
  return { address: raw.nats, count, quiet: raw.quiet === true };
}

function parseWorkers(text: string, least: number): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count >= least && count <= MOST_WORKERS)) throw new UsageError(`--workers ${text}: not a number from ${least} to ${MOST_WORKERS}`);
  return count;
}
