import { ConfigurationError } from '@paravirt/bus';
import { portPair } from '@paravirt/net-backend';
import { describe, expect, it } from 'vitest';
import { InstructionPace } from './pace.ts';
import { createPc, type Pc } from './pc.ts';
import type { PcOptions } from './pc-options.ts';
import { type Prices, priceOf, type Work } from './prices.ts';

const FREE: Prices = {
  exits: { port: 0, mmio: 0, hypercall: 0, msr: 0, halt: 0, endOfInterrupt: 0, interruptWindow: 0 },
  userExit: 0,
  injection: 0,
  copiedByte: 0,
  frame: 0,
  handOver: 0,
  nsPerInstruction: 1,
};
const PORT = 1000;
const ports: Prices = { ...FREE, exits: { ...FREE.exits, port: PORT } };

/** mov al, value; out port, al */
const out = (port: number, value: number): number[] => [0xb0, value, 0xe6, port];

/** A ROM of one page: the reset vector jumps to F000:F000, where `program` begins; `handler` is at F000:F080. */
function rom(program: readonly number[], handler: readonly number[] = []): Uint8Array {
  const bytes = new Uint8Array(4096).fill(0xf4);
  bytes.set(program);
  bytes.set(handler, 0x80);
  bytes.set([0xea, 0x00, 0xf0, 0x00, 0xf0], 0xff0);
  return bytes;
}

function machine(
  program: readonly number[],
  prices: Prices | undefined,
  options: Partial<PcOptions> = {},
  handler?: readonly number[],
): Pc {
  const boot = { bios: rom(program, handler) };
  const pc = createPc({ memory: 16 * 2 ** 20, boot, exitPort: 0xf4, time: { mode: 'deterministic' }, ...options });
  if (prices !== undefined) pc.prices = prices;
  return pc;
}

/** cx = 200; again: rdtsc; below the last one: print '-'; out 0x80, al; in al, 0x40; loop again; exit */
const READ_TIME = [
  ...[0x66, 0x31, 0xdb, 0xb9, 200, 0],
  ...[0x0f, 0x31, 0x66, 0x39, 0xd8, 0x73, 0x04, ...out(0xe9, 0x2d), 0x66, 0x89, 0xc3, 0xe6, 0x80, 0xe4, 0x40, 0xe2, 0xec],
  ...out(0xf4, 0),
];

/** Ten ticks of the PIT at 100 µs with an 8259A; the guest works with ports for five of them, then waits for each. */
const TICKS = [
  ...[0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x70, 0x31, 0xdb],
  ...[0xc7, 0x06, 0x20, 0x00, 0x80, 0xf0, 0xc7, 0x06, 0x22, 0x00, 0x00, 0xf0], // vector 8 = F000:F080
  ...[...out(0x20, 0x11), ...out(0x21, 0x08), ...out(0x21, 0x04), ...out(0x21, 0x01), ...out(0x21, 0xfe)],
  ...[...out(0x43, 0x34), ...out(0x40, 119), ...out(0x40, 0), 0xfb],
  ...[0xe6, 0x80, 0x41, 0x83, 0xfb, 0x05, 0x72, 0xf8], // work: out 0x80, al; inc cx; bx below 5: work
  ...[0xf4, 0x83, 0xfb, 0x0a, 0x72, 0xfa], // wait: hlt; bx below 10: wait
  ...out(0xf4, 0),
];
const TICK = [0x43, ...out(0x20, 0x20), 0xcf];

describe('Prices', () => {
  it('make time a sum of what was counted', async () => {
    const pc = machine([...out(0x80, 1), ...out(0x80, 2), ...out(0x80, 3), ...out(0xf4, 0)], ports);
    expect(await pc.run()).toEqual({ kind: 'exit', code: 1 });
    expect(pc.exits.toJSON().exits).toMatchObject({ port: 4, hypercall: 0, msr: 0, halt: 0 });
    expect(pc.clock.now()).toBe(pc.cpu.retired + 4n * BigInt(PORT));
    expect(priceOf(pc.work, ports)).toBe(4 * PORT);
  });

  it('are seen by RDTSC, which never goes back', async () => {
    for (const engine of ['reference', 'interpreter', 'translator'] as const) {
      const pc = machine(READ_TIME, ports, { engine });
      let printed = 0;
      pc.onDebugOutput = (bytes) => {
        printed += bytes.length;
      };
      expect(await pc.run()).toEqual({ kind: 'exit', code: 1 });
      expect(printed).toBe(0);
      // 199 rounds of two accesses, and eight instructions each, before the last look.
      expect(Number(pc.cpu.registers.rbx) - 199 * (2 * PORT + 8)).toBeLessThan(20);
      expect(Number(pc.cpu.registers.rbx)).toBeGreaterThan(199 * (2 * PORT + 7));
    }
  });

  it('give the same run on every engine', async () => {
    const prices: Prices = {
      ...ports,
      exits: { port: 1700.5, mmio: 900, hypercall: 700, msr: 650, halt: 2300, endOfInterrupt: 800, interruptWindow: 450 },
      injection: 410.25,
      nsPerInstruction: 0.3,
    };
    const runs: unknown[] = [];
    for (const engine of ['reference', 'interpreter', 'translator'] as const) {
      const pc = machine(TICKS, prices, { engine }, TICK);
      expect(await pc.run()).toEqual({ kind: 'exit', code: 1 });
      runs.push([pc.cpu.retired, pc.clock.now(), pc.exits.toJSON()]);
    }
    expect(runs[0]).toMatchObject([expect.anything(), expect.anything(), { interrupts: 10, halts: 5 }]);
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
  });

  it('end the slice when they make a timer due, so that it runs at the next boundary', async () => {
    const pc = machine([0xe6, 0x80, 0xeb, 0xfc], ports);
    const ran: [number, number][] = [];
    pc.clock.schedule(5500n, () => ran.push([Number(pc.clock.now()), pc.exits.toJSON().exits.port]));
    pc.clock.schedule(9000n, () => ran.push([Number(pc.clock.now()), pc.exits.toJSON().exits.port]));
    await pc.run({ time: 20_000n });
    expect(ran.map(([, accesses]) => accesses)).toEqual([6, 9]);
    expect(ran[0]?.[0]).toBeLessThan(6020);
    expect(Number(pc.clock.now())).toBeLessThan(21_000);
  });

  it('for a halt are paid when the guest goes on', async () => {
    const time = async (halt: number) => {
      const pc = machine(TICKS, { ...FREE, exits: { ...FREE.exits, halt } }, {}, TICK);
      await pc.run();
      return [pc.exits.toJSON().halts, Number(pc.clock.now())] as const;
    };
    const [free, dear] = [await time(0), await time(7000)];
    expect(dear[0]).toBe(free[0]);
    // Ticks come when they come; the last of them is what is left.
    expect(dear[1] - free[1]).toBe(7000);
  });

  it('are for cards, too, also for those that are gone', () => {
    const pc = machine([0xf4], { ...FREE, frame: 300, copiedByte: 0.5 }, { nets: [{ connect: () => portPair()[0] }] });
    const counters = pc.cards.find('net0')?.device.counters;
    if (counters === undefined) throw new Error('no card');
    counters.txFrames += 2;
    counters.rxCopied += 100;
    expect(pc.clock.now()).toBe(650n);
    expect(pc.work).toMatchObject({ frames: 2, copiedBytes: 100, userExits: 0, handOvers: 0 });
    pc.cards.remove('net0', true);
    counters.txFrames += 1000;
    expect(pc.clock.now()).toBe(650n);
  });

  it('can be changed between runs, and time goes on where it was', () => {
    const cpu = { retired: 0n };
    const exits = { ...FREE.exits };
    const work: Work = { exits, userExits: 0, injections: 0, copiedBytes: 0, frames: 0, handOvers: 0 };
    const pace = new InstructionPace(cpu, 10, work);
    cpu.retired = 7n;
    exits.port = 3;
    expect([pace.now(), pace.line()]).toEqual([70, { time: 0, from: 0, rate: 10 }]);
    pace.prices = { ...ports, nsPerInstruction: 0.25 };
    expect([pace.now(), pace.line()]).toEqual([70, { time: 70, from: 7, rate: 0.25 }]);
    cpu.retired = 11n;
    exits.port = 5;
    expect([pace.now(), pace.instructionsUntil(2072), pace.line().time]).toEqual([2071, 4, 2070]);
    pace.leapTo(3000);
    expect(pace.now()).toBe(3000);
    pace.prices = undefined;
    cpu.retired = 15n;
    exits.port = 50;
    expect([pace.now(), pace.line()]).toEqual([3001, { time: 3000, from: 11, rate: 0.25 }]);
  });

  it('that are none, and prices for a machine that follows its host, are refused', async () => {
    const refused = (prices: Prices, options: Partial<PcOptions> = {}): string => {
      try {
        machine([0xf4], prices, options);
      } catch (error) {
        if (error instanceof ConfigurationError) return error.code;
        throw error;
      }
      return 'taken';
    };
    expect(refused({ ...FREE, frame: -1 })).toBe('bad-price');
    expect(refused({ ...FREE, exits: { ...FREE.exits, msr: Number.NaN } })).toBe('bad-price');
    expect(refused({ ...FREE, handOver: 1e10 })).toBe('bad-price');
    expect(refused({ ...FREE, nsPerInstruction: 0 })).toBe('bad-rate');
    expect(refused(FREE, { time: { mode: 'host' } })).toBe('not-deterministic');
    const pc = machine([0xeb, 0xfe], FREE);
    const run = pc.run({ retired: 100n });
    expect(() => {
      pc.prices = undefined;
    }).toThrow('while the machine is running');
    await run;
    expect(pc.prices).toBe(FREE);
  });
});
