import { Ram } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { GuestArena, SplitRingDriver } from '../testing.ts';
import { NotificationSuppression, needEvent, type Suppression } from './notification.ts';

/** The specification's sentence, step by step: one of the indices from `before` to `now` - 1 is the event. */
function passes(event: number, now: number, before: number): boolean {
  for (let index = before; index !== now; index = (index + 1) & 0xffff) if (index === event) return true;
  return false;
}

describe('[virtio 1.2 §2.7.7.2] Device Requirements: Used Buffer Notification Suppression', () => {
  const boundary = [0, 1, 2, 3, 0x7ffe, 0x7fff, 0x8000, 0x8001, 0xfffd, 0xfffe, 0xffff];

  it('VQ-26: needEvent is the sentence of the specification for every triple of a boundary set', () => {
    for (const before of boundary)
      for (const now of boundary)
        for (const event of boundary)
          if (needEvent(event, now, before) !== passes(event, now, before)) expect.fail(`event ${event}, now ${now}, before ${before}`);
  });

  it('VQ-26: for every position of the wrap, the event just passed asks and its neighbours do not', () => {
    for (let event = 0; event <= 0xffff; event++) {
      const after = (event + 1) & 0xffff;
      if (!needEvent(event, after, event)) expect.fail(`event ${event}`);
      if (needEvent(after, after, event)) expect.fail(`event ${event}, one ahead`);
      if (needEvent((event - 1) & 0xffff, after, event)) expect.fail(`event ${event}, one behind`);
      if (needEvent(event, event, event)) expect.fail(`event ${event}, nothing new`);
    }
  });
});

describe('[virtio 1.2 §2.7.10.2] Device Requirements: Available Buffer Notification Suppression', () => {
  function rig(suppression: Suppression) {
    const memory = new Ram(new ArrayBuffer(1 << 16));
    const driver = new SplitRingDriver({ memory, arena: new GuestArena(0, 1 << 16), size: 8, eventIndex: suppression === 'event-idx' });
    return { driver, device: new NotificationSuppression(memory, driver.layout, suppression) };
  }
  const add = (driver: SplitRingDriver): boolean => {
    driver.addBuffer(0x8000, 16, false);
    return driver.kickNeeded();
  };

  it('event-idx: puts an event behind that the driver has not passed, and writes nothing if it has', () => {
    const { driver, device } = rig('event-idx');
    device.suppressKicks(0);
    expect([driver.availableEvent, add(driver)]).toEqual([0xffff, false]);
    device.requestKicks(1);
    expect([driver.availableEvent, add(driver)]).toEqual([1, true]);
    device.suppressKicks(2);
    expect([driver.availableEvent, add(driver)]).toEqual([1, false]);
    expect(driver.usedFlags).toBe(0);
  });

  it('flags: sets NO_NOTIFY and clears it', () => {
    const { driver, device } = rig('flags');
    device.suppressKicks(0);
    expect([driver.usedFlags, add(driver)]).toEqual([1, false]);
    device.requestKicks(1);
    expect([driver.usedFlags, add(driver)]).toEqual([0, true]);
  });

  it('none: writes nothing, and heeds no flag of the driver', () => {
    const { driver, device } = rig('none');
    device.suppressKicks(0);
    expect([driver.usedFlags, driver.availableEvent, add(driver)]).toEqual([0, 0, true]);
    device.requestKicks(1);
    expect([driver.usedFlags, driver.availableEvent]).toEqual([0, 0]);
    driver.disableInterrupts();
    expect([device.wantsInterrupt(1), device.takeInterrupt(1), device.takeInterrupt(1)]).toEqual([true, true, false]);
  });

  it('says what an interrupt would be wanted for without taking it', () => {
    const { driver, device } = rig('flags');
    expect([device.wantsInterrupt(0), device.wantsInterrupt(3), device.told]).toEqual([false, true, 0]);
    driver.disableInterrupts();
    expect([device.wantsInterrupt(3), device.takeInterrupt(3), device.told]).toEqual([false, false, 3]);
  });
});
