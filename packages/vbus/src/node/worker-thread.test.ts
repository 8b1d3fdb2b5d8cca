import { describe, expect, it } from 'vitest';
import { callTrial, doorbellTrial, venetTrial } from './testing/worker-trials.ts';

const OPTIONS = { execArgv: ['--conditions=@paravirt/source'] };

describe('The worker connector', () => {
  it('carries calls', async () => {
    const { report } = await callTrial(200, OPTIONS);
    expect(report).toMatchObject({ arrived: 200, stalled: false });
    expect(report.busCalls).toBe(201);
  });

  it.each([false, true])('loses no wake-up when two threads ring each other for every item, masked meanwhile: %s', async (mask) => {
    const { report } = await doorbellTrial({ items: 2000, mask, seed: 1 }, OPTIONS);
    expect(report).toMatchObject({ arrived: 2000, stalled: false });
  });

  it.each([false, true])('carries frames of venet in both directions, with every capability: %s', async (rich) => {
    const { report, received } = await venetTrial({ frames: 3000, length: 100, rich }, OPTIONS);
    expect(report).toMatchObject({ arrived: 3000, wrong: 0, stalled: false });
    expect(received).toBe(3000);
  });
});
