import { RecordingLine } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { Pic } from './pic.ts';

const OCW2_EOI = 0x20;
const OCW2_SPECIFIC_EOI = 0x60;

/** A pair as a PC programs it: vectors from 20h and 28h, nothing masked. */
function makePic(icw4 = 0x01) {
  const int = new RecordingLine();
  const pic = new Pic(int);
  const initialize = (): void => {
    for (const [io, base, wiring] of [
      [pic.master, 0x20, 0x04],
      [pic.slave, 0x28, 0x02],
    ] as const) {
      io.write(0, 1, 0x11);
      io.write(1, 1, base);
      io.write(1, 1, wiring);
      io.write(1, 1, icw4);
    }
  };
  initialize();
  const lines = Array.from({ length: 16 }, (_, irq) => pic.line(irq));
  const raise = (irq: number): void => lines[irq]?.raise();
  const lower = (irq: number): void => lines[irq]?.lower();
  return { pic, int, raise, lower, initialize };
}

describe('[8259A] INITIALIZATION COMMAND WORDS', () => {
  it('is deaf until the sequence has ended', () => {
    const int = new RecordingLine();
    const pic = new Pic(int);
    pic.line(1).raise();
    pic.master.write(0, 1, 0x11);
    pic.master.write(1, 1, 0x20);
    pic.line(3).raise();
    expect(int.high).toBe(false);
    pic.master.write(1, 1, 0x04);
    pic.master.write(1, 1, 0x01);
    expect([int.high, pic.acknowledge()]).toEqual([true, 0x23]);
  });

  it('ICW1 clears mask, service and edges, so that a high input must fall and rise again', () => {
    const { pic, int, raise, lower, initialize } = makePic();
    raise(3);
    pic.acknowledge();
    pic.master.write(1, 1, 0xff);
    raise(4);
    initialize();
    expect([pic.master.read(1, 1), int.high]).toEqual([0, false]);
    lower(4);
    raise(4);
    expect(pic.acknowledge()).toBe(0x24);
  });

  it('without IC4 no ICW4 is expected, in single mode no ICW3', () => {
    const { pic } = makePic();
    pic.master.write(0, 1, 0x12);
    pic.master.write(1, 1, 0x47);
    pic.master.write(1, 1, 0x5a);
    expect(pic.master.read(1, 1)).toBe(0x5a);
    pic.master.write(1, 1, 0);
    pic.line(5).raise();
    expect(pic.acknowledge()).toBe(0x45);
  });
});

describe('[8259A] FULLY NESTED MODE', () => {
  it('acknowledges the highest request and holds back what is not above it until the end of interrupt', () => {
    const { pic, int, raise } = makePic();
    raise(4);
    raise(1);
    expect(pic.acknowledge()).toBe(0x21);
    expect(int.high).toBe(false);
    raise(0);
    expect([int.high, pic.acknowledge()]).toEqual([true, 0x20]);
    pic.master.write(0, 1, OCW2_EOI);
    expect(int.high).toBe(false);
    pic.master.write(0, 1, OCW2_EOI);
    expect([int.high, pic.acknowledge()]).toEqual([true, 0x24]);
  });

  it('a specific end of interrupt ends just that level', () => {
    const { pic, raise } = makePic();
    raise(5);
    pic.acknowledge();
    raise(1);
    pic.acknowledge();
    pic.master.write(0, 1, OCW2_SPECIFIC_EOI | 5);
    pic.master.write(0, 1, 0x0b);
    expect(pic.master.read(0, 1)).toBe(0x02);
  });
});

describe('[8259A] CASCADE MODE', () => {
  it('the slave gives the vector; both need an end of interrupt', () => {
    const { pic, int, raise } = makePic();
    raise(12);
    expect(pic.acknowledge()).toBe(0x2c);
    raise(10);
    expect(int.high).toBe(false);
    pic.slave.write(0, 1, OCW2_EOI);
    expect(int.high).toBe(false);
    pic.master.write(0, 1, OCW2_EOI);
    expect([int.high, pic.acknowledge()]).toEqual([true, 0x2a]);
  });

  it('IRQ 2 arrives as IRQ 9', () => {
    const { pic, raise } = makePic();
    raise(2);
    expect(pic.acknowledge()).toBe(0x29);
  });

  it('The Special Fully Nested Mode: a higher request of the slave in service comes through', () => {
    const plain = makePic();
    const special = makePic(0x11);
    for (const { pic, raise } of [plain, special]) {
      raise(12);
      pic.acknowledge();
      raise(8);
    }
    expect([plain.int.high, special.int.high]).toEqual([false, true]);
    expect(special.pic.acknowledge()).toBe(0x28);
  });
});

describe('[8259A] INTERRUPT SEQUENCE', () => {
  it('a request that went away gives the spurious interrupt 7, not in service', () => {
    const { pic, raise, lower } = makePic();
    raise(3);
    lower(3);
    expect(pic.acknowledge()).toBe(0x27);
    pic.master.write(0, 1, 0x0b);
    expect(pic.master.read(0, 1)).toBe(0);
  });

  it('a request of the slave that goes away takes the cascade with it: the master gives 7', () => {
    const { pic, int, raise, lower } = makePic();
    raise(11);
    lower(11);
    expect([int.high, pic.acknowledge()]).toEqual([false, 0x27]);
    raise(11);
    pic.slave.write(1, 1, 0x08);
    expect([int.high, pic.acknowledge()]).toEqual([false, 0x27]);
    pic.slave.write(1, 1, 0x00);
    expect([int.high, pic.acknowledge()]).toEqual([true, 0x2b]);
  });
});

describe('[8259A] Automatic End of Interrupt and rotation', () => {
  it('with AEOI nothing stays in service, and a second request of the slave gives a new edge', () => {
    const { pic, int, raise } = makePic(0x03);
    raise(8);
    raise(9);
    expect(pic.acknowledge()).toBe(0x28);
    expect([int.high, pic.acknowledge()]).toEqual([true, 0x29]);
    pic.slave.write(0, 1, 0x0b);
    expect(pic.slave.read(0, 1)).toBe(0);
  });

  it('rotate on non-specific EOI makes the level just served the lowest', () => {
    const { pic, raise, lower } = makePic();
    raise(1);
    pic.acknowledge();
    pic.master.write(0, 1, 0xa0);
    lower(1);
    raise(1);
    raise(4);
    expect(pic.acknowledge()).toBe(0x24);
  });

  it('rotate in AEOI mode can be set and cleared', () => {
    const { pic, raise, lower } = makePic(0x03);
    pic.master.write(0, 1, 0x80);
    const serve = (): number => {
      for (const irq of [0, 1]) {
        lower(irq);
        raise(irq);
      }
      return pic.acknowledge();
    };
    expect([serve(), serve(), serve()]).toEqual([0x20, 0x21, 0x20]);
    pic.master.write(0, 1, 0x00);
    pic.master.write(0, 1, 0xc7);
    expect([serve(), serve()]).toEqual([0x20, 0x20]);
  });

  it('set priority names the lowest level', () => {
    const { pic, raise } = makePic();
    pic.master.write(0, 1, 0xc0 | 4);
    raise(4);
    raise(5);
    expect(pic.acknowledge()).toBe(0x25);
  });
});

describe('[8259A] SPECIAL MASK MODE', () => {
  it('a masked level in service does not hold back lower ones', () => {
    const { pic, int, raise } = makePic();
    raise(1);
    pic.acknowledge();
    pic.master.write(1, 1, 0x02);
    raise(6);
    expect(int.high).toBe(false);
    pic.master.write(0, 1, 0x68);
    expect([int.high, pic.acknowledge()]).toEqual([true, 0x26]);
    // A non-specific end of interrupt does not see the masked level.
    pic.master.write(0, 1, OCW2_EOI);
    pic.master.write(0, 1, 0x0b);
    expect(pic.master.read(0, 1)).toBe(0x02);
    pic.master.write(0, 1, 0x48);
    raise(5);
    expect(int.high).toBe(false);
  });
});

describe('[8259A] POLL COMMAND', () => {
  it('the next read acknowledges; 0 if there was nothing', () => {
    const { pic, int, raise } = makePic();
    pic.master.write(0, 1, 0x0c);
    expect(pic.master.read(0, 1)).toBe(0);
    raise(6);
    pic.master.write(0, 1, 0x0c);
    expect([pic.master.read(0, 1), int.high]).toEqual([0x86, false]);
    pic.master.write(0, 1, 0x0b);
    expect(pic.master.read(0, 1)).toBe(0x40);
  });
});

describe('[8259A] Reading the 8259A Status', () => {
  it('port A0 = 0 reads IRR or ISR as last chosen, A0 = 1 the mask', () => {
    const { pic, raise } = makePic();
    pic.master.write(1, 1, 0xb8);
    raise(1);
    pic.acknowledge();
    raise(3);
    expect(pic.master.read(0, 1)).toBe(0x08);
    pic.master.write(0, 1, 0x0b);
    expect(pic.master.read(0, 1)).toBe(0x02);
    pic.master.write(0, 1, 0x0a);
    expect(pic.master.read(0, 2)).toBe(0xb808);
  });
});

describe('[ICH9 §13.4.10] Edge/Level Control Registers', () => {
  it('have read-only zeros for interrupts 0, 1, 2, 8 and 13', () => {
    const { pic } = makePic();
    pic.elcr.write(0, 2, 0xffff);
    expect(pic.elcr.read(0, 2)).toBe(0xdef8);
  });

  it('a level-triggered input asks again after each end of interrupt, an edge-triggered one once', () => {
    const { pic, int, raise, lower } = makePic();
    pic.elcr.write(0, 1, 0x20);
    raise(5);
    raise(6);
    expect(pic.acknowledge()).toBe(0x25);
    pic.master.write(0, 1, OCW2_EOI);
    expect(pic.acknowledge()).toBe(0x25);
    lower(5);
    pic.master.write(0, 1, OCW2_EOI);
    expect(pic.acknowledge()).toBe(0x26);
    pic.master.write(0, 1, OCW2_EOI);
    expect(int.high).toBe(false);
  });
});
