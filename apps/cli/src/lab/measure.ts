/** Measures points in this process, and what that takes. */
import { readFileSync } from 'node:fs';
import { type CostProfile, type LabContext, type Point, type PointResult, parsePointResult, profiles, runPoint } from '@paravirt/lab';
import type { Architecture } from './circumstances.ts';
import { hostMachine } from './host-machine.ts';
import type { Outcome } from './outcome.ts';

/** Where a process that measures finds what points need. Plain data: it is sent to child processes. */
export interface Equipment {
  /** Price lists beside the built-in ones. */
  readonly profiles: readonly CostProfile[];
  /** Guest images, by the paths of their files. */
  readonly images: Readonly<Partial<Record<Architecture, ImageFiles>>>;
}

export interface ImageFiles {
  readonly kernel: string;
  readonly initrd: string;
  readonly name: string;
}

/** A measuring process. */
export type Measure = (point: Point) => Promise<Outcome>;

const LONGEST_REASON = 1000;

/** Reads the images. @throws Error if one cannot be read */
export function measuring({ profiles: more, images }: Equipment): Measure {
  let workload = 0;
  let began: NodeJS.CpuUsage | undefined;
  const context: LabContext = {
    onWorkload: (edge) => {
      if (edge === 'ends') workload += spentSince(began);
      began = edge === 'begins' ? process.cpuUsage() : undefined;
    },
    profiles: new Map([...profiles, ...more.map((profile) => [profile.name, profile] as const)]),
    images: new Map(
      Object.entries(images).map(([arch, { kernel, initrd, name }]) => [
        arch as Architecture,
        { kernel: readFileSync(kernel), initrd: readFileSync(initrd), name },
      ]),
    ),
  };
  const machine = hostMachine();
  return async (point) => {
    const before = process.cpuUsage();
    workload = 0;
    const start = process.hrtime.bigint();
    const result = await resultOf(point, context);
    const wall = Number(process.hrtime.bigint() - start);
    return { result, host: { machine, cpu: spentSince(before), workload, wall } };
  };
}

/** CPU time of this process, in ns. */
function spentSince(before: NodeJS.CpuUsage | undefined): number {
  if (before === undefined) return 0;
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1000;
}

/** A point that cannot be run has a result, too; why is one line. */
async function resultOf(point: Point, context: LabContext): Promise<PointResult> {
  try {
    const result = await runPoint(point, context);
    // As it comes out of a file or from another machine, so that it is the same from everywhere.
    return parsePointResult(JSON.parse(JSON.stringify('failed' in result ? { point, failed: asLine(result.failed) } : result)));
  } catch (error) {
    return { point, failed: asLine(error instanceof Error ? error.message : String(error)) };
  }
}

const asLine = (text: string): string =>
  text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, LONGEST_REASON) || 'for no known reason';
