import { RecordingLine } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { UART_QUEUE_SIZE, Uart } from './uart.ts';

const DATA = 0;
const IER = 1;
const IIR = 2;
const FCR = 2;
const LCR = 3;
const MCR = 4;
const LSR = 5;
const MSR = 6;
const SCR = 7;

const text = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0));

function makeUart() {
  const irq = new RecordingLine();
  const sent: number[] = [];
  const uart = new Uart({ irq, transmit: (byte) => void sent.push(byte) });
  const read = (register: number): number => uart.read(register, 1);
  const write = (register: number, value: number): void => uart.write(register, 1, value);
  /** FIFOs on with a trigger of 8; DTR, RTS, OUT 2. */
  const open = (): void => {
    write(FCR, 0x81);
    write(MCR, 0x0b);
  };
  return { uart, irq, sent, read, write, open };
}

describe('[16550 §8.0] REGISTERS', () => {
  it('DLAB shows the divisor in place of data and enables', () => {
    const { sent, read, write } = makeUart();
    write(LCR, 0x83);
    write(DATA, 0x34);
    write(IER, 0x12);
    expect([read(DATA), read(IER), read(LCR), sent]).toEqual([0x34, 0x12, 0x83, []]);
    write(LCR, 0x03);
    write(IER, 0xff);
    expect(read(IER)).toBe(0x0f);
  });

  it('scratch register; MASTER RESET', () => {
    const { uart, read, write } = makeUart();
    write(SCR, 0xa5);
    write(MCR, 0xff);
    expect([read(SCR), read(MCR)]).toEqual([0xa5, 0x1f]);
    uart.reset();
    expect([read(IER), read(IIR), read(LCR), read(MCR), read(LSR), read(MSR)]).toEqual([0, 1, 0, 0, 0x60, 0xb0]);
  });

  it('LSR and MSR cannot be written; a wide access is bytes', () => {
    const { uart, sent, read, write } = makeUart();
    write(LSR, 0xff);
    write(MSR, 0xff);
    expect([read(LSR), read(MSR)]).toEqual([0x60, 0xb0]);
    uart.write(DATA, 2, 0x0141);
    expect([sent, uart.read(DATA, 2) >> 8, uart.read(SCR, 4)]).toEqual([[0x41], 1, 0xffff_ff00]);
  });
});

describe('[16550 §8.3] LINE STATUS REGISTER', () => {
  it('data ready while there is data; the transmitter is always empty', () => {
    const { uart, sent, read, write, open } = makeUart();
    open();
    write(DATA, 0x41);
    expect([sent, read(LSR)]).toEqual([[0x41], 0x60]);
    uart.receive(text('ab'));
    expect([read(LSR), read(DATA), read(DATA), read(LSR), read(DATA)]).toEqual([0x61, 0x61, 0x62, 0x60, 0]);
  });

  it('DEV-10: overrun in loopback keeps the FIFO and loses the newcomer; without FIFOs the newcomer wins', () => {
    const { read, write } = makeUart();
    write(FCR, 0x01);
    write(MCR, 0x10);
    for (let i = 0; i < 17; i++) write(DATA, i);
    expect([read(LSR), read(LSR)]).toEqual([0x63, 0x61]);
    expect(Array.from({ length: 17 }, () => read(DATA))).toEqual([...Array(16).keys(), 0]);
    write(FCR, 0x00);
    write(DATA, 1);
    write(DATA, 2);
    expect([read(LSR), read(DATA), read(LSR)]).toEqual([0x63, 2, 0x60]);
  });

  it('a break in loopback is received as one', () => {
    const { read, write } = makeUart();
    write(MCR, 0x10);
    write(LCR, 0x43);
    expect([read(LSR), read(DATA), read(LSR)]).toEqual([0x71, 0, 0x60]);
  });
});

describe('[16550 §8.5] INTERRUPT IDENTIFICATION REGISTER', () => {
  it('received data from the trigger level on, character time-out below it', () => {
    const { uart, irq, read, write, open } = makeUart();
    open();
    write(IER, 0x01);
    uart.receive(text('1234567'));
    expect([irq.high, read(IIR)]).toEqual([true, 0xcc]);
    uart.receive(text('8'));
    expect(read(IIR)).toBe(0xc4);
    for (let i = 0; i < 8; i++) read(DATA);
    expect([irq.high, read(IIR)]).toEqual([false, 0xc1]);
  });

  it('DEV-10: transmitter empty: raised by enabling it, cleared by reading IIR, raised again by each byte', () => {
    const { irq, read, write, open } = makeUart();
    open();
    write(IER, 0x02);
    expect([irq.high, read(IIR), irq.high, read(IIR)]).toEqual([true, 0xc2, false, 0xc1]);
    write(IER, 0x02);
    expect(irq.high).toBe(false);
    write(DATA, 0x41);
    expect([irq.high, read(IIR), irq.high]).toEqual([true, 0xc2, false]);
    write(IER, 0x00);
    write(IER, 0x02);
    expect(irq.high).toBe(true);
  });

  it('priority: line status, received data, transmitter empty, modem status; reading IIR clears only what it tells', () => {
    const { read, write } = makeUart();
    write(MCR, 0x10);
    write(DATA, 1);
    write(DATA, 2);
    write(MCR, 0x12);
    write(IER, 0x0f);
    expect(read(IIR)).toBe(0x06);
    read(LSR);
    expect(read(IIR)).toBe(0x04);
    read(DATA);
    expect(read(IIR)).toBe(0x02);
    expect(read(IIR)).toBe(0x00);
    read(MSR);
    expect(read(IIR)).toBe(0x01);
  });

  it('the line needs OUT 2 and is off in loopback', () => {
    const { irq, write, open } = makeUart();
    write(IER, 0x02);
    expect(irq.high).toBe(false);
    open();
    expect(irq.high).toBe(true);
    write(MCR, 0x1b);
    expect(irq.high).toBe(false);
    write(MCR, 0x0b);
    expect(irq.high).toBe(true);
  });
});

describe('[16550 §8.7] MODEM CONTROL and STATUS', () => {
  it('loopback: outputs appear as inputs, changes are noted until read', () => {
    const { read, write } = makeUart();
    write(MCR, 0x1a);
    expect(read(MSR) & 0xf0).toBe(0x90);
    write(MCR, 0x15);
    expect(read(MSR)).toBe(0x6b);
    expect(read(MSR)).toBe(0x60);
    write(MCR, 0x11);
    expect(read(MSR)).toBe(0x24);
  });
});

describe('[16550 §8.4] FIFO CONTROL REGISTER', () => {
  it('clearing and switching empty the receiver; bits without the enable bit are not stored', () => {
    const { uart, read, write, open } = makeUart();
    open();
    uart.receive(text('abc'));
    write(FCR, 0x83);
    expect(read(LSR)).toBe(0x60);
    uart.receive(text('abc'));
    write(FCR, 0xc0);
    expect([read(LSR), read(IIR)]).toEqual([0x60, 0x01]);
  });
});

describe('Input of the host', () => {
  it('waits for RTS, and is not lost by clearing a FIFO it has not entered', () => {
    const { uart, read, write, open } = makeUart();
    uart.receive(text('hello'));
    write(FCR, 0x07);
    expect(read(LSR)).toBe(0x60);
    open();
    expect(Array.from({ length: 5 }, () => String.fromCharCode(read(DATA))).join('')).toBe('hello');
  });

  it('is bounded: what was refused is asked for once there is room', () => {
    const { uart, read, open } = makeUart();
    let asked = 0;
    uart.onReceivable = () => asked++;
    open();
    expect(uart.receive(new Uint8Array(10_000))).toBe(UART_QUEUE_SIZE);
    expect(uart.receive(new Uint8Array(100))).toBe(16);
    for (let i = 0; i < UART_QUEUE_SIZE + 16; i++) read(DATA);
    expect([asked, read(LSR)]).toEqual([1, 0x60]);
  });

  it('keeps its order through the queue', () => {
    const { uart, read, open } = makeUart();
    open();
    const seen: number[] = [];
    let next = 0;
    for (let round = 0; round < 20; round++) {
      next += uart.receive(Uint8Array.from({ length: 999 }, (_, i) => (next + i) & 0xff));
      for (let i = 0; i < 700; i++) seen.push(read(DATA));
    }
    expect(seen.every((byte, i) => byte === (i & 0xff))).toBe(true);
  });
});
