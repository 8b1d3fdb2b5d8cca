import { RecordingLine, VirtualClock } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pit } from './pit.ts';
import { PIT_HZ, TickRate } from './tick-rate.ts';

const RATE = new TickRate(PIT_HZ);

function makePit() {
  const clock = new VirtualClock();
  const irq = new RecordingLine();
  const pit = new Pit({ clock, irq });
  const out = (port: number, ...values: number[]): void => {
    for (const value of values) pit.ports.write(port, 1, value);
  };
  /** Advances to the n-th clock pulse. */
  const tick = (n: number): void => clock.advanceTo(BigInt(RATE.timeOf(n)));
  const now = (): number => RATE.ticksAt(Number(clock.now()));
  const count = (counter: number): number => {
    out(3, counter << 6);
    return pit.ports.read(counter, 1) | (pit.ports.read(counter, 1) << 8);
  };
  const status = (counter: number): number => {
    out(3, 0xe0 | (2 << counter));
    return pit.ports.read(counter, 1);
  };
  const out2 = (): boolean => (pit.systemControlB.read(0, 1) & 0x20) !== 0;
  const gate2 = (high: boolean): void => pit.systemControlB.write(0, 1, high ? 1 : 0);
  return { pit, clock, irq, out, tick, now, count, status, out2, gate2 };
}

describe('[8254] MODE 0: INTERRUPT ON TERMINAL COUNT', () => {
  it('OUT is low from the control word until N + 1 clocks after the count', () => {
    const { irq, out, tick, count } = makePit();
    out(3, 0x30);
    out(0, 4, 0);
    tick(4);
    expect([irq.high, count(0)]).toEqual([false, 1]);
    tick(5);
    expect([irq.high, irq.edges, count(0)]).toEqual([true, 1, 0]);
    tick(6);
    expect([irq.high, count(0)]).toEqual([true, 0xffff]);
  });

  it('writing the first byte stops counting with OUT low, the second starts again', () => {
    const { irq, out, tick } = makePit();
    out(3, 0x30);
    out(0, 2, 0);
    tick(10);
    expect(irq.high).toBe(true);
    out(0, 3);
    expect(irq.high).toBe(false);
    tick(100);
    expect(irq.high).toBe(false);
    out(0, 0);
    tick(104);
    expect(irq.high).toBe(true);
  });

  it('GATE = 0 disables counting', () => {
    const { out, tick, count, out2, gate2 } = makePit();
    gate2(true);
    out(3, 0xb0);
    out(2, 100, 0);
    tick(51);
    gate2(false);
    tick(500);
    expect([count(2), out2()]).toEqual([50, false]);
    gate2(true);
    tick(549);
    expect([count(2), out2()]).toEqual([1, false]);
    tick(550);
    expect(out2()).toBe(true);
  });

  it('calibrates a clock as Linux does: gate on, count 2 loaded, OUT seen at port 61h', () => {
    const { pit, clock, out, out2 } = makePit();
    pit.systemControlB.write(0, 1, (pit.systemControlB.read(0, 1) & ~0x02) | 0x01);
    out(3, 0xb0);
    const latch = Math.floor(PIT_HZ / 20);
    out(2, latch & 0xff, latch >> 8);
    while (!out2()) clock.advanceTo(clock.now() + 1000n);
    expect(Number(clock.now()) / 1e6).toBeCloseTo(50, 2);
  });
});

describe('[8254] MODE 1: HARDWARE RETRIGGERABLE ONE-SHOT', () => {
  it('OUT falls after the trigger for N clocks; a trigger in between starts anew', () => {
    const { out, tick, out2, gate2 } = makePit();
    out(3, 0xb2);
    out(2, 10, 0);
    tick(5);
    expect(out2()).toBe(true);
    gate2(true);
    tick(6);
    expect(out2()).toBe(false);
    gate2(false);
    tick(12);
    gate2(true);
    tick(22);
    expect(out2()).toBe(false);
    tick(23);
    expect(out2()).toBe(true);
  });
});

describe('[8254] MODE 2: RATE GENERATOR', () => {
  it('OUT rises once in N clocks, without drift', () => {
    const { clock, irq, out, now } = makePit();
    out(3, 0x34);
    out(0, 0x9b, 0x2e);
    const start = irq.edges;
    const period = 0x2e9b;
    for (let i = 1; i <= 1000; i++) {
      clock.advanceTo(clock.nextDeadline ?? 0n);
      expect([now(), irq.edges - start]).toEqual([1 + i * period, i]);
    }
  });

  it('the count goes from N to 1; OUT is low for the last clock', () => {
    const { out, tick, count, out2, gate2 } = makePit();
    gate2(true);
    out(3, 0xb4);
    out(2, 5, 0);
    const seen: [number, boolean][] = [];
    for (let t = 1; t <= 6; t++) {
      tick(t);
      seen.push([count(2), out2()]);
    }
    expect(seen).toEqual([
      [5, true],
      [4, true],
      [3, true],
      [2, true],
      [1, false],
      [5, true],
    ]);
  });

  it('a new count is loaded at the end of the running cycle', () => {
    const { out, tick, count, gate2, status } = makePit();
    gate2(true);
    out(3, 0xb4);
    out(2, 100, 0);
    tick(31);
    out(2, 10, 0);
    expect([count(2), status(2) & 0x40]).toEqual([70, 0x40]);
    tick(100);
    expect(count(2)).toBe(1);
    tick(101);
    expect([count(2), status(2) & 0x40]).toEqual([10, 0]);
    tick(112);
    expect(count(2)).toBe(9);
  });

  it('GATE low stops with OUT high, its rise reloads', () => {
    const { out, tick, count, out2, gate2 } = makePit();
    gate2(true);
    out(3, 0xb4);
    out(2, 100, 0);
    tick(41);
    gate2(false);
    tick(200);
    expect([count(2), out2()]).toEqual([60, true]);
    gate2(true);
    tick(201);
    expect(count(2)).toBe(100);
  });

  it('DEV-12: a count of 0 is 65,536', () => {
    const { clock, irq, out, now } = makePit();
    out(3, 0x34);
    out(0, 0, 0);
    const start = irq.edges;
    clock.advanceTo(clock.nextDeadline ?? 0n);
    expect([now(), irq.edges - start]).toEqual([65_537, 1]);
  });

  it('DEV-12: counts of 1 and 2 do not flood', () => {
    for (const n of [1, 2]) {
      const { clock, irq, out } = makePit();
      out(3, 0x34);
      out(0, n, 0);
      let events = 0;
      while (clock.now() < 1_000_000n) {
        clock.advanceTo(clock.nextDeadline ?? 1_000_000n);
        events++;
      }
      expect(events).toBeLessThanOrEqual(110);
      // A count of 1 is illegal in this mode: OUT never comes out of its low clock.
      expect(irq.edges).toBeGreaterThanOrEqual(n === 1 ? 1 : 80);
    }
  });

  it('a host that was away gets one edge, then the old phase', () => {
    let real = 0n;
    const clock = new VirtualClock(() => real);
    const irq = new RecordingLine();
    const pit = new Pit({ clock, irq });
    for (const [port, value] of [
      [3, 0x34],
      [0, 0xe8],
      [0, 0x03],
    ] as const)
      pit.ports.write(port, 1, value);
    const start = irq.edges;
    real = 10_500_000n;
    clock.advanceTo(real);
    expect(irq.edges - start).toBe(1);
    expect((RATE.ticksAt(Number(clock.nextDeadline)) - 1) % 1000).toBe(0);
  });
});

describe('[8254] MODE 3: SQUARE WAVE MODE', () => {
  it('an even count is halved, an odd one is high for one clock more; decremented by two', () => {
    const wave = (n: number): string => {
      const { out, tick, out2, gate2 } = makePit();
      gate2(true);
      out(3, 0xb6);
      out(2, n, 0);
      let seen = '';
      for (let t = 1; t <= 2 * n; t++) {
        tick(t);
        seen += out2() ? '1' : '0';
      }
      return seen;
    };
    expect(wave(4)).toBe('11001100');
    expect(wave(5)).toBe('1110011100');
    const { out, tick, count, gate2 } = makePit();
    gate2(true);
    out(3, 0xb6);
    out(2, 6, 0);
    const seen = [1, 2, 3, 4].map((t) => {
      tick(t);
      return count(2);
    });
    expect(seen).toEqual([6, 4, 2, 6]);
  });

  it('the line sees both edges', () => {
    const { irq, out, tick } = makePit();
    out(3, 0x36);
    out(0, 0xe8, 0x03);
    expect(irq.high).toBe(true);
    tick(501);
    expect(irq.high).toBe(false);
    tick(1001);
    expect([irq.high, irq.edges]).toEqual([true, 2]);
  });

  it('a new count is loaded at the end of the half cycle', () => {
    const { out, tick, out2, gate2 } = makePit();
    gate2(true);
    out(3, 0xb6);
    out(2, 100, 0);
    tick(11);
    out(2, 20, 0);
    tick(50);
    expect(out2()).toBe(true);
    tick(51);
    expect(out2()).toBe(false);
    tick(61);
    expect(out2()).toBe(true);
    tick(71);
    expect(out2()).toBe(false);
  });
});

describe('[8254] MODES 4 and 5: TRIGGERED STROBE', () => {
  it('OUT is low for one clock, N + 1 after the count or the trigger', () => {
    for (const control of [0xb8, 0xba]) {
      const { out, tick, out2, gate2 } = makePit();
      if (control === 0xb8) gate2(true);
      out(3, control);
      out(2, 3, 0);
      if (control === 0xba) gate2(true);
      const seen = [1, 2, 3, 4, 5, 6].map((t) => {
        tick(t);
        return out2();
      });
      expect(seen).toEqual([true, true, true, false, true, true]);
    }
  });

  it('the end of the strobe is an edge for the line', () => {
    const { irq, out, tick } = makePit();
    out(3, 0x38);
    const before = irq.edges;
    out(0, 3, 0);
    tick(5);
    expect([irq.edges - before, irq.high]).toEqual([1, true]);
  });
});

describe('[8254] Read Operations', () => {
  it('a latched count stays until it is read; a second latch is ignored', () => {
    const { pit, out, tick } = makePit();
    out(3, 0x34);
    out(0, 0x00, 0x10);
    tick(1 + 0x123);
    out(3, 0x00);
    tick(1 + 0x456);
    out(3, 0x00);
    expect(pit.ports.read(0, 1) | (pit.ports.read(0, 1) << 8)).toBe(0x1000 - 0x123);
    expect(pit.ports.read(0, 1) | (pit.ports.read(0, 1) << 8)).toBe(0x1000 - 0x456);
  });

  it('the read-back command latches status, then count', () => {
    const { pit, out, tick } = makePit();
    out(3, 0x34);
    out(0, 0x00, 0x10);
    tick(11);
    out(3, 0xc2);
    expect([pit.ports.read(0, 1), pit.ports.read(0, 1), pit.ports.read(0, 1)]).toEqual([0xb4, 0xf6, 0x0f]);
  });

  it('status tells a null count until it is loaded', () => {
    const { out, tick, status } = makePit();
    out(3, 0x30);
    expect(status(0)).toBe(0x70);
    out(0, 9, 0);
    expect(status(0)).toBe(0x70);
    tick(1);
    expect(status(0)).toBe(0x30);
  });

  it('least or most significant byte only', () => {
    const { pit, out, tick } = makePit();
    out(3, 0x14);
    out(0, 200);
    tick(11);
    expect([pit.ports.read(0, 1), pit.ports.read(0, 1)]).toEqual([190, 190]);
    out(3, 0x24);
    out(0, 0x20);
    tick(23);
    expect([pit.ports.read(0, 1), pit.ports.read(0, 1)]).toEqual([0x1f, 0x1f]);
  });

  it('counts in BCD, 0 is 10,000', () => {
    const { out, tick, count } = makePit();
    out(3, 0x31);
    out(0, 0x34, 0x12);
    tick(1 + 235);
    expect(count(0)).toBe(0x0999);
    out(3, 0x35);
    out(0, 0, 0);
    tick(1 + 237);
    expect(count(0)).toBe(0x9999);
  });
});

describe('[ICH9 §13.7.1] NMI Status and Control Register', () => {
  it('stores its low four bits; the refresh bit toggles', () => {
    const { pit, clock } = makePit();
    pit.systemControlB.write(0, 1, 0xff);
    expect(pit.systemControlB.read(0, 1) & 0xcf).toBe(0x0f);
    const first = pit.systemControlB.read(0, 1) & 0x10;
    clock.advanceTo(15_085n);
    expect(pit.systemControlB.read(0, 1) & 0x10).not.toBe(first);
  });
});

describe('Events and levels', () => {
  it('whatever is programmed, the line agrees with OUT when no edge is being merged', () => {
    const operation = fc.record({ mode: fc.nat(5), count: fc.integer({ min: 60, max: 400 }), run: fc.integer({ min: 1, max: 3000 }) });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 8 }), (operations) => {
        const { irq, out, tick, now, status } = makePit();
        for (const { mode, count, run } of operations) {
          out(3, 0x30 | (mode << 1));
          out(0, count & 0xff, count >> 8);
          tick(now() + run);
          const low = (status(0) & 0x80) === 0;
          // The one-clock low of modes 2, 4 and 5 is told at its end.
          if (mode === 0 || mode === 3) expect(irq.high).toBe(!low);
          else expect(irq.high).toBe(true);
        }
      }),
    );
  });
});
