import { RecordingLine, VirtualClock } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { AcpiPm, type AcpiPmOptions } from './acpi-pm.ts';
import { PM_TIMER_HZ, TickRate } from './tick-rate.ts';

const STATUS = 0;
const ENABLE = 2;
const CONTROL = 4;
const TIMER = 8;
const TMR = 1;
const GBL = 0x20;
const PWRBTN = 0x100;
const RATE = new TickRate(PM_TIMER_HZ);

function makePm(options: Partial<AcpiPmOptions> = {}) {
  const clock = new VirtualClock();
  const sci = new RecordingLine();
  const log: string[] = [];
  const pm = new AcpiPm({ clock, sci, powerOff: () => void log.push('off'), ...options });
  const tick = (n: number): void => clock.advanceTo(BigInt(RATE.timeOf(n)));
  return { pm, clock, sci, log, tick };
}

describe('[ACPI 6.5 §4.8.2.1] Power Management Timer', () => {
  it('counts at 3.579545 MHz in 32 or 24 bits', () => {
    const { pm, tick, clock } = makePm();
    const narrow = makePm({ clock, timerBits: 24 });
    tick(0x1_0123_4567);
    expect([pm.read(TIMER, 4), narrow.pm.read(TIMER, 4)]).toEqual([0x0123_4567, 0x23_4567]);
    expect([pm.read(TIMER, 1), pm.read(TIMER + 1, 1), pm.read(TIMER + 2, 2)]).toEqual([0x67, 0x45, 0x0123]);
    pm.write(TIMER, 4, 0);
    expect(pm.read(TIMER, 4)).toBe(0x0123_4567);
  });

  it('a change of the highest bit sets TMR_STS, and SCI if enabled', () => {
    const { pm, sci, tick } = makePm({ timerBits: 24 });
    tick(0x7f_ffff);
    expect(pm.read(STATUS, 2)).toBe(0);
    tick(0x80_0000);
    expect([pm.read(STATUS, 2), sci.high]).toEqual([TMR, false]);
    pm.write(ENABLE, 2, TMR);
    expect(sci.high).toBe(true);
    pm.write(STATUS, 2, TMR);
    expect([pm.read(STATUS, 2), sci.high]).toEqual([0, false]);
    tick(0xff_ffff);
    expect(sci.high).toBe(false);
    tick(0x100_0000);
    expect([sci.high, sci.edges]).toEqual([true, 2]);
    // Not acknowledged: no further events.
    tick(0x1000_0000);
    expect(sci.edges).toBe(2);
  });
});

describe('[ACPI 6.5 §4.8.3.1] PM1 Event Grouping', () => {
  it('the power button sets its status; SCI follows status and enable; status is cleared by writing ones', () => {
    const { pm, sci } = makePm();
    pm.write(ENABLE, 2, 0xffff);
    expect(pm.read(ENABLE, 2)).toBe(0x521);
    pm.pressPowerButton();
    expect([pm.read(STATUS, 2), sci.high]).toEqual([PWRBTN, true]);
    pm.write(STATUS, 2, TMR);
    expect(sci.high).toBe(true);
    pm.write(STATUS + 1, 1, PWRBTN >> 8);
    expect([pm.read(STATUS, 4), sci.high]).toEqual([0x0521_0000, false]);
  });

  it('GBL_EN can be set and read back, though nothing here ever sets GBL_STS', () => {
    const { pm, sci } = makePm();
    pm.write(ENABLE, 2, GBL);
    expect([pm.read(ENABLE, 2), pm.read(STATUS, 2), sci.high]).toEqual([GBL, 0, false]);
    pm.write(ENABLE, 2, 0);
    expect(pm.read(ENABLE, 2)).toBe(0);
  });

  it('TP-23: odd widths and offsets read and write what they touch', () => {
    const { pm, sci } = makePm();
    pm.pressPowerButton();
    expect([pm.read(1, 1), pm.read(1, 2), pm.read(3, 4)]).toEqual([0x01, 0x0001, 0x0001_00]);
    pm.write(1, 4, 0x0000_0101);
    expect([pm.read(STATUS, 2), pm.read(ENABLE, 2), sci.high]).toEqual([0, TMR, false]);
    expect(pm.read(14, 4)).toBe(0xffff_0000);
  });
});

describe('[ACPI 6.5 §4.8.3.2] PM1 Control', () => {
  it('SCI_EN reads 1; SLP_EN with the sleep type of S5 powers off, with another does nothing', () => {
    const { pm, log } = makePm();
    expect(pm.read(CONTROL, 2)).toBe(1);
    pm.write(CONTROL, 2, 0);
    expect(pm.read(CONTROL, 2)).toBe(1);
    pm.write(CONTROL, 2, (3 << 10) | 0x2000);
    pm.write(CONTROL, 2, 5 << 10);
    expect([log, pm.read(CONTROL, 2)]).toEqual([[], 0x1401]);
    pm.write(CONTROL, 2, 0x2000);
    expect([log, pm.read(CONTROL, 2)]).toEqual([['off'], 1]);
    pm.write(CONTROL + 1, 1, 0x20);
    expect(log).toEqual(['off', 'off']);
  });

  it('reset disables and clears', () => {
    const { pm, sci } = makePm();
    pm.write(ENABLE, 2, PWRBTN);
    pm.pressPowerButton();
    pm.reset();
    expect([pm.read(STATUS, 4), pm.read(CONTROL, 2), sci.high]).toEqual([0, 1, false]);
  });
});
