import { ConfigurationError, RecordingLine } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { type InterruptPin, PciFunction } from './function.ts';
import { InterruptRouting, pirqOf } from './interrupt-routing.ts';
import { createTestBus } from './testing.ts';

const plain = (name: string, interruptPin: InterruptPin): PciFunction =>
  new PciFunction({ name, vendorId: 1, deviceId: 1, classCode: 0, interruptPin });

describe('[PCI 3.0 §2.2.6] Interrupt Pins', () => {
  it('rotates the pins of neighbouring devices', () => {
    expect([1, 2, 3, 4].map((pin) => pirqOf(0, pin as 1))).toEqual([0, 1, 2, 3]);
    expect([1, 2, 3, 4].map((pin) => pirqOf(3, pin as 1))).toEqual([3, 0, 1, 2]);
    expect(pirqOf(31, 4)).toBe(2);
  });

  it('tells each function the interrupt line that firmware would, also after a reset', () => {
    const { bus } = createTestBus();
    const functions = [1, 2, 3, 4].map((device) => plain(`device ${device}`, 1));
    for (const [i, f] of functions.entries()) bus.plug(i + 1, 0, f);
    const quiet = plain('quiet', 0);
    bus.plug(5, 0, quiet);
    const lines = (): number[] => [...functions, quiet].map((f) => f.config.read(0x3c, 1));
    expect(lines()).toEqual([11, 12, 15, 10, 0]);
    functions[0]?.config.write(0x3c, 1, 5);
    expect(lines()[0]).toBe(5);
    bus.reset();
    expect(lines()).toEqual([11, 12, 15, 10, 0]);
  });

  it('TP-20 keeps a shared line high until the last of its devices lowers it', () => {
    const { bus, pirqs } = createTestBus();
    const [a, b, c] = [plain('a', 1), plain('b', 1), plain('c', 2)] as const;
    bus.plug(1, 0, a);
    bus.plug(5, 0, b);
    bus.plug(2, 0, c);
    a.intx.raise();
    a.intx.raise();
    b.intx.raise();
    expect(pirqs.map(({ high }) => high)).toEqual([false, true, false, false]);
    a.intx.lower();
    a.intx.lower();
    expect(pirqs[1].high).toBe(true);
    expect(pirqs[1].edges).toBe(1);
    b.intx.lower();
    expect(pirqs[1].high).toBe(false);
    c.intx.raise();
    expect(pirqs.map(({ high }) => high)).toEqual([false, false, false, true]);
  });

  it('TP-20 takes only the disabled device off a shared line', () => {
    const { bus, pirqs } = createTestBus();
    const [a, b] = [plain('a', 1), plain('b', 1)] as const;
    bus.plug(1, 0, a);
    bus.plug(5, 0, b);
    a.intx.raise();
    b.intx.raise();
    a.config.write(0x04, 2, 0x0400);
    expect(pirqs[1].high).toBe(true);
    b.config.write(0x05, 1, 0x04);
    expect(pirqs[1].high).toBe(false);
    expect([a, b].map((f) => f.config.read(0x06, 2) & 8)).toEqual([8, 8]);
    a.config.write(0x04, 2, 0);
    expect(pirqs[1].high).toBe(true);
    bus.reset();
    expect(pirqs[1].high).toBe(false);
    expect(a.config.read(0x06, 2) & 8).toBe(0);
  });

  it('refuses an interrupt number that is not a byte', () => {
    const line = new RecordingLine();
    expect(() => new InterruptRouting({ lines: [line, line, line, line], irqs: [10, 11, 256, 5] })).toThrow(ConfigurationError);
  });
});
