import { describe, expect, it } from 'vitest';
import type { CostProfile } from '../cost/cost-profile.ts';
import { profiles } from '../cost/profiles.ts';
import { ExitSpace } from './exit-space.ts';
import { Simulation } from './simulation.ts';
import { Timeline } from './timeline.ts';
import { Vcpu } from './vcpu.ts';
import { Wire } from './wire.ts';

const finish = (simulation: Simulation): void => {
  for (let left = 10_000; left > 0 && simulation.step(); left--);
};

describe('A timeline', () => {
  it('does one thing at a time, each for as long as it was charged', () => {
    const simulation = new Simulation();
    const thread = new Timeline(simulation, 'thread');
    const seen: number[] = [];
    for (const cost of [10, 20, 30])
      thread.post(() => {
        seen.push(simulation.now);
        simulation.charge(cost, 'host');
      });
    finish(simulation);
    expect(seen).toEqual([0, 10, 30]);
    expect([thread.spent, thread.busy]).toEqual([{ guest: 0, host: 60 }, false]);
  });

  it('causes things elsewhere at the time that its task has reached', () => {
    const simulation = new Simulation();
    const [one, other] = [new Timeline(simulation, 'one'), new Timeline(simulation, 'other')];
    const seen: string[] = [];
    one.post(() => {
      simulation.charge(100, 'host');
      other.post(() => seen.push(`other at ${simulation.now}`));
      simulation.charge(100, 'host');
    });
    one.post(() => seen.push(`one at ${simulation.now}`));
    finish(simulation);
    expect(seen).toEqual(['other at 100', 'one at 200']);
  });

  it('runs a device’s timers as its tasks, and not those that were cancelled while they waited for it', () => {
    const simulation = new Simulation();
    const thread = new Timeline(simulation, 'thread');
    const clock = simulation.clockOf(thread);
    const seen: number[] = [];
    thread.post(() => {
      clock.schedule(50n, () => seen.push(simulation.now));
      const cancelled = clock.schedule(60n, () => seen.push(-1));
      simulation.charge(100, 'host');
      simulation.schedule(80, () => cancelled.cancel());
    });
    finish(simulation);
    expect(seen).toEqual([100]);
  });
});

describe('A guest’s processor', () => {
  const prices: CostProfile = {
    ...(profiles.get('2009') as CostProfile),
    exits: { port: 10, mmio: 20, hypercall: 30, msr: 40, halt: 50, endOfInterrupt: 60, interruptWindow: 70, kick: 80 },
    userExit: 1000,
    injection: 5,
    interruptEntry: 7,
    guestWake: 500,
    wake: 9,
  };
  const start = (profile = prices): { simulation: Simulation; vcpu: Vcpu; thread: Timeline } => {
    const simulation = new Simulation();
    return { simulation, vcpu: new Vcpu(simulation, profile), thread: new Timeline(simulation, 'thread') };
  };
  const counted = ({ exits }: Vcpu): Record<string, number> => Object.fromEntries(Object.entries(exits).filter(([, count]) => count > 0));

  it('leaves the guest at each access, and pays more for an answer of user space', () => {
    const { simulation, vcpu } = start();
    const ports = new ExitSpace('port', 0x100, vcpu, (address) => (address < 0x80 ? 'kernel' : 'user'));
    vcpu.post(() => {
      ports.write(0x10, 1, 0);
      expect(simulation.now).toBe(10);
      expect(ports.read(0x90, 1)).toBe(0xff);
      expect(simulation.now).toBe(1020);
    });
    finish(simulation);
    expect([counted(vcpu), ports.accesses]).toEqual([{ port: 2, halt: 1 }, 2]);
  });

  it('is woken from HLT by an interrupt, and waits again', () => {
    const { simulation, vcpu, thread } = start();
    let at = 0;
    vcpu.handle(0x40, () => {
      at = simulation.now;
    });
    vcpu.post(() => undefined);
    thread.post(() => vcpu.interrupt(0x40), 10_000);
    finish(simulation);
    // What sending it costs, the wake-up, the gate.
    expect(at).toBe(10_000 + 5 + 9 + 500 + 7);
    expect([counted(vcpu), vcpu.interrupts, vcpu.halted]).toEqual([{ halt: 2, endOfInterrupt: 1 }, 1, true]);
  });

  it('is kicked once by interrupts that find it running, and takes a vector once however often it was sent', () => {
    const { simulation, vcpu, thread } = start();
    const taken: number[] = [];
    for (const vector of [0x40, 0x50]) vcpu.handle(vector, () => taken.push(vector));
    vcpu.post(() => simulation.charge(10_000, 'guest'));
    thread.post(() => {
      for (const vector of [0x40, 0x50, 0x40]) vcpu.interrupt(vector);
    }, 1000);
    finish(simulation);
    // The higher one first; the other had to wait behind it.
    expect(taken).toEqual([0x50, 0x40]);
    expect(counted(vcpu)).toEqual({ kick: 1, endOfInterrupt: 2, interruptWindow: 1, halt: 1 });
  });

  it('takes posted interrupts without leaving the guest', () => {
    const { simulation, vcpu, thread } = start({ ...prices, posted: true });
    vcpu.handle(0x40, () => undefined);
    vcpu.post(() => simulation.charge(10_000, 'guest'));
    thread.post(() => vcpu.interrupt(0x40), 1000);
    finish(simulation);
    expect([counted(vcpu), vcpu.interrupts]).toEqual([{ halt: 1 }, 1]);
  });

  it('takes a level-triggered interrupt again until the device is satisfied', () => {
    const { simulation, vcpu, thread } = start();
    const line = vcpu.level(0x28);
    let calls = 0;
    vcpu.handle(0x28, () => {
      if (++calls === 3) line.lower();
    });
    vcpu.post(() => undefined);
    thread.post(() => line.raise(), 1000);
    finish(simulation);
    expect([calls, vcpu.exits.endOfInterrupt]).toEqual([3, 3]);
  });

  it('runs softirqs before processes', () => {
    const { simulation, vcpu } = start();
    const order: string[] = [];
    vcpu.post(() => {
      vcpu.post(() => order.push('process'));
      vcpu.softirq(() => order.push('softirq'));
    });
    finish(simulation);
    expect(order).toEqual(['softirq', 'process']);
  });

  it('has the host finish its tasklets before the guest goes on', () => {
    const { simulation, vcpu } = start();
    const order: string[] = [];
    vcpu.post(() => {
      vcpu.exit('port', false, () => vcpu.beforeEntry(() => order.push('tasklet')));
      order.push('guest');
    });
    finish(simulation);
    expect(order).toEqual(['tasklet', 'guest']);
  });
});

describe('A wire', () => {
  it('is occupied by each frame and its overhead, and adds its latency', () => {
    const simulation = new Simulation();
    const wire = new Wire({ simulation, bitsPerSecond: 1_000_000_000, latency: 500, moderation: 0 });
    const arrived: number[] = [];
    wire.onArrival.up = () => arrived.push(simulation.eventTime);
    for (const length of [1514, 10]) wire.send('up', new Uint8Array(length));
    finish(simulation);
    // (1514 + 24) bytes at 8 ns; a short frame has 60.
    expect(arrived).toEqual([12_304 + 500, 12_304 + 672 + 500]);
  });

  it('carries both directions at once', () => {
    const simulation = new Simulation();
    const wire = new Wire({ simulation, bitsPerSecond: 1_000_000_000, latency: 0, moderation: 0 });
    const arrived: string[] = [];
    for (const direction of ['up', 'down'] as const) {
      wire.onArrival[direction] = () => arrived.push(`${direction} ${simulation.eventTime}`);
      wire.send(direction, new Uint8Array(60));
    }
    finish(simulation);
    expect(arrived).toEqual(['up 672', 'down 672']);
  });
});
