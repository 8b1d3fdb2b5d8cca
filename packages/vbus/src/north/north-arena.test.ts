import { ConfigurationError } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferMemory } from '../shared-region.ts';
import { NorthArena } from './north-arena.ts';

const START = 4096;
const LENGTH = 8192;
const arena = (): NorthArena => new NorthArena(new BufferMemory(new ArrayBuffer(START + LENGTH)), START, LENGTH);

describe('The north side’s memory', () => {
  it('is handed out once, zero and aligned', () => {
    const a = arena();
    a.memory.write(START, new Uint8Array(LENGTH).fill(0xaa));
    const one = a.region(100);
    const two = a.region(100, 4096);
    expect([one?.address, two?.address]).toEqual([START, 8192]);
    expect(one?.readU64(0)).toBe(0n);
    expect(a.allocate(LENGTH)).toBeUndefined();
  });

  it('can be used again when it was given back, in one piece', () => {
    const a = arena();
    const pieces = Array.from({ length: 128 }, () => a.allocate(64) as number);
    expect(new Set(pieces).size).toBe(128);
    expect([a.free, a.allocate(1)]).toEqual([0, undefined]);
    for (const at of [...pieces.filter((_, i) => i % 2 === 0), ...pieces.filter((_, i) => i % 2 === 1)]) a.release(at);
    a.release(START);
    a.release(1);
    expect(a.allocate(LENGTH)).toBe(START);
  });

  it('must be memory', () => {
    expect(() => new NorthArena(new BufferMemory(new ArrayBuffer(4096)), 0, 4097)).toThrow(ConfigurationError);
  });

  it('has no two owners, and loses nothing, whatever is taken and given back', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 900 }), fc.boolean(), fc.nat(20)), { maxLength: 60 }), (steps) => {
        const a = arena();
        const held: { at: number; end: number }[] = [];
        for (const [size, give, which] of steps) {
          if (give) {
            const [piece] = held.splice(which % Math.max(1, held.length), 1);
            if (piece !== undefined) a.release(piece.at);
            continue;
          }
          const at = a.allocate(size, 8);
          if (at === undefined) continue;
          expect(held.every((other) => at >= other.end || at + size <= other.at)).toBe(true);
          expect(at >= START && at + size <= START + LENGTH).toBe(true);
          held.push({ at, end: at + size });
        }
        for (const { at } of held) a.release(at);
        expect([a.free, a.allocate(LENGTH)]).toEqual([LENGTH, START]);
      }),
    );
  });
});
