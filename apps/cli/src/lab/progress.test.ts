import { describe, expect, it } from 'vitest';
import { duration, LabProgress } from './progress.ts';
import { outcome, point } from './testing/outcomes.ts';

const POINTS = [1, 2, 3, 4].map((n) => point(n));

class Screen {
  text = '';
  readonly columns = 200;
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.text += text;
  }
}

describe('Progress on a terminal', () => {
  it('is one line: done and in all, an estimate, what is under way', () => {
    const stream = new Screen(true);
    const progress = new LabProgress({ stream, points: POINTS, workers: 1 });
    progress.started(point(1));
    expect(stream.text.startsWith('\r\x1b[K0/4: model virtio-net@pci ')).toBe(true);
    expect(stream.text).toMatch(/ hotplug:1 2009$/);
    progress.done(outcome(point(1)));
    progress.started(point(2));
    expect(stream.text.split('\r\x1b[K').at(-1)).toMatch(/^1\/4, about 12 s left: model .* hotplug:2 /);
    progress.end();
    expect(stream.text.endsWith('\r\x1b[K')).toBe(true);
    expect(stream.text).not.toContain('\n');
  });

  it('is no wider than the terminal', () => {
    const stream = Object.assign(new Screen(true), { columns: 30 });
    new LabProgress({ stream, points: POINTS, workers: 1 }).started(point(1));
    expect(stream.text).toHaveLength('\r\x1b[K'.length + 29);
  });

  it('makes room for what is to stay', () => {
    const stream = new Screen(true);
    const progress = new LabProgress({ stream, points: POINTS, workers: 1 });
    progress.started(point(1));
    progress.notice('a worker was lost');
    expect(stream.text.endsWith('\r\x1b[Kparavirt: a worker was lost\n')).toBe(true);
  });
});

describe('Progress without a terminal', () => {
  it('is a line now and then, and one at the end', () => {
    const stream = new Screen(false);
    let now = 0;
    const progress = new LabProgress({ stream, points: POINTS, workers: 1, now: () => now });
    progress.done(outcome(point(1)));
    expect(stream.text).toBe('');
    now = 15_000;
    progress.done(outcome(point(2)));
    expect(stream.text).toMatch(/^2\/4, about 8 s left: [^\n\r]*\n$/);
    progress.done(outcome(point(3)));
    progress.done(outcome(point(4)));
    progress.end();
    expect(stream.text.split('\n').map((line) => line.split(/[,:]/)[0])).toEqual(['2/4', '4/4', '']);
  });
});

describe('The estimate', () => {
  const estimated = (workers: number, points = POINTS): string => {
    const stream = new Screen(true);
    const progress = new LabProgress({ stream, points, workers });
    progress.done(outcome(points[0] ?? point(1)));
    return /about (.*) left/.exec(stream.text)?.[1] ?? '';
  };

  it('is divided among those who measure', () => {
    expect(estimated(1)).toBe('12 s');
    expect(estimated(2)).toBe('6 s');
    expect(estimated(64)).toBe('4 s');
  });

  it('guesses at a kind of driver until it has seen one', () => {
    expect(estimated(1, [point(1), point(1, 'linux')])).toBe('20 s');
  });

  it('knows each kind of driver by its own time, once it has one', () => {
    const stream = new Screen(true);
    const progress = new LabProgress({ stream, points: [point(1), point(2), point(1, 'linux'), point(2, 'linux')], workers: 1 });
    progress.done(outcome(point(1)));
    const slow = outcome(point(1, 'linux'));
    progress.done({ ...slow, host: { ...slow.host, wall: 60e9 } });
    expect(stream.text).toMatch(/about 64 s left[^\r]*$/);
  });

  it('is not made of what an earlier run has measured', () => {
    const stream = new Screen(true);
    new LabProgress({ stream, points: POINTS, workers: 1 }).done(outcome(point(1)), true);
    expect(stream.text).toMatch(/1\/4: /);
  });

  it('is said in the unit that fits', () => {
    expect([0.1, 99, 100, 3601, 6000].map(duration)).toEqual(['1 s', '99 s', '2 min', '61 min', '1 h 40 min']);
  });
});
