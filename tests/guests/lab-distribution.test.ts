/**
 * `paravirt lab` says the same wherever its points are measured: in its own process, in others, by workers over a NATS server, and with one of
 * them killed in the middle. The driver is the model: no guest is booted.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NatsServer } from './nats-server.ts';
import { Paravirt, paravirt } from './paravirt.ts';

const LAB = ['lab', '--quick', '--no-image', '--only', 'suppression', 'doorbells', 'timer'];
const REPORTS = ['report.txt', 'report.json', 'report.html'] as const;

let folder: string;
/** What a run without any distribution says. */
let expected: Readonly<Record<string, string>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paravirt-lab-'));
  const { code, stderr } = await paravirt(...LAB, '--workers', '0', '--out', join(folder, 'alone'));
  expect(stderr).not.toContain('not measured');
  expect(code).toBe(0);
  expected = reportsIn(join(folder, 'alone'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const reportsIn = (directory: string): Readonly<Record<string, string>> =>
  Object.fromEntries(REPORTS.map((name) => [name, readFileSync(join(directory, name), 'utf8')]));

/** Whole lines; the first is no outcome. */
function outcomesIn(directory: string): number {
  try {
    return readFileSync(join(directory, 'results.jsonl'), 'utf8').split('\n').length - 2;
  } catch {
    return 0;
  }
}

/** [proc(5)] The field after the command's name and the state is the parent. */
function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid;
      } catch {
        return false; // it has ended
      }
    })
    .map(Number);
}

/** Starts a run, kills one of the processes it has started once there are a few outcomes, and sees it end well. */
async function withOneKilled(name: string, ...options: readonly string[]): Promise<void> {
  const directory = join(folder, name);
  const run = new Paravirt([...LAB, '--out', directory, ...options]);
  try {
    run.endInput();
    while (outcomesIn(directory) < 2) {
      if (run.stderr.includes('the report is in')) throw new Error('it was done before one could be killed');
      await sleep(5);
    }
    const [victim] = childrenOf(run.pid);
    expect(victim).toBeDefined();
    process.kill(victim ?? 0, 'SIGKILL');
    const { code, stderr } = await run.finished;
    expect(stderr).toContain('was lost (SIGKILL)');
    expect(stderr).not.toContain('not measured');
    expect(code).toBe(0);
  } finally {
    await run.kill();
  }
  expect(reportsIn(directory)).toEqual(expected);
}

describe('paravirt lab --workers', () => {
  it.each([1, 2, 4])('says the same with %i', async (workers) => {
    const directory = join(folder, `local-${workers}`);
    const { code, stdout } = await paravirt(...LAB, '--out', directory, '--workers', String(workers));
    expect(code).toBe(0);
    expect(reportsIn(directory)).toEqual(expected);
    expect(Buffer.from(stdout, 'latin1').toString('utf8')).toBe(expected['report.txt']);
  });

  it.each([1, 2, 4])('says the same with %i, one of them killed', async (workers) => {
    await withOneKilled(`killed-${workers}`, '--workers', String(workers));
  });

  it('says the same of a run that was stopped and gone on with', async () => {
    const directory = join(folder, 'resumed');
    const run = new Paravirt([...LAB, '--out', directory, '--workers', '2']);
    run.endInput();
    while (outcomesIn(directory) < 2) await sleep(5);
    process.kill(run.pid, 'SIGINT');
    const stopped = await run.finished;
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/stopped; --resume/);
    const known = outcomesIn(directory);
    expect(known).toBeGreaterThanOrEqual(2);

    const { code } = await paravirt(...LAB, '--out', directory, '--workers', '2', '--resume');
    expect(code).toBe(0);
    expect(reportsIn(directory)).toEqual(expected);
    expect(JSON.parse(readFileSync(join(directory, 'host.json'), 'utf8'))).toMatchObject({ resumed: known });
  });
});

describe('paravirt lab --nats', () => {
  let server: NatsServer;

  beforeAll(async () => {
    server = await NatsServer.start();
  });
  afterAll(() => server.stop());

  it.each([1, 2, 4])('says the same with %i workers', async (workers) => {
    const directory = join(folder, `nats-${workers}`);
    const { code } = await paravirt(...LAB, '--out', directory, '--nats', server.url, '--workers', String(workers));
    expect(code).toBe(0);
    expect(reportsIn(directory)).toEqual(expected);
  });

  it.each([1, 2, 4])('says the same with %i workers, one of them killed', async (workers) => {
    await withOneKilled(`nats-killed-${workers}`, '--nats', server.url, '--workers', String(workers));
  });

  it('lets workers measure that were there before, and are there after', async () => {
    const worker = new Paravirt(['lab', 'worker', '--nats', server.url, '--workers', '2']);
    try {
      for (const name of ['elsewhere', 'elsewhere-again']) {
        const directory = join(folder, name);
        const { code } = await paravirt(...LAB, '--out', directory, '--nats', server.url);
        expect(code).toBe(0);
        expect(reportsIn(directory)).toEqual(expected);
      }
      process.kill(worker.pid, 'SIGTERM');
      expect(await worker.finished).toMatchObject({ code: 143, stderr: expect.stringMatching(/^paravirt: waiting for work [^\n]*\n$/) });
    } finally {
      await worker.kill();
    }
  });

  it('refuses a server that is not there, in one line', async () => {
    const { code, stderr, stdout } = await paravirt(...LAB, '--out', join(folder, 'nobody'), '--nats', 'nats://127.0.0.1:1');
    expect(stderr).toMatch(/^paravirt: --nats 127\.0\.0\.1:1: no connection[^\n]*\n$/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});

describe('Options of paravirt lab', () => {
  it('are refused in one line: the command that only processes of the lab are started with', async () => {
    const { code, stderr } = await paravirt('lab', 'measure');
    expect(stderr).toMatch(/^paravirt: [^\n]+\n$/);
    expect(code).toBe(2);
  });

  it.each([
    ['a section that does not exist', ['--only', 'weather']],
    ['a price list that does not exist', ['--profile', '1066']],
    ['workers that are no number', ['--workers', 'many']],
    ['a server that is no address', ['--nats', 'localhost']],
    ['a directory that cannot be made', ['--out', '/dev/null/report']],
  ])('are refused in one line: %s', async (_, options) => {
    const { code, stderr, stdout } = await paravirt('lab', '--quick', '--no-image', '--out', join(folder, 'refused'), ...options);
    expect(stderr).toMatch(/^paravirt: [^\n]+\n$/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});
