import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeReport, pointName, profiles } from '@paravirt/lab';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from '../run/usage-error.ts';
import { hostJson, makeDirectory, type RunFacts, writeReport } from './report-files.ts';
import { failed, outcome, point } from './testing/outcomes.ts';

const FACTS: RunFacts = {
  build: { version: '1.2.3', commit: '0123456789ab' },
  date: new Date(Date.UTC(2026, 0, 2)),
  wallMs: 1234.5678,
  workers: 2,
  nats: false,
  resumed: 1,
  outcomes: [outcome(point(1)), failed(point(2))],
};
const REPORT = makeReport([], new Map(), { scope: 'quick', profiles: [...profiles.values()], linux: false });

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paravirt-report-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('host.json', () => {
  it('tells what the run took where, in ms, and of the processor for a frame, in ns', () => {
    expect(JSON.parse(hostJson(FACTS))).toMatchObject({
      version: '1.2.3',
      commit: '0123456789ab',
      date: '2026-01-02T00:00:00.000Z',
      wall: 1234.568,
      cpu: 4,
      workers: 2,
      nats: false,
      resumed: 1,
      points: [
        { point: pointName(point(1)), machine: 'a machine', cpu: 2, workload: 1, wall: 4000, cpuPerFrame: 250_000 },
        { point: pointName(point(2)), cpuPerFrame: null },
      ],
    });
  });
});

describe('The directory of a report', () => {
  it('has the report in three forms, of which none knows the run, and what is known of the run', async () => {
    const directory = join(folder, 'deep', 'down');
    makeDirectory(directory);
    const paths = await writeReport(directory, REPORT, FACTS);
    expect(paths).toEqual(['report.txt', 'report.json', 'report.html', 'host.json'].map((name) => join(directory, name)));
    const before = paths.slice(0, 3).map((path) => readFileSync(path, 'utf8'));
    await writeReport(directory, REPORT, { ...FACTS, date: new Date(0), wallMs: 1, outcomes: [] });
    expect(paths.slice(0, 3).map((path) => readFileSync(path, 'utf8'))).toEqual(before);
    expect(readdirSync(directory)).toHaveLength(4);
  });

  it('is refused in one line if it cannot be', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(() => makeDirectory(file)).toThrow(UsageError);
    await expect(writeReport(join(folder, 'nowhere'), REPORT, FACTS)).rejects.toBeInstanceOf(UsageError);
  });
});
