import { Ram } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { SplitQueue } from '../queue/split.ts';
import { GuestArena } from '../testing/guest-arena.ts';
import { SplitRingDriver } from '../testing/split-ring-driver.ts';

const SIZE = 8;

/** A ring whose device tells what it does with the words that both sides look at. */
function traced(suppression: 'flags' | 'event-idx'): { queue: SplitQueue; driver: SplitRingDriver; steps: string[] } {
  const steps: string[] = [];
  class TracedRam extends Ram {
    override readU16(address: number): number {
      const name = names.get(address);
      if (name !== undefined) steps.push(`read ${name}`);
      return super.readU16(address);
    }

    override writeU16(address: number, value: number): void {
      const name = names.get(address);
      if (name !== undefined) steps.push(`write ${name}`);
      super.writeU16(address, value);
    }
  }
  const names = new Map<number, string>();
  const buffer = new ArrayBuffer(1 << 20);
  const driver = new SplitRingDriver({
    memory: new Ram(buffer),
    arena: new GuestArena(0x1000, 0x80000),
    size: SIZE,
    eventIndex: suppression === 'event-idx',
  });
  const { available, used } = driver.layout;
  names.set(available, 'avail.flags').set(available + 2, 'avail.idx');
  names.set(available + 4 + 2 * SIZE, 'used_event');
  names.set(used, 'used.flags').set(used + 2, 'used.idx');
  names.set(used + 4 + 8 * SIZE, 'avail_event');
  const queue = new SplitQueue(new TracedRam(buffer), driver.layout, { suppression, fence: () => void steps.push('fence') });
  return { queue, driver, steps };
}

describe.each(['event-idx', 'flags'] as const)('A split queue on memory of two threads, suppression by %s', (suppression) => {
  const [asked, wish] = suppression === 'event-idx' ? ['avail_event', 'used_event'] : ['used.flags', 'avail.flags'];

  it('[virtio 1.2 §2.7.10.2, §2.7.13.4] asks for kicks, fences, and looks at the available ring once more', () => {
    const { queue, driver, steps } = traced(suppression);
    driver.add([{ address: 0x9_0000, length: 16 }]);
    const chain = queue.pop();
    expect(chain).toBeDefined();
    queue.suppressKicks();
    steps.length = 0;
    expect(queue.requestKicks()).toBe(false);
    expect(steps).toEqual([`write ${asked}`, 'fence', 'read avail.idx']);
  });

  it('[virtio 1.2 §2.7.7.2] publishes, fences, and reads whether the driver wants to be told', () => {
    const { queue, driver, steps } = traced(suppression);
    driver.add([{ address: 0x9_0000, length: 16 }]);
    const chain = queue.pop();
    if (chain === undefined) throw new Error('nothing was popped');
    steps.length = 0;
    queue.push(chain, 0);
    queue.takeInterrupt();
    expect(steps).toEqual(['write used.idx', 'fence', `read ${wish}`]);
  });
});
