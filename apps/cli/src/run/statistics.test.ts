import { describe, expect, it } from 'vitest';
import { asJson, asText, type Statistics } from './statistics.ts';

const STATISTICS: Statistics = {
  instructions: 2_000_000_000,
  virtualSeconds: 20,
  ports: [{ device: 'COM1', reads: 1000, writes: 2000 }],
  mmio: [{ device: 'local APIC', reads: 1, writes: 300 }],
  halts: 5,
  interrupts: 400,
  resets: 0,
  hostSeconds: 25,
  millionInstructionsPerSecond: 80,
  frames: [{ card: 'net0', transmittedFrames: 3, transmittedBytes: 180, receivedFrames: 4, receivedBytes: 4000 }],
  peakMemory: 600 * 2 ** 20,
  engine: {
    name: 'translator',
    instructions: { interpreter: 150_000_000, translator: 1_850_000_000 },
    regions: 4200,
    compileMilliseconds: 812.25,
    exits: { pageMiss: 3_000_000, interrupt: 9000 },
  },
};

describe('--stats', () => {
  it('is one line of JSON', () => {
    expect(asJson(STATISTICS)).toMatch(/^\{[^\n]*\}\n$/);
    expect(JSON.parse(asJson(STATISTICS))).toEqual(STATISTICS);
  });

  it('is a table for people', () => {
    expect(asText(STATISTICS)).toMatchInlineSnapshot(`
      "instructions                  2,000,000,000
      million instructions/s                 80.0
      host seconds                          25.00
      virtual seconds                       20.00
      peak memory, MiB                        600
      interrupts                              400
      halts                                     5
      resets                                    0
      engine                           translator
      instructions, interpreter       150,000,000
      instructions, translator      1,850,000,000
      regions                               4,200
      compile milliseconds                  812.3
      exits, page miss                  3,000,000
      exits, interrupt                      9,000
      port COM1                             1,000 reads          2,000 writes
      memory local APIC                         1 reads            300 writes
      net0 frames sent                          3   180 bytes
      net0 frames received                      4   4,000 bytes
      "
    `);
  });
});
