import { describe, expect, it } from 'vitest';
import type { Measures } from '../measures.ts';
import { type Point, pointName } from '../point.ts';
import { renderJson } from '../report/json.ts';
import { makeReport } from '../report/make-report.ts';
import type { Section } from '../report/report.ts';
import { renderText } from '../report/text.ts';
import { checkPoint } from '../run-point.ts';
import { labPoints, type Plan, type Results } from './experiment.ts';
import { EXPERIMENTS } from './experiments.ts';
import { suppression } from './suppression.ts';
import { madeUp, resultsOf, testPlan } from './testing-results.ts';

const full: Plan = { ...testPlan, scope: 'full' };
const PLANS: readonly Plan[] = [testPlan, full, { ...testPlan, linux: false }, { ...testPlan, profiles: testPlan.profiles.slice(1, 2) }];
const resultsIn = (plan: Plan, measuresOf?: (point: Point) => Measures): Results => resultsOf(labPoints(EXPERIMENTS, plan), measuresOf);

describe('Points of the experiments', () => {
  it('are points', () => {
    for (const plan of PLANS) for (const point of labPoints(EXPERIMENTS, plan)) checkPoint(point);
  });

  it('are each there once, in the same order every time', () => {
    const names = labPoints(EXPERIMENTS, testPlan).map(pointName);
    expect(new Set(names).size).toBe(names.length);
    expect(labPoints(EXPERIMENTS, testPlan).map(pointName)).toEqual(names);
  });

  it('are few enough for a quick run', () => {
    const points = labPoints(EXPERIMENTS, testPlan);
    expect(points.filter(({ driver }) => driver === 'model').length).toBeLessThanOrEqual(150);
    expect(points.filter(({ driver }) => driver === 'linux').length).toBeLessThanOrEqual(8);
  });

  it('need no Linux guest where there is none, and use price lists that were asked for', () => {
    for (const plan of PLANS) {
      const names = plan.profiles.map(({ name }) => name);
      for (const { driver, profile } of labPoints(EXPERIMENTS, plan)) {
        expect(plan.linux || driver === 'model').toBe(true);
        expect(names).toContain(profile);
      }
    }
  });
});

describe.each(EXPERIMENTS)('Section $id', (experiment) => {
  const check = ({ id, title, tables, charts, findings }: Section): void => {
    expect([id, title]).toEqual([experiment.id, experiment.title]);
    expect(findings.length).toBeGreaterThan(0);
    for (const text of findings) expect(text).not.toMatch(/undefined|NaN|Infinity/);
    for (const { columns, rows } of tables) for (const row of rows) expect(row).toHaveLength(columns.length);
    for (const { data } of charts) for (const { y } of data) expect(Number.isFinite(y)).toBe(true);
  };

  it('is made of the points that it asks for', () => {
    for (const plan of PLANS) {
      const asked: string[] = [];
      const results = resultsOf(experiment.points(plan));
      const spy = new Proxy(results, {
        get(target, key) {
          if (key !== 'get') return Reflect.get(target, key);
          return (name: string) => {
            asked.push(name);
            return target.get(name);
          };
        },
      });
      const section = experiment.evaluate(spy, plan);
      check(section);
      expect(new Set(asked)).toEqual(new Set(results.keys()));
      expect(section.findings.join(' ')).not.toContain('Missing');
    }
  });

  it('is answered by its first finding, with tables and drawings', () => {
    const section = experiment.evaluate(resultsIn(testPlan), testPlan);
    expect(section.tables.length).toBeGreaterThan(0);
    expect(section.charts.length).toBeGreaterThan(0);
    expect(section.findings[0]).toMatch(/\d/);
  });

  it('says what is missing', () => {
    for (const plan of PLANS) {
      const nothing = experiment.evaluate(new Map(), plan);
      check(nothing);
      expect(nothing.verdict).toBe('for the record');
      expect(nothing.findings[0]).toContain('Nothing was measured');
    }
    const points = experiment.points(testPlan);
    for (const [index, point] of points.entries()) {
      const results = new Map(resultsIn(testPlan));
      results.set(pointName(point), { point, failed: `number ${index} went wrong` });
      const section = experiment.evaluate(results, testPlan);
      check(section);
      expect(section.findings.at(-1)).toContain(`number ${index} went wrong`);
    }
  });

  it('does without frames, interrupts, time', () => {
    const nothing = (point: Point): Measures => {
      const measures = madeUp(point);
      const none = { transmitted: 0, received: 0 };
      return {
        ...measures,
        elapsed: 0,
        frames: none,
        payload: none,
        interrupts: 0,
        hostTime: 0,
        guestTime: 0,
        signals: { sent: 0, suppressed: 0, held: 0 },
        other: {},
      };
    };
    check(experiment.evaluate(resultsIn(testPlan, nothing), testPlan));
  });
});

describe('Lost doorbells', () => {
  it('are told by name, and cost the shm_signal its claim', () => {
    const planted = (point: Point): Measures => {
      const measures = madeUp(point);
      return point.card.model === 'venet' ? { ...measures, doorbells: { ...measures.doorbells, lost: 2 }, lostInterrupts: 1 } : measures;
    };
    const clean = suppression.evaluate(resultsIn(testPlan), testPlan);
    const lossy = suppression.evaluate(resultsIn(testPlan, planted), testPlan);
    expect(clean.findings.join(' ')).toContain('No scheme lost');
    expect(lossy.findings.join(' ')).toContain('Lost: venet, shm_signal, bulk up (3)');
    expect(clean.verdict).toBe('holds');
    expect(lossy.verdict).toBe('does not hold');
  });
});

describe('makeReport', () => {
  it('begins with the summary, and has a section for each experiment', () => {
    const { sections } = makeReport(EXPERIMENTS, resultsIn(testPlan), testPlan);
    expect(sections.map(({ id }) => id)).toEqual(['summary', ...EXPERIMENTS.map(({ id }) => id)]);
    expect(sections[0]?.tables[0]?.rows).toHaveLength(EXPERIMENTS.length);
    expect(sections[0]?.title).toContain('Please be specific');
  });

  it('answers with every effect that sections found, and whose it is', () => {
    const { sections } = makeReport(EXPERIMENTS, resultsIn(testPlan), testPlan);
    const effects = sections.flatMap((section) => section.effects);
    const [summary] = sections;
    expect(summary?.tables[1]?.rows).toHaveLength(effects.length);
    const ofVbus = effects.filter(({ needs }) => needs === 'vbus');
    const substantial = ofVbus.filter(({ gain }) => gain >= 1.1);
    const traffic = [substantial, ofVbus].map((some) => some.filter(({ of }) => of === 'traffic').length);
    expect(summary?.findings[0]).toContain(`${traffic[0]} of ${traffic[1]} gains for traffic that need a virtual-bus`);
    expect(summary?.findings.filter((text) => text.startsWith('On a virtual-bus only'))).toHaveLength(substantial.length);
  });

  it('is the same whatever the order in which results came', () => {
    const results = resultsIn(testPlan);
    const reversed = new Map([...results].reverse());
    const [one, other] = [results, reversed].map((each) => makeReport(EXPERIMENTS, each, testPlan));
    expect(other).toEqual(one);
    if (one !== undefined && other !== undefined) {
      expect(renderJson(other)).toBe(renderJson(one));
      expect(renderText(other)).toBe(renderText(one));
    }
  });

  it('is there without any results', () => {
    const { sections, results } = makeReport(EXPERIMENTS, new Map(), testPlan);
    expect(results).toEqual([]);
    expect(sections[0]?.verdict).toBe('for the record');
  });
});
