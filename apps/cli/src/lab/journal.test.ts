import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pointName } from '@paravirt/lab';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from '../run/usage-error.ts';
import { Journal } from './journal.ts';
import { CIRCUMSTANCES, failed, outcome, point } from './testing/outcomes.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paravirt-journal-'));
  path = join(folder, 'results.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

function written(...cycles: readonly number[]): void {
  const journal = Journal.create(path, CIRCUMSTANCES);
  for (const n of cycles) journal.add(outcome(point(n)));
  journal.close();
}

const lines = (): readonly string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);

describe('results.jsonl', () => {
  it('has a line for the circumstances and one for each outcome, as they come', () => {
    const journal = Journal.create(path, CIRCUMSTANCES);
    expect(lines()).toHaveLength(1);
    journal.add(outcome(point(1)));
    expect(lines()).toHaveLength(2);
    journal.close();
  });

  it('gives back what it holds, and goes on after it', () => {
    written(1, 2);
    const journal = Journal.resume(path, CIRCUMSTANCES);
    expect([...journal.outcomes]).toEqual([1, 2].map((n) => [pointName(point(n)), outcome(point(n))]));
    journal.add(outcome(point(3)));
    journal.close();
    const again = Journal.resume(path, CIRCUMSTANCES);
    expect(again.outcomes.size).toBe(3);
    again.close();
  });

  it('is started if there is none', () => {
    const journal = Journal.resume(path, CIRCUMSTANCES);
    expect(journal.outcomes.size).toBe(0);
    journal.close();
    expect(lines()).toHaveLength(1);
  });

  it('survives being torn at any byte', () => {
    written(1, 2);
    const whole = readFileSync(path);
    for (let size = 0; size < whole.length; size += 7) {
      writeFileSync(path, whole);
      truncateSync(path, size);
      const journal = Journal.resume(path, CIRCUMSTANCES);
      const complete = whole.subarray(0, size).filter((byte) => byte === 10).length;
      expect(journal.outcomes.size).toBe(Math.max(0, complete - 1));
      journal.add(outcome(point(9)));
      journal.close();
      const again = Journal.resume(path, CIRCUMSTANCES);
      expect(again.outcomes.size).toBe(Math.max(0, complete - 1) + 1);
      again.close();
    }
  });

  it('leaves out what failed: it is tried again', () => {
    written(1);
    appendFileSync(path, `${JSON.stringify(failed(point(2)))}\n`);
    const journal = Journal.resume(path, CIRCUMSTANCES);
    expect([...journal.outcomes.keys()]).toEqual([pointName(point(1))]);
    journal.close();
  });

  it('is replaced by a run that does not go on with it', () => {
    written(1, 2);
    Journal.create(path, CIRCUMSTANCES).close();
    expect(lines()).toHaveLength(1);
  });
});

describe('What --resume refuses', () => {
  const refusal = (circumstances = CIRCUMSTANCES): unknown => {
    try {
      Journal.resume(path, circumstances).close();
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError);
      return (error as Error).message;
    }
    return undefined;
  };

  it('is results of another program, another guest, other prices', () => {
    written(1);
    const before = readFileSync(path, 'utf8');
    expect(refusal({ ...CIRCUMSTANCES, build: '1.2.4' })).toMatch(/measured by paravirt 1\.2\.3 \(0123456789ab\), and this is 1\.2\.4/);
    expect(refusal({ ...CIRCUMSTANCES, images: {} })).toMatch(/another guest/);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('is a file that it has not written', () => {
    for (const text of ['hello\n', '{}\n', '[]\n', 'null\n', '{"format":2}\n', `{"format":1,"circumstances":{"build":"x"}}\n`]) {
      writeFileSync(path, text);
      expect(refusal()).toMatch(/line 1/);
    }
  });

  it('is a whole line that is no outcome', () => {
    for (const text of ['{}', 'null', '{"result":', JSON.stringify({ ...outcome(point(1)), host: null }), '\0']) {
      written(1);
      appendFileSync(path, `${text}\n`);
      expect(refusal()).toMatch(/line 3/);
    }
  });

  it('is a directory, and a path that leads nowhere', () => {
    path = folder;
    expect(refusal()).toMatch(/EISDIR/);
    path = join(folder, 'no', 'where');
    expect(refusal()).toMatch(/ENOENT/);
  });
});
