import { describe, expect, it } from 'vitest';
import { ACKNOWLEDGE, DEVICE_NEEDS_RESET, DeviceStatus, DRIVER, DRIVER_OK, FAILED, FEATURES_OK } from './device-status.ts';

/** All combinations of the four driver bits, and those a driver can be in. */
const COMBINATIONS = Array.from({ length: 16 }, (_, i) => i);
const LADDER = [0, ACKNOWLEDGE, ACKNOWLEDGE | DRIVER, ACKNOWLEDGE | DRIVER | FEATURES_OK, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK];

function make(featuresOk = true) {
  const calls: string[] = [];
  const status = new DeviceStatus({
    reset: () => calls.push('reset'),
    featuresOk: () => {
      calls.push('featuresOk');
      return featuresOk;
    },
    driverOk: () => calls.push('driverOk'),
  });
  return { status, calls };
}

describe('[virtio 1.2 §2.1] Device Status Field', () => {
  it('TP-03: of all 16 × 16 pairs of states takes those that climb the ladder, and zero', () => {
    for (const from of COMBINATIONS)
      for (const to of COMBINATIONS) {
        const { status } = make();
        for (const step of LADDER) if ((step & from) === step) status.write(step);
        const reached = status.value;
        // A state off the ladder cannot be entered.
        if (!LADDER.includes(from)) {
          expect(LADDER).toContain(reached);
          continue;
        }
        expect(reached).toBe(from);
        status.write(to);
        const legal = to === 0 || (LADDER.includes(to) && (to & from) === from);
        expect(status.value, `${from.toString(16)} → ${to.toString(16)}`).toBe(legal ? to : from);
      }
  });

  it('TP-03: a bit is cleared by zero only', () => {
    for (const state of LADDER.slice(1)) {
      for (let bit = 1; bit <= 8; bit *= 2) {
        const { status } = make();
        for (const step of LADDER) if (step <= state) status.write(step);
        status.write(state & ~bit);
        expect(status.value).toBe((state & ~bit) === 0 ? 0 : state);
      }
    }
  });

  it('takes several steps in one write in their order', () => {
    const { status, calls } = make();
    status.write(0xf);
    expect(status.value).toBe(0xf);
    expect(calls).toEqual(['featuresOk', 'driverOk']);
  });

  it('leaves FEATURES_OK clear when the features are refused, and does not go beyond', () => {
    const { status, calls } = make(false);
    expect(status.write(0xf)).toBe('features-refused');
    expect(status.value).toBe(ACKNOWLEDGE | DRIVER);
    expect(calls).toEqual(['featuresOk']);
  });

  it('takes FAILED in every state and nothing but a reset after it', () => {
    for (const state of LADDER) {
      const { status } = make();
      for (const step of LADDER) if (step <= state && (step & state) === step) status.write(step);
      const before = status.value;
      status.write(before | FAILED);
      expect(status.value).toBe(before | FAILED);
      expect(status.live).toBe(false);
      status.write(0xf);
      expect(status.value).toBe(before | FAILED);
      status.write(0);
      expect(status.value).toBe(0);
    }
  });

  it('does not go live when DRIVER_OK and FAILED are set at once', () => {
    const { status, calls } = make();
    status.write(0xf | FAILED);
    expect(calls).not.toContain('driverOk');
    expect(status.live).toBe(false);
  });

  it('keeps DEVICE_NEEDS_RESET to itself until the reset', () => {
    const { status } = make();
    status.write(0xf | DEVICE_NEEDS_RESET);
    expect(status.value).toBe(0xf);
    expect([status.setNeedsReset(), status.setNeedsReset()]).toEqual([true, false]);
    expect(status.value).toBe(0xf | DEVICE_NEEDS_RESET);
    status.write(0xf);
    expect([status.value, status.live]).toEqual([0xf | DEVICE_NEEDS_RESET, false]);
    status.write(0);
    expect(status.value).toBe(0);
  });

  it('ignores bits that do not exist', () => {
    const { status } = make();
    status.write(0x30);
    expect(status.value).toBe(0);
    status.write(ACKNOWLEDGE | 0x30);
    expect(status.value).toBe(ACKNOWLEDGE);
  });
});
