import { describe, expect, it } from 'vitest';
import { platformHost } from './host.ts';

describe('The platform as host', () => {
  const host = platformHost();

  it('sleeps about as long as asked', async () => {
    const started = host.now();
    expect(await host.sleep(20).done).toBe(true);
    expect(host.now() - started).toBeGreaterThan(18);
  });

  it('wakes at once, also from a sleep without end', async () => {
    for (const ms of [10_000, Number.POSITIVE_INFINITY]) {
      const sleep = host.sleep(ms);
      const started = host.now();
      sleep.wake();
      sleep.wake();
      expect(await sleep.done).toBe(false);
      expect(host.now() - started).toBeLessThan(1000);
    }
  });

  it('lets waiting events happen in its turn', async () => {
    const order: string[] = [];
    void host.sleep(0).done.then(() => order.push('event'));
    while (order.length === 0) await host.turn();
    expect(order).toEqual(['event']);
  });
});
