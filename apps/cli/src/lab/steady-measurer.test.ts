import { describe, expect, it } from 'vitest';
import { ProcessLost } from './measuring-process.ts';
import type { Outcome } from './outcome.ts';
import { ATTEMPTS, SteadyMeasurer } from './steady-measurer.ts';
import { outcome, point } from './testing/outcomes.ts';

/** Processes that are lost, or hang, as often as is said, before one measures. */
class Processes {
  started = 0;
  ended = 0;
  readonly #fates: ('lost' | 'hangs' | 'does not start' | 'measures')[];

  constructor(...fates: ('lost' | 'hangs' | 'does not start' | 'measures')[]) {
    this.#fates = fates;
  }

  readonly start = (): { measure: (p: ReturnType<typeof point>) => Promise<Outcome>; end: () => void } => {
    this.started++;
    const fate = this.#fates.shift() ?? 'measures';
    let lose: (error: Error) => void = () => {};
    return {
      measure: async (of) => {
        if (fate === 'measures') return outcome(of);
        if (fate === 'hangs') return new Promise((_, reject) => (lose = reject));
        throw new ProcessLost('SIGKILL', fate === 'lost');
      },
      end: () => {
        this.ended++;
        lose(new ProcessLost('it was ended', true));
      },
    };
  };
}

const POINT = point(1);
const measurer = (processes: Processes, deadline = 60_000, notices: string[] = []): SteadyMeasurer =>
  new SteadyMeasurer({
    start: processes.start,
    machine: 'a machine',
    deadlines: { model: deadline, linux: deadline },
    onNotice: (text) => notices.push(text),
  });

describe('A measurer', () => {
  it('keeps its process from point to point', async () => {
    const processes = new Processes();
    const steady = measurer(processes);
    expect(await steady.measure(POINT)).toEqual(outcome(POINT));
    await steady.measure(point(2));
    expect(processes.started).toBe(1);
  });

  it('measures a point again whose process was lost, and says so', async () => {
    const notices: string[] = [];
    const processes = new Processes('lost', 'lost');
    expect(await measurer(processes, undefined, notices).measure(POINT)).toEqual(outcome(POINT));
    expect(processes.started).toBe(3);
    expect(notices).toEqual(Array(2).fill('a process that measures was lost (SIGKILL)'));
  });

  it('gives a point up that costs too many processes, and goes on with others', async () => {
    const processes = new Processes(...Array<'lost'>(ATTEMPTS).fill('lost'));
    const steady = measurer(processes);
    expect(await steady.measure(POINT)).toMatchObject({ result: { point: POINT, failed: expect.stringMatching(/3 times/) }, lost: true });
    expect(processes.started).toBe(ATTEMPTS);
    expect(await steady.measure(POINT)).toEqual(outcome(POINT));
  });

  it('ends a process that takes too long, and does not try again', async () => {
    const processes = new Processes('hangs');
    const late = await measurer(processes, 20).measure(POINT);
    expect(late).toMatchObject({ result: { failed: expect.stringMatching(/not done/) }, lost: true });
    expect(processes).toMatchObject({ started: 1 });
    expect(processes.ended).toBeGreaterThan(0);
  });

  it('throws if no process starts: no point would be measured', async () => {
    const processes = new Processes('does not start', 'does not start', 'does not start', 'does not start');
    await expect(measurer(processes).measure(POINT)).rejects.toBeInstanceOf(ProcessLost);
    expect(processes.started).toBe(ATTEMPTS);
  });

  it('ends in the middle of a point, for good', async () => {
    const processes = new Processes('hangs');
    const steady = measurer(processes);
    const measuring = steady.measure(POINT);
    steady.end();
    await expect(measuring).rejects.toBeInstanceOf(ProcessLost);
    await expect(steady.measure(POINT)).rejects.toBeInstanceOf(ProcessLost);
    expect(processes.started).toBe(1);
  });
});
