/**
 * What a run of the lab leaves in its directory: the report, three times, which is the same bytes for the same program and points, and
 * host.json, which is about this run: where, when, how long, and what each point took of the processors that measured it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Point, pointName, type Report, renderJson, renderText } from '@paravirt/lab';
import { UsageError } from '../run/usage-error.ts';
import type { BuildIdentity } from './build-identity.ts';
import { hostMachine } from './host-machine.ts';
import type { Outcome } from './outcome.ts';

export interface RunFacts {
  readonly build: BuildIdentity;
  readonly date: Date;
  readonly wallMs: number;
  /** Processes of this machine. */
  readonly workers: number;
  readonly nats: boolean;
  /** Points that an earlier run had measured. */
  readonly resumed: number;
  /** In the order of the report. */
  readonly outcomes: readonly Outcome[];
}

/** Makes the directory. @throws UsageError if that is not possible */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new UsageError(`--out ${path}: ${(error as Error).message}`);
  }
}

/** Writes everything; returns the paths. @throws UsageError if a file cannot be written */
export async function writeReport(directory: string, report: Report, facts: RunFacts): Promise<readonly string[]> {
  // Plots, and a document to put them in, are large: loaded when they are wanted.
  const { renderHtml } = await import('./html.ts');
  const files: readonly (readonly [name: string, text: string])[] = [
    ['report.txt', renderText(report)],
    ['report.json', renderJson(report)],
    ['report.html', renderHtml(report)],
    ['host.json', hostJson(facts)],
  ];
  return files.map(([name, text]) => {
    const path = join(directory, name);
    try {
      writeFileSync(path, text);
    } catch (error) {
      throw new UsageError(`--out ${path}: ${(error as Error).message}`);
    }
    return path;
  });
}

/** Times in ms; `workload` is the part of `cpu` that was spent on what is measured. Indented, ends in a newline. */
export function hostJson({ build, date, wallMs, workers, nats, resumed, outcomes }: RunFacts): string {
  const points = outcomes.map(({ result, host }) => {
    const frames = 'measures' in result ? result.measures.frames.transmitted + result.measures.frames.received : 0;
    return {
      point: pointName(result.point satisfies Point),
      machine: host.machine,
      cpu: rounded(host.cpu / 1e6),
      workload: rounded(host.workload / 1e6),
      wall: rounded(host.wall / 1e6),
      /** In ns. */
      cpuPerFrame: frames === 0 ? null : Math.round(host.workload / frames),
    };
  });
  const cpu = rounded(outcomes.reduce((sum, { host }) => sum + host.cpu, 0) / 1e6);
  const run = { ...build, machine: hostMachine(), date: date.toISOString(), wall: rounded(wallMs), cpu, workers, nats, resumed };
  return `${JSON.stringify({ ...run, points }, undefined, 2)}\n`;
}

const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;
