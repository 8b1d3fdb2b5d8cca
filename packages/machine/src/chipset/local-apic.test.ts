import { RecordingLine, VirtualClock } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { LocalApic, type LocalApicOptions } from './local-apic.ts';
import { TimeStampCounter } from './tick-rate.ts';

function makeApic(options: Partial<LocalApicOptions> = {}) {
  const clock = new VirtualClock();
  const intr = new RecordingLine();
  const log: string[] = [];
  const apic = new LocalApic({
    clock,
    intr,
    nmi: () => void log.push('nmi'),
    init: () => void log.push('init'),
    pic: { acknowledge: () => log.push('inta') && 0x77 },
    endOfInterrupt: (vector) => void log.push(`eoi ${vector.toString(16)}`),
    tsc: new TimeStampCounter(clock, 2_000_000_000),
    ...options,
  });
  const read = (offset: number): number => apic.read(offset, 4);
  const write = (offset: number, value: number): void => apic.write(offset, 4, value);
  const fixed = (vector: number, level = false): boolean =>
    apic.deliver({ destination: 0, logical: false, deliveryMode: 0, vector, level });
  return { apic, clock, intr, log, read, write, fixed };
}

/** The same, software-enabled. */
function makeEnabled(options: Partial<LocalApicOptions> = {}) {
  const made = makeApic(options);
  made.write(SVR, 0x1ff);
  return made;
}

const ID = 0x20;
const TPR = 0x80;
const PPR = 0xa0;
const EOI = 0xb0;
const LDR = 0xd0;
const DFR = 0xe0;
const SVR = 0xf0;
const ESR = 0x280;
const ICR_LOW = 0x300;
const ICR_HIGH = 0x310;
const LVT_TIMER = 0x320;
const LVT_LINT0 = 0x350;
const LVT_LINT1 = 0x360;
const LVT_ERROR = 0x370;
const INITIAL = 0x380;
const CURRENT = 0x390;
const DIVIDE = 0x3e0;
const MASKED = 0x1_0000;
const PERIODIC = 1 << 17;
const TSC_DEADLINE = 2 << 17;
const DIVIDE_BY_1 = 0b1011;

describe('[SDM 3A §11.4.7] Local APIC State', () => {
  it('after reset: software-disabled, every LVT entry masked, flat model', () => {
    const { read } = makeApic();
    expect([read(SVR), read(DFR), read(LDR), read(TPR), read(LVT_LINT0), read(LVT_ERROR)]).toEqual([
      0xff,
      0xffff_ffff,
      0,
      0,
      MASKED,
      MASKED,
    ]);
    expect([read(ID), read(0x30)]).toEqual([0, 0x0105_0014]);
  });

  it('while software-disabled fixed interrupts are refused and LVT masks cannot be cleared; NMI and INIT still come', () => {
    const { apic, log, read, write, fixed } = makeApic();
    expect(fixed(0x40)).toBe(false);
    write(LVT_LINT0, 0x700);
    expect(read(LVT_LINT0)).toBe(0x1_0700);
    for (const deliveryMode of [4, 5]) apic.deliver({ destination: 0, logical: false, deliveryMode, vector: 0, level: false });
    expect(log).toEqual(['nmi', 'init']);
  });

  it('INIT keeps the APIC id and forgets the rest', () => {
    const { apic, read, intr, fixed } = makeEnabled({ id: 3 });
    apic.deliver({ destination: 3, logical: false, deliveryMode: 0, vector: 0x40, level: false });
    expect([intr.high, fixed(0x41)]).toEqual([true, false]);
    apic.deliver({ destination: 3, logical: false, deliveryMode: 5, vector: 0, level: false });
    expect([read(ID), read(SVR), intr.high]).toEqual([0x0300_0000, 0xff, false]);
  });

  it('narrow reads see their part; narrow and unaligned writes are ignored', () => {
    const { apic, read } = makeApic();
    expect([apic.read(0x32, 2), apic.read(0x31, 1), apic.read(0x34, 4)]).toEqual([0x0105, 0, 0]);
    apic.write(SVR, 2, 0x1ff);
    apic.write(SVR + 4, 4, 0x1ff);
    expect(read(SVR)).toBe(0xff);
  });
});

describe('[SDM 3A §11.8] Handling Interrupts', () => {
  it('dispenses by priority; an end of interrupt lets the next through', () => {
    const { apic, intr, read, write, fixed } = makeEnabled();
    fixed(0x31);
    fixed(0x52);
    fixed(0x51);
    expect([read(0x210), read(0x220)]).toEqual([0x2_0000, 0x6_0000]);
    expect(apic.acknowledge()).toBe(0x52);
    // The same class waits, as does a lower one.
    expect([intr.high, read(PPR), read(0x120)]).toEqual([false, 0x50, 0x4_0000]);
    expect(apic.acknowledge()).toBe(-1);
    write(EOI, 0);
    expect([intr.high, apic.acknowledge()]).toEqual([true, 0x51]);
    write(EOI, 0);
    expect(apic.acknowledge()).toBe(0x31);
    write(EOI, 0);
    write(EOI, 0);
    expect([read(PPR), intr.high]).toEqual([0, false]);
  });

  it('the task priority holds back its class and lower ones; CR8 is its upper half', () => {
    const { apic, intr, read, write, fixed } = makeEnabled();
    write(TPR, 0x4f);
    fixed(0x4f);
    expect([intr.high, read(PPR)]).toEqual([false, 0x4f]);
    apic.setTaskPriority(3);
    expect([intr.high, read(TPR), apic.taskPriority]).toEqual([true, 0x30, 3]);
    apic.setTaskPriority(15);
    expect(intr.high).toBe(false);
  });

  it('the end of a level-triggered interrupt is broadcast, unless suppressed', () => {
    const { apic, log, read, write, fixed } = makeEnabled();
    const serve = (vector: number, level: boolean): void => {
      fixed(vector, level);
      apic.acknowledge();
      write(EOI, 0);
    };
    serve(0x61, true);
    expect(read(0x1b0)).toBe(0x2);
    serve(0x61, false);
    write(SVR, 0x11ff);
    serve(0x61, true);
    expect(log).toEqual(['eoi 61']);
  });

  it('vectors below 16 are an error, told by the error interrupt and register', () => {
    const { apic, read, write, fixed } = makeEnabled();
    write(LVT_ERROR, 0xfe);
    expect(fixed(0x0f)).toBe(true);
    expect([apic.acknowledge(), read(ESR)]).toEqual([0xfe, 0]);
    write(ESR, 0);
    expect(read(ESR)).toBe(0x40);
    write(ESR, 0);
    expect(read(ESR)).toBe(0);
  });
});

describe('[SDM 3A §11.6] Issuing Interprocessor Interrupts', () => {
  it('self, all, physical and logical destinations reach this processor; all but self and absent ones reach none', () => {
    const { apic, read, write } = makeEnabled({ id: 2 });
    write(LDR, 0x0400_0000);
    const send = (low: number, high = 0): boolean => {
      write(ICR_HIGH, high);
      write(ICR_LOW, low);
      const vector = apic.acknowledge();
      write(EOI, 0);
      return vector === 0x41;
    };
    expect([send(0x4_4041), send(0x8_4041), send(0xc_4041)]).toEqual([true, true, false]);
    expect([send(0x4041, 0x0200_0000), send(0x4041, 0x0300_0000), send(0x4041, 0xff00_0000)]).toEqual([true, false, true]);
    expect([send(0x4841, 0x0600_0000), send(0x4841, 0x0300_0000)]).toEqual([true, false]);
    write(DFR, 0x0fff_ffff);
    write(LDR, 0x3200_0000);
    expect([send(0x4841, 0x3300_0000), send(0x4841, 0x2200_0000), send(0x4841, 0x3100_0000)]).toEqual([true, false, false]);
    expect(read(ICR_LOW)).toBe(0x4841);
  });

  it('INIT and start-up for processors that are not there are accepted; delivery status is idle', () => {
    const { log, read, write } = makeEnabled();
    for (const low of [0xc500, 0x8500, 0x4608, 0xc_4500]) {
      write(ICR_HIGH, 0x0100_0000);
      write(ICR_LOW, low);
      expect(read(ICR_LOW) & 0x1000).toBe(0);
    }
    expect(log).toEqual([]);
    write(ICR_HIGH, 0);
    write(ICR_LOW, 0x8500);
    expect(log).toEqual([]);
    write(ICR_LOW, 0x4400);
    write(ICR_LOW, 0xc500);
    expect(log).toEqual(['nmi', 'init']);
  });

  it('a fixed interrupt with a vector below 16 is a send error', () => {
    const { read, write } = makeEnabled();
    write(ICR_LOW, 0x4_4005);
    write(ESR, 0);
    expect(read(ESR)).toBe(0x20);
  });
});

describe('[SDM 3A §11.5.1] Local Vector Table', () => {
  it('LINT0 as ExtINT passes the PIC through: the vector is the PIC’s, nothing is in service', () => {
    const { apic, intr, log, read, write } = makeEnabled();
    write(LVT_LINT0, 0x700);
    apic.lint0.raise();
    expect([intr.high, apic.acknowledge(), log]).toEqual([true, 0x77, ['inta']]);
    expect([read(0x130), intr.high]).toEqual([0, true]);
    apic.lint0.lower();
    expect(intr.high).toBe(false);
    apic.lint0.raise();
    write(LVT_LINT0, 0x1_0700);
    expect(intr.high).toBe(false);
    write(LVT_LINT0, 0x700);
    expect(intr.high).toBe(true);
  });

  it('[MP 1.4 §3.6.2.2] virtual wire mode is ExtINT on LINT0 and NMI on LINT1', () => {
    const { apic, intr, log, read } = makeApic();
    apic.enterVirtualWireMode();
    apic.lint0.raise();
    apic.lint1.raise();
    expect([intr.high, log, read(SVR)]).toEqual([true, ['nmi'], 0x1ff]);
  });

  it('a fixed edge comes once, a fixed level again after each end of interrupt', () => {
    const { apic, intr, read, write } = makeEnabled();
    write(LVT_LINT1, 0x45);
    apic.lint1.raise();
    expect(apic.acknowledge()).toBe(0x45);
    write(EOI, 0);
    expect(intr.high).toBe(false);
    write(LVT_LINT0, 0x8046);
    apic.lint0.raise();
    expect([apic.acknowledge(), read(LVT_LINT0)]).toEqual([0x46, 0xc046]);
    write(EOI, 0);
    expect([intr.high, apic.acknowledge()]).toEqual([true, 0x46]);
    apic.lint0.lower();
    write(EOI, 0);
    expect([intr.high, read(LVT_LINT0)]).toEqual([false, 0x8046]);
  });

  it('an ExtINT message asks once', () => {
    const { apic, intr } = makeEnabled();
    apic.deliver({ destination: 0, logical: false, deliveryMode: 7, vector: 0, level: false });
    expect([intr.high, apic.acknowledge(), intr.high]).toEqual([true, 0x77, false]);
  });
});

describe('[SDM 3A §11.5.4] APIC Timer', () => {
  it('one-shot: counts down once, at the divided rate', () => {
    const { apic, clock, intr, read, write } = makeEnabled();
    write(LVT_TIMER, 0x40);
    write(DIVIDE, 0b0011);
    write(INITIAL, 1000);
    clock.advanceTo(8000n);
    expect([read(CURRENT), read(INITIAL), intr.high]).toEqual([500, 1000, false]);
    clock.advanceTo(15_999n);
    expect([read(CURRENT), intr.high]).toEqual([1, false]);
    clock.advanceTo(16_000n);
    expect([read(CURRENT), apic.acknowledge(), clock.nextDeadline]).toEqual([0, 0x40, undefined]);
  });

  it('every divider', () => {
    const { clock, read, write } = makeEnabled();
    for (const [code, divisor] of [2, 4, 8, 16, 32, 64, 128, 1].entries()) {
      write(DIVIDE, (code & 3) | ((code & 4) << 1));
      write(INITIAL, 1_000_000);
      clock.advanceTo(clock.now() + 128_000n);
      expect(read(CURRENT)).toBe(1_000_000 - 128_000 / divisor);
    }
  });

  it('periodic: keeps its phase however late it is served', () => {
    const { apic, clock, write } = makeEnabled();
    write(LVT_TIMER, PERIODIC | 0x40);
    write(DIVIDE, DIVIDE_BY_1);
    write(INITIAL, 1_000_000);
    const times: bigint[] = [];
    while (times.length < 5) {
      clock.advanceTo(clock.nextDeadline ?? 0n);
      times.push(clock.now());
      apic.acknowledge();
      write(EOI, 0);
    }
    expect(times).toEqual([1_000_000n, 2_000_000n, 3_000_000n, 4_000_000n, 5_000_000n]);
    // The host was away for ten periods and a half: one interrupt, then the old phase.
    clock.advanceTo(15_500_000n);
    expect([apic.acknowledge(), apic.acknowledge(), clock.nextDeadline]).toEqual([0x40, -1, 16_000_000n]);
  });

  it('DEV-12: a period of one tick does not flood', () => {
    const { clock, write } = makeEnabled();
    write(LVT_TIMER, PERIODIC | 0x40);
    write(DIVIDE, DIVIDE_BY_1);
    write(INITIAL, 1);
    let events = 0;
    while (clock.now() < 1_000_000n) {
      clock.advanceTo(clock.nextDeadline ?? 1_000_000n);
      events++;
    }
    expect(events).toBeLessThanOrEqual(102);
  });

  it('writing 0 to the initial count stops it; masking keeps it counting', () => {
    const { apic, clock, intr, read, write } = makeEnabled();
    write(LVT_TIMER, MASKED | PERIODIC | 0x40);
    write(DIVIDE, DIVIDE_BY_1);
    write(INITIAL, 100_000);
    clock.advanceTo(250_000n);
    expect([read(CURRENT), intr.high]).toEqual([50_000, false]);
    write(LVT_TIMER, PERIODIC | 0x40);
    clock.advanceTo(300_000n);
    expect(apic.acknowledge()).toBe(0x40);
    write(INITIAL, 0);
    clock.advanceTo(1_000_000n);
    expect([read(CURRENT), clock.nextDeadline]).toEqual([0, undefined]);
  });

  it('a new divider takes the remaining count along', () => {
    const { clock, read, write } = makeEnabled();
    write(LVT_TIMER, 0x40);
    write(DIVIDE, DIVIDE_BY_1);
    write(INITIAL, 1000);
    clock.advanceTo(400n);
    write(DIVIDE, 0);
    expect(read(CURRENT)).toBe(600);
    clock.advanceTo(800n);
    expect(read(CURRENT)).toBe(400);
  });
});

describe('[SDM 3A §11.5.4.1] TSC-Deadline Mode', () => {
  const deadline = (apic: LocalApic) => apic.msrs.get(0x6e0);

  it('fires when the counter reaches the deadline, and disarms', () => {
    const { apic, clock, intr, write } = makeEnabled();
    write(LVT_TIMER, TSC_DEADLINE | 0x40);
    deadline(apic)?.write(2001n);
    expect(deadline(apic)?.read()).toBe(2001n);
    clock.advanceTo(1000n);
    expect(intr.high).toBe(false);
    clock.advanceTo(1001n);
    expect([apic.acknowledge(), deadline(apic)?.read()]).toEqual([0x40, 0n]);
  });

  it('DEV-12: a deadline in the past fires at once, 0 disarms', () => {
    const { apic, clock, intr, write } = makeEnabled();
    clock.advanceTo(5000n);
    write(LVT_TIMER, TSC_DEADLINE | 0x40);
    deadline(apic)?.write(1n);
    expect([intr.high, deadline(apic)?.read()]).toEqual([true, 0n]);
    apic.acknowledge();
    write(EOI, 0);
    deadline(apic)?.write(20_000n);
    deadline(apic)?.write(0n);
    clock.advanceTo(1_000_000n);
    expect(intr.high).toBe(false);
  });

  it('is ignored in other modes, as the initial count is in this one; changing over disarms', () => {
    const { apic, clock, intr, read, write } = makeEnabled();
    write(LVT_TIMER, 0x40);
    deadline(apic)?.write(100n);
    expect(deadline(apic)?.read()).toBe(0n);
    write(INITIAL, 500);
    write(LVT_TIMER, TSC_DEADLINE | 0x40);
    write(INITIAL, 700);
    expect([read(INITIAL), read(CURRENT)]).toEqual([0, 0]);
    deadline(apic)?.write(5000n);
    write(LVT_TIMER, PERIODIC | 0x40);
    clock.advanceTo(1_000_000n);
    expect(intr.high).toBe(false);
  });

  it('follows a write to the time-stamp counter', () => {
    const clock = new VirtualClock();
    const tsc = new TimeStampCounter(clock, 1_000_000_000);
    const { apic, intr, write } = makeEnabled({ clock, tsc });
    write(LVT_TIMER, TSC_DEADLINE | 0x40);
    deadline(apic)?.write(1_000_000n);
    apic.msrs.get(0x10)?.write(999_000n);
    expect(clock.nextDeadline).toBe(1000n);
    apic.msrs.get(0x10)?.write(2_000_000n);
    expect([intr.high, apic.msrs.get(0x10)?.read()]).toEqual([true, 2_000_000n]);
  });

  it('a rearmed far deadline leaves no trace in the clock', () => {
    const { apic, clock, write } = makeEnabled();
    write(LVT_TIMER, TSC_DEADLINE | 0x40);
    for (let i = 0n; i < 100_000n; i++) deadline(apic)?.write((1n << 60n) - i);
    deadline(apic)?.write(0n);
    expect(clock.nextDeadline).toBe(undefined);
  });

  it('the largest deadline is far away', () => {
    const { apic, clock, intr, write } = makeEnabled();
    write(LVT_TIMER, TSC_DEADLINE | 0x40);
    deadline(apic)?.write((1n << 64n) - 1n);
    clock.advanceTo(1n << 60n);
    expect(intr.high).toBe(false);
  });
});

describe('[SDM 3A §11.4.4] Local APIC Status and Location', () => {
  const BASE = 0xfee0_0000n;

  it('disabled, the pins are INTR and NMI, the page is not there, messages are refused', () => {
    const { apic, intr, log, read, write, fixed } = makeEnabled();
    const base = apic.msrs.get(0x1b);
    expect(base?.read()).toBe(BASE | 0x900n);
    expect(base?.write(BASE | 0x100n)).toBe(true);
    apic.lint0.raise();
    apic.lint1.raise();
    expect([intr.high, apic.acknowledge(), log, read(ID), fixed(0x40)]).toEqual([true, 0x77, ['nmi', 'inta'], 0xffff_ffff, false]);
    write(SVR, 0x1ff);
    expect(base?.write(BASE | 0x900n)).toBe(true);
    expect([read(SVR), intr.high]).toEqual([0xff, false]);
  });

  it('reserved bits and x2APIC mode, where not offered, are #GP', () => {
    const { apic } = makeApic();
    const base = apic.msrs.get(0x1b);
    expect([base?.write(BASE | 0x901n), base?.write(BASE | 0xd00n), base?.write(BASE | (1n << 60n))]).toEqual([false, false, false]);
    expect(apic.msrs.has(0x802)).toBe(false);
  });
});

describe('[SDM 3A §11.12] Extended XAPIC (x2APIC)', () => {
  function makeX2Apic() {
    const made = makeApic({ x2apic: true, id: 0x12 });
    const base = made.apic.msrs.get(0x1b);
    expect(base?.write(0xfee0_0d00n)).toBe(true);
    return { ...made, base, msr: (number: number) => made.apic.msrs.get(number) };
  }

  it('registers are MSRs; the page is gone; the logical id follows from the id', () => {
    const { msr, read } = makeX2Apic();
    expect([msr(0x802)?.read(), msr(0x80d)?.read(), read(ID)]).toEqual([0x12n, 0x1_0004n, 0xffff_ffff]);
    expect([msr(0x80e), msr(0x831)]).toEqual([undefined, undefined]);
  });

  it('one 64-bit interrupt command, self IPI, end of interrupt', () => {
    const { apic, msr } = makeX2Apic();
    expect(msr(0x80f)?.write(0x1ffn)).toBe(true);
    expect(msr(0x830)?.write((0x12n << 32n) | 0x41n)).toBe(true);
    expect([apic.acknowledge(), msr(0x830)?.read()]).toEqual([0x41, (0x12n << 32n) | 0x41n]);
    expect(msr(0x80b)?.write(0n)).toBe(true);
    msr(0x83f)?.write(0x42n);
    expect(apic.acknowledge()).toBe(0x42);
    msr(0x80b)?.write(0n);
    msr(0x830)?.write((0x1_0004n << 32n) | 0x843n);
    expect(apic.acknowledge()).toBe(0x43);
  });

  it('read-only registers, high halves and illegal transitions are #GP', () => {
    const { base, msr } = makeX2Apic();
    expect([msr(0x802)?.write(0n), msr(0x80f)?.write(1n << 32n), msr(0x80b)?.write(1n)]).toEqual([false, false, false]);
    expect(base?.write(0xfee0_0900n)).toBe(false);
    expect(base?.write(0xfee0_0100n)).toBe(true);
    expect(base?.write(0xfee0_0d00n)).toBe(false);
    expect(msr(0x80f)?.write(0x1ffn)).toBe(false);
  });
});

describe('[SDM 3A §11.11] Message Signalled Interrupts', () => {
  it('the address says who, the data what', () => {
    const { apic, log, write } = makeEnabled({ id: 5 });
    apic.signal(0xfee0_5000n, 0x0041);
    expect(apic.acknowledge()).toBe(0x41);
    write(EOI, 0);
    apic.signal(0xfee0_5000n, 0xc142);
    expect(apic.acknowledge()).toBe(0x42);
    write(EOI, 0);
    expect(log).toEqual(['eoi 42']);
    apic.signal(0xfeef_f000n, 0x0400);
    expect(log).toEqual(['eoi 42', 'nmi']);
    write(LDR, 0x0200_0000);
    apic.signal(0xfee0_2004n, 0x43);
    expect(apic.acknowledge()).toBe(0x43);
  });

  it('TP-14: an address outside FEExxxxxh, one above 4 GiB and reserved delivery modes do nothing', () => {
    const { apic, intr, log } = makeEnabled();
    apic.signal(0xfed0_0000n, 0x41);
    apic.signal(0x1_fee0_0000n, 0x41);
    apic.signal(0xfee0_1000n, 0x41);
    for (const mode of [2, 3, 6]) apic.signal(0xfee0_0000n, (mode << 8) | 0x41);
    expect([intr.high, log]).toEqual([false, []]);
  });
});
