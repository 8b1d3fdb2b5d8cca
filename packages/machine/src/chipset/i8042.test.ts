import { RecordingLine } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { I8042 } from './i8042.ts';

function makeController() {
  const keyboardIrq = new RecordingLine();
  const auxiliaryIrq = new RecordingLine();
  const log: string[] = [];
  const controller = new I8042({
    keyboardIrq,
    auxiliaryIrq,
    reset: () => void log.push('reset'),
    setA20: (enabled) => void log.push(`a20 ${enabled}`),
  });
  const command = (value: number, ...parameters: number[]): void => {
    controller.command.write(0, 1, value);
    for (const parameter of parameters) controller.data.write(0, 1, parameter);
  };
  const status = (): number => controller.command.read(0, 1);
  const data = (): number => controller.data.read(0, 1);
  return { controller, keyboardIrq, auxiliaryIrq, log, command, status, data };
}

describe('Keyboard and Auxiliary Device Controller: commands', () => {
  it('self test and port tests pass', () => {
    const { command, status, data } = makeController();
    expect(status()).toBe(0x10);
    for (const [value, answer] of [
      [0xaa, 0x55],
      [0xab, 0x00],
      [0xa9, 0x00],
    ] as const) {
      command(value);
      expect([status() & 0x09, data(), status() & 1]).toEqual([0x09, answer, 0]);
    }
  });

  it('command byte and RAM are written and read; the port commands change it', () => {
    const { command, data } = makeController();
    command(0x60, 0x65);
    command(0xa7);
    command(0xad);
    command(0x20);
    expect(data()).toBe(0x75);
    command(0xa8);
    command(0xae);
    command(0x20);
    expect(data()).toBe(0x45);
    command(0x7f, 0x99);
    command(0x3f);
    expect(data()).toBe(0x99);
  });

  it('what is written to an output buffer is read there, with its interrupt', () => {
    const { keyboardIrq, auxiliaryIrq, command, status, data } = makeController();
    command(0x60, 0x03);
    command(0xd2, 0x1c);
    expect([status() & 0x21, keyboardIrq.high, auxiliaryIrq.high, data(), keyboardIrq.high]).toEqual([0x01, true, false, 0x1c, false]);
    command(0xd3, 0x5a);
    expect([status() & 0x21, keyboardIrq.high, auxiliaryIrq.high, data(), auxiliaryIrq.high]).toEqual([0x21, false, true, 0x5a, false]);
  });

  it('a byte to a device that is not there times out', () => {
    const { controller, command, status, data } = makeController();
    controller.data.write(0, 1, 0xff);
    expect([status() & 0x61, data()]).toEqual([0x41, 0xfe]);
    command(0xd4, 0xff);
    expect([status() & 0x61, data()]).toEqual([0x61, 0xfe]);
  });

  it('output port: A20 and reset', () => {
    const { log, command, data } = makeController();
    command(0xd0);
    expect(data() & 3).toBe(3);
    command(0xd1, 0x01);
    command(0xdf);
    command(0xdd);
    command(0xd1, 0x02);
    expect(log).toEqual(['a20 false', 'a20 true', 'a20 false', 'a20 true', 'reset']);
  });

  it('pulse FEh resets, pulse FFh does nothing', () => {
    const { log, command } = makeController();
    command(0xff);
    expect(log).toEqual([]);
    command(0xfe);
    expect(log).toEqual(['reset']);
  });

  it('answers that nobody reads are bounded', () => {
    const { command, status, data } = makeController();
    for (let i = 0; i < 1000; i++) command(0xaa);
    let count = 0;
    while ((status() & 1) !== 0 && count < 1000) {
      data();
      count++;
    }
    expect(count).toBe(16);
  });
});
