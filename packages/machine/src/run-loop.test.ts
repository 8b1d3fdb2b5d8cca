import { VirtualClock } from '@paravirt/bus';
import type { Stop } from '@paravirt/x86-core';
import { describe, expect, it } from 'vitest';
import type { Host } from './host.ts';
import { HostPace, InstructionPace, type Pace } from './pace.ts';
import { type LoopCpu, RunLoop, type RunLoopOptions } from './run-loop.ts';

const MS = 1_000_000n;

/** A CPU that runs as many instructions as it may, or stops as told. */
class ScriptedCpu implements LoopCpu {
  retired = 0n;
  interruptible = true;
  pending = false;
  /** Host ms that one instruction takes. */
  cost = 0;
  /** Called before each slice; a Stop ends it at once. */
  script: (() => Stop | undefined) | undefined = undefined;
  budgets: number[] = [];
  leave = false;
  readonly host: ManualHost;

  constructor(host: ManualHost) {
    this.host = host;
  }

  run(budget: number): Stop {
    this.budgets.push(budget);
    this.leave = false;
    const stop = this.script?.();
    if (stop !== undefined) return stop;
    if (this.leave) {
      this.retired++;
      return { kind: 'budget' };
    }
    this.retired += BigInt(budget);
    this.host.ms += budget * this.cost;
    return { kind: 'budget' };
  }

  endSlice(): void {
    this.leave = true;
  }
}

/** Host time that moves when told; sleeps end at once, taking their time. */
class ManualHost implements Host {
  ms = 0;
  turns = 0;
  sleeps: number[] = [];
  onTurn: (() => void) | undefined = undefined;
  /** Called in a sleep; what it returns is how long the sleep lasted, in ms. */
  onSleep: ((ms: number) => number) | undefined = undefined;

  now(): number {
    return this.ms;
  }

  turn(): Promise<void> {
    this.turns++;
    this.ms += 0.01;
    this.onTurn?.();
    return Promise.resolve();
  }

  sleep(ms: number): { done: Promise<boolean>; wake(): void } {
    this.sleeps.push(ms);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    void Promise.resolve().then(() => {
      const lasted = this.onSleep?.(ms) ?? ms;
      if (lasted === Number.POSITIVE_INFINITY) return;
      this.ms += lasted;
      resolve(lasted >= ms);
    });
    return { done: promise, wake: () => resolve(false) };
  }
}

function machine(mode: 'deterministic' | 'host', waitsForHost = false, threads?: RunLoopOptions['threads']) {
  const host = new ManualHost();
  const cpu = new ScriptedCpu(host);
  const pace: Pace = mode === 'host' ? new HostPace(cpu, () => host.ms) : new InstructionPace(cpu, 10);
  const clock = new VirtualClock(() => BigInt(pace.now()));
  let resets = 0;
  let flushes = 0;
  const loop = new RunLoop({
    cpu,
    clock,
    pace,
    host,
    waitsForHost,
    ...(threads === undefined ? {} : { threads }),
    reset: () => {
      resets++;
    },
    flush: () => {
      flushes++;
    },
  });
  return { host, cpu, pace, clock, loop, resets: () => resets, flushes: () => flushes };
}

describe('Deterministic time', () => {
  it('is a count of instructions times a rate', async () => {
    const { loop, clock, cpu } = machine('deterministic');
    expect(await loop.run({ retired: 1234n })).toEqual({ kind: 'stopped' });
    expect([cpu.retired, clock.now()]).toEqual([1234n, 12_340n]);
    expect(await loop.run({ time: MS })).toEqual({ kind: 'stopped' });
    expect(cpu.retired).toBe(100_000n);
  });

  it('runs a timer at the instruction at which it is due', async () => {
    const { loop, clock, cpu } = machine('deterministic');
    const at: bigint[] = [];
    clock.schedule(12_345n, () => at.push(cpu.retired));
    await loop.run({ time: MS });
    expect(at).toEqual([1235n]);
  });

  it('ends the slice when a timer is set that is due within it, and only then', async () => {
    const { loop, clock, cpu } = machine('deterministic');
    let slices = 0;
    cpu.script = () => {
      if (slices++ === 0) clock.schedule(1_000n, () => {});
      return undefined;
    };
    await loop.run({ retired: 200n });
    expect(cpu.budgets).toEqual([200, 99, 100]);
    clock.schedule(1_000_000n, () => {});
    cpu.script = () => {
      clock.schedule(1_100_000n, () => {});
      return undefined;
    };
    await loop.run({ retired: 300n });
    expect(cpu.budgets.slice(3)).toEqual([100]);
  });

  it('leaps to the next timer while the guest waits, without waiting itself', async () => {
    const { loop, clock, cpu, host } = machine('deterministic');
    cpu.script = () => ({ kind: 'halt' });
    const seen: bigint[] = [];
    const tick = (): void => {
      seen.push(clock.now());
      if (seen.length < 5) clock.schedule(clock.now() + 1000n * MS, tick);
    };
    clock.schedule(1000n * MS, tick);
    await loop.run({ time: 5000n * MS });
    expect(seen).toEqual([1000n * MS, 2000n * MS, 3000n * MS, 4000n * MS, 5000n * MS]);
    expect(host.sleeps).toEqual([]);
    expect(loop.halts).toBe(1);
  });

  it('gives the host its turn after fixed numbers of instructions', async () => {
    const { loop, cpu, host } = machine('deterministic');
    const at: bigint[] = [];
    host.onTurn = () => at.push(cpu.retired);
    await loop.run({ retired: 170_000n });
    await loop.run({ retired: 220_000n });
    expect(at).toEqual([50_000n, 100_000n, 150_000n, 200_000n]);
  });

  it('waits in real time if something outside may answer, and still leaps exactly to the timer if nothing does', async () => {
    const { loop, clock, cpu, host } = machine('deterministic', true);
    cpu.script = () => ({ kind: 'halt' });
    clock.schedule(20n * MS, () => {});
    await loop.run({ time: 20n * MS });
    expect(host.sleeps).toEqual([20]);
    expect(clock.now()).toBe(20n * MS);
  });

  it('goes on at the time that has passed when the outside answers', async () => {
    const { loop, clock, cpu, host } = machine('deterministic', true);
    cpu.script = () => (cpu.pending ? undefined : { kind: 'halt' });
    clock.schedule(20n * MS, () => {});
    host.onSleep = () => {
      cpu.pending = true;
      host.ms += 5;
      loop.wake();
      return 0;
    };
    await loop.run({ retired: 1n });
    expect(clock.now()).toBe(5n * MS + 10n);
  });
});

describe('Real time', () => {
  it('follows the host at the end of each slice', async () => {
    const { loop, clock, cpu, host } = machine('host');
    cpu.cost = 50e-6;
    await loop.run({ time: 1000n * MS });
    expect(host.ms).toBeGreaterThanOrEqual(1000);
    expect(host.ms).toBeLessThan(1002.5);
    expect(Number(clock.now())).toBeLessThan(1002.5e6);
    expect(Number(cpu.retired)).toBeGreaterThan(19.5e6);
  });

  it('never goes back, also when the guest was faster than measured', async () => {
    const { loop, clock, cpu } = machine('host');
    cpu.cost = 50e-6;
    await loop.run({ time: 100n * MS });
    cpu.cost = 1e-6;
    let last = 0n;
    cpu.script = () => {
      expect(clock.now()).toBeGreaterThanOrEqual(last);
      last = clock.now();
      return undefined;
    };
    await loop.run({ time: 200n * MS });
    expect(last).toBeGreaterThan(190n * MS);
  });

  it('stays with the host after a pause of the host in the middle of a slice', async () => {
    const { loop, clock, cpu, host } = machine('host');
    cpu.cost = 10e-6;
    let slices = 0;
    cpu.script = () => {
      if (++slices % 100 === 50) host.ms += 300;
      return undefined;
    };
    await loop.run({ time: 3000n * MS });
    expect(host.ms).toBeGreaterThan(2990);
    expect(Number(clock.now()) / 1e6 - host.ms).toBeLessThan(25);
  });

  it('lets the host handle its events every few milliseconds', async () => {
    const { loop, cpu, host } = machine('host');
    cpu.cost = 20e-6;
    await loop.run({ time: 100n * MS });
    expect(host.turns).toBeGreaterThan(30);
    expect(host.turns).toBeLessThan(60);
  });

  it('sleeps until the next timer while the guest waits', async () => {
    const { loop, clock, cpu, host } = machine('host');
    cpu.script = () => ({ kind: 'halt' });
    let ran = 0n;
    clock.schedule(30n * MS, () => {
      ran = clock.now();
      loop.end({ kind: 'stopped' });
    });
    await loop.run();
    expect(host.sleeps).toEqual([30]);
    expect(ran).toBe(30n * MS);
  });

  it('polls out the last millisecond, which timers of the platform are too coarse for', async () => {
    const { loop, clock, cpu, host } = machine('host');
    cpu.script = () => ({ kind: 'halt' });
    clock.schedule(MS / 2n, () => loop.end({ kind: 'stopped' }));
    await loop.run();
    expect(host.sleeps).toEqual([]);
    expect(host.turns).toBeGreaterThan(40);
    expect(loop.halts).toBe(1);
  });

  it('goes on at once when it is woken', async () => {
    const { loop, clock, cpu, host } = machine('host');
    cpu.script = () => (cpu.pending ? { kind: 'shutdown', cause: 'triple-fault' } : { kind: 'halt' });
    clock.schedule(10_000n * MS, () => {});
    host.onSleep = () => {
      host.ms += 3;
      cpu.pending = true;
      loop.wake();
      return 0;
    };
    expect(await loop.run()).toEqual({ kind: 'shutdown', cause: 'triple-fault' });
    expect(host.ms).toBeLessThan(4);
  });

  it('takes a timer that the outside sets while the guest waits', async () => {
    const { loop, clock, cpu, host } = machine('host');
    cpu.script = () => ({ kind: 'halt' });
    clock.schedule(1000n * MS, () => {});
    host.onSleep = (ms) => {
      host.onSleep = undefined;
      clock.schedule(10n * MS, () => loop.end({ kind: 'stopped' }));
      return ms === 1000 ? 1 : ms;
    };
    await loop.run();
    expect(host.sleeps).toEqual([1000, 9]);
  });

  it('does not make up for a host that stood still', () => {
    const host = new ManualHost();
    const pace = new HostPace({ retired: 0n }, () => host.ms);
    pace.wait();
    host.ms = 3_600_000;
    expect(pace.now()).toBe(1e9);
    host.ms += 5;
    expect(pace.now()).toBe(1.005e9);
  });
});

describe.each(['deterministic', 'host'] as const)('Deferred work, %s', (mode) => {
  it('is done in a turn of the host at the next boundary, in order; what it defers itself waits for the turn after that', async () => {
    const { loop, cpu, host } = machine(mode);
    const log: string[] = [];
    host.onTurn = () => log.push(`turn ${cpu.retired}`);
    cpu.script = () => {
      if (cpu.retired !== 0n) return undefined;
      loop.defer(() => {
        log.push('first');
        loop.defer(() => log.push('third'));
      });
      loop.defer(() => log.push('second'));
      return undefined;
    };
    await loop.run({ retired: 10n });
    expect(log).toEqual(['turn 1', 'first', 'second', 'turn 2', 'third']);
    expect(loop.handOvers).toBe(3);
  });

  it('keeps a guest that waits from sleeping, and wakes one that sleeps', async () => {
    const { loop, clock, cpu, host } = machine(mode, true);
    clock.schedule(60_000n * MS, () => {});
    const halt: Stop = { kind: 'halt' };
    let slices = 0;
    const ran: number[] = [];
    cpu.script = () => {
      if (slices++ === 0) loop.defer(() => ran.push(host.sleeps.length));
      return halt;
    };
    host.onSleep = () => {
      host.ms += 3;
      loop.defer(() => {
        ran.push(host.sleeps.length);
        loop.end({ kind: 'stopped' });
      });
      return Number.POSITIVE_INFINITY;
    };
    await loop.run();
    expect(ran).toEqual([0, 1]);
    expect(loop.halts).toBe(1);
  });

  it('waits for the next run if this one ends', async () => {
    const { loop, cpu } = machine(mode);
    const ran: bigint[] = [];
    cpu.script = () => {
      if (cpu.retired === 0n) {
        loop.defer(() => ran.push(cpu.retired));
        loop.end({ kind: 'stopped' });
      }
      return undefined;
    };
    await loop.run();
    expect(ran).toEqual([]);
    await loop.run({ retired: 5n });
    expect(ran).toEqual([1n]);
  });
});

describe('Other threads', () => {
  it('are looked at after each slice, and before the first; slices are short as long as there are any', async () => {
    const threads = { any: true, looks: 0, look: () => void threads.looks++ };
    const { loop, cpu } = machine('host', false, threads);
    cpu.cost = 50e-6;
    await loop.run({ time: 100n * MS });
    expect(threads.looks).toBe(cpu.budgets.length + 1);
    // 0.1 ms each, where the host's event loop has a turn every 2 ms.
    expect(cpu.budgets.length).toBeGreaterThan(900);
    const before = cpu.budgets.length;
    threads.any = false;
    await loop.run({ time: 200n * MS });
    expect(cpu.budgets.length - before).toBeLessThan(250);
  });
});

describe('The end of a run', () => {
  it('comes with what the guest did, or what was asked for, at the next boundary', async () => {
    const { loop, cpu, flushes } = machine('deterministic');
    cpu.script = () => {
      loop.end({ kind: 'exit', code: 7 });
      loop.end({ kind: 'stopped' });
      return undefined;
    };
    expect(await loop.run()).toEqual({ kind: 'exit', code: 7 });
    expect(cpu.retired).toBe(1n);
    expect(flushes()).toBeGreaterThan(0);
    cpu.script = () => ({ kind: 'unsupported', rip: 5n, bytes: Uint8Array.of(15) });
    expect(await loop.run()).toMatchObject({ kind: 'unsupported', rip: 5n });
  });

  it('comes when the guest waits and nothing can wake it', async () => {
    const { loop, cpu } = machine('deterministic');
    cpu.script = () => ({ kind: 'halt' });
    cpu.interruptible = false;
    expect(await loop.run()).toEqual({ kind: 'halt' });
  });

  it('does not come with a reset', async () => {
    const { loop, cpu, resets } = machine('deterministic');
    let slices = 0;
    cpu.script = () => {
      if (slices++ > 0) return undefined;
      loop.requestReset();
      return { kind: 'halt' };
    };
    expect(await loop.run({ retired: 10n })).toEqual({ kind: 'stopped' });
    expect(resets()).toBe(1);
  });

  it('is one at a time', async () => {
    const { loop, cpu } = machine('host');
    cpu.script = () => ({ kind: 'halt' });
    const first = loop.run();
    await expect(loop.run()).rejects.toThrow('running already');
    loop.end({ kind: 'stopped' });
    expect(await first).toEqual({ kind: 'stopped' });
  });
});
