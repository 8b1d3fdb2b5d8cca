import { RecordingLine, VirtualClock } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { Rtc } from './rtc.ts';

const SECOND = 1_000_000_000n;
const A = 0x0a;
const B = 0x0b;
const C = 0x0c;
const D = 0x0d;
const PIE = 0x40;
const AIE = 0x20;
const UIE = 0x10;
const BINARY_24H = 0x06;

function makeRtc(start: string | number = '2024-02-28T23:59:58Z') {
  const clock = new VirtualClock();
  const irq = new RecordingLine();
  const startMs = typeof start === 'number' ? start : Date.parse(start);
  const rtc = new Rtc({ clock, irq, startMs, memoryBelow4G: 0xc000_0000, memoryAbove4G: 0x4000_0000 });
  const read = (register: number): number => {
    rtc.write(0, 1, register);
    return rtc.read(1, 1);
  };
  const write = (register: number, value: number): void => {
    rtc.write(0, 1, register);
    rtc.write(1, 1, value);
  };
  /** Century, year, month, day, hour, minute, second as the registers show them. */
  const time = (): string => [0x32, 9, 8, 7, 4, 2, 0].map((r) => read(r).toString(16).padStart(2, '0')).join(' ');
  const pass = (ns: bigint): void => clock.advanceTo(clock.now() + ns);
  return { rtc, clock, irq, read, write, time, pass };
}

describe('[MC146818] TIME, CALENDAR, AND ALARM LOCATIONS', () => {
  it('tells the injected time in BCD, and goes on, through a leap day', () => {
    const { read, time, pass } = makeRtc();
    expect([time(), read(6)]).toEqual(['20 24 02 28 23 59 58', 4]);
    pass(2n * SECOND);
    expect(time()).toBe('20 24 02 29 00 00 00');
    pass(86_400n * SECOND);
    expect([time(), read(6)]).toEqual(['20 24 03 01 00 00 00', 6]);
  });

  it('binary and 12-hour formats', () => {
    const { read, write, time, pass } = makeRtc();
    write(B, 0x06);
    expect(time()).toBe('14 18 02 1c 17 3b 3a');
    write(B, 0x00);
    expect(read(4)).toBe(0x91);
    pass(2n * SECOND);
    expect(read(4)).toBe(0x12);
    pass(13n * 3600n * SECOND);
    expect(read(4)).toBe(0x81);
    write(B, 0x04);
    expect(read(4)).toBe(0x81);
  });

  it('counts fractions of the start time', () => {
    const { read, pass } = makeRtc(Date.parse('2024-01-01T00:00:00Z') + 999);
    pass(999_999n);
    expect(read(0)).toBe(0);
    pass(1n);
    expect(read(0)).toBe(1);
  });

  it('SET holds the time while it is written; the written time goes on', () => {
    const { write, time, pass } = makeRtc();
    write(B, 0x82);
    pass(5n * SECOND);
    for (const [register, value] of [
      [0, 0x30],
      [2, 0x45],
      [4, 0x06],
      [7, 0x31],
      [8, 0x12],
      [9, 0x99],
      [0x32, 0x19],
    ] as const)
      write(register, value);
    expect(time()).toBe('19 99 12 31 06 45 30');
    write(B, 0x02);
    pass(SECOND);
    expect(time()).toBe('19 99 12 31 06 45 31');
  });

  it('a time register written while running takes effect at once', () => {
    const { write, time, pass } = makeRtc();
    write(2, 0x00);
    pass(2n * SECOND);
    expect(time()).toBe('20 24 02 28 23 01 00');
  });

  it('the divider reset holds the time; half a second after its release comes the first update', () => {
    const { read, write, pass } = makeRtc();
    write(A, 0x76);
    pass(10n * SECOND);
    expect(read(0)).toBe(0x58);
    write(A, 0x26);
    pass(SECOND / 2n - 1n);
    expect(read(0)).toBe(0x58);
    pass(1n);
    expect(read(0)).toBe(0x59);
  });
});

describe('[MC146818] UPDATE CYCLE', () => {
  it('UIP is set 244 µs before the update of 1984 µs and clear after it', () => {
    const { clock, read } = makeRtc();
    clock.advanceTo(SECOND - 2_228_001n);
    expect(read(A)).toBe(0x26);
    clock.advanceTo(SECOND - 2_228_000n);
    expect(read(A)).toBe(0xa6);
    clock.advanceTo(SECOND);
    expect(read(A)).toBe(0x26);
  });

  it('SET keeps UIP clear', () => {
    const { clock, read, write } = makeRtc();
    write(B, 0x82);
    clock.advanceTo(SECOND - 1000n);
    expect(read(A)).toBe(0x26);
  });
});

describe('[MC146818] INTERRUPTS', () => {
  it('update-ended: once a second, cleared by reading register C', () => {
    const { irq, read, write, pass } = makeRtc();
    write(B, UIE | 0x02);
    pass(SECOND - 1n);
    expect(irq.high).toBe(false);
    pass(1n);
    expect(irq.high).toBe(true);
    expect([read(C) & 0x90, irq.high, read(C)]).toEqual([0x90, false, 0]);
    pass(SECOND);
    expect(irq.edges).toBe(2);
  });

  it('alarm: at the time that matches, C0h or more matching everything', () => {
    const { irq, read, write, pass } = makeRtc();
    for (const [register, value] of [
      [1, 0x30],
      [3, 0x01],
      [5, 0x00],
    ] as const)
      write(register, value);
    write(B, AIE | 0x02);
    pass(91n * SECOND);
    expect(irq.high).toBe(false);
    pass(SECOND);
    expect([irq.high, read(C) & 0xa0]).toEqual([true, 0xa0]);
    pass(86_399n * SECOND);
    expect(irq.high).toBe(false);
    pass(SECOND);
    expect(irq.high).toBe(true);
    for (const register of [1, 3, 5]) write(register, 0xff);
    read(C);
    pass(SECOND);
    expect(irq.high).toBe(true);
  });

  it('an alarm that no time matches never comes', () => {
    const { clock, irq, write, pass } = makeRtc();
    for (const register of [1, 3, 5]) write(register, 0x7f);
    write(B, AIE | 0x02);
    pass(10n * 86_400n * SECOND);
    expect([irq.high, clock.nextDeadline]).toEqual([false, undefined]);
  });

  it('periodic: every rate, without drift', () => {
    const expected = [256, 128, 8192, 4096, 2048, 1024, 512, 256, 128, 64, 32, 16, 8, 4, 2];
    for (const [i, hz] of expected.entries()) {
      const { irq, read, write, clock } = makeRtc();
      write(A, 0x20 | (i + 1));
      write(B, PIE | 0x02);
      while ((clock.nextDeadline ?? 0n) <= SECOND) {
        clock.advanceTo(clock.nextDeadline ?? 0n);
        read(C);
      }
      expect(irq.edges).toBe(hz);
    }
  });

  it('DEV-12: a guest that does not read register C costs one event', () => {
    const { irq, clock, write, pass } = makeRtc();
    write(A, 0x23);
    write(B, PIE | AIE | UIE | 0x02);
    pass(SECOND);
    expect([irq.edges, clock.nextDeadline]).toEqual([1, undefined]);
  });

  it('DEV-12: rate 0 gives no periodic interrupt', () => {
    const { irq, clock, write, pass } = makeRtc();
    write(A, 0x20);
    write(B, PIE | 0x02);
    pass(SECOND);
    expect([irq.high, clock.nextDeadline]).toEqual([false, undefined]);
  });

  it('flags are set without being enabled; enabling a flag that is set raises the line', () => {
    const { irq, read, write, pass } = makeRtc();
    write(A, 0x26);
    pass(SECOND);
    expect(irq.high).toBe(false);
    write(B, UIE | 0x02);
    expect([irq.high, read(C) & 0xd0]).toEqual([true, 0xd0]);
  });

  it('RESET clears enables and flags, not the time', () => {
    const { rtc, irq, read, write, time, pass } = makeRtc();
    write(B, UIE | BINARY_24H);
    pass(SECOND);
    rtc.reset();
    expect([irq.high, read(B), read(C), time()]).toEqual([false, BINARY_24H, 0, '14 18 02 1c 17 3b 3b']);
  });
});

describe('[MC146818] REGISTER D and RAM', () => {
  it('RAM and time are valid; registers C and D are read-only', () => {
    const { read, write } = makeRtc();
    write(D, 0);
    write(C, 0xff);
    expect([read(D), read(C)]).toEqual([0x80, 0]);
  });

  it('114 bytes of RAM; index bit 7 is the NMI mask', () => {
    const { rtc, read, write } = makeRtc();
    write(0x7f, 0x5a);
    write(0xc0, 0xa5);
    expect([read(0xff), read(0x40), rtc.read(0, 1)]).toEqual([0x5a, 0xa5, 0xff]);
  });

  it('[PC/AT] tells the memory sizes and the checksum of its configuration', () => {
    const { read } = makeRtc();
    const word = (at: number): number => read(at) | (read(at + 1) << 8);
    expect([word(0x15), word(0x17), word(0x30), word(0x34), word(0x5b), read(0x5d)]).toEqual([640, 0xffff, 0xffff, 0xbf00, 0x4000, 0]);
    let sum = 0;
    for (let i = 0x10; i <= 0x2d; i++) sum += read(i);
    expect((read(0x2e) << 8) | read(0x2f)).toBe(sum);
  });
});
