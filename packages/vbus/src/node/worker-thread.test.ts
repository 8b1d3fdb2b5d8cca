import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createChannel } from '../connectors/worker-channel.ts';
import { WorkerClient } from '../connectors/worker-client.ts';
import { ECHO_HEARD, ECHO_VERSION } from '../testing/echo-device.ts';
import { callTrial, doorbellTrial, venetTrial } from './testing/worker-trials.ts';

const OPTIONS = { execArgv: ['--conditions=@paravirt/source'] };

describe('The worker connector', () => {
  it('carries calls', async () => {
    const { report } = await callTrial(200, OPTIONS);
    expect(report).toMatchObject({ arrived: 200, stalled: false });
    expect(report.busCalls).toBe(201);
  });

  it.each([false, true])('loses no wake-up when two threads ring each other for every item, masked meanwhile: %s', async (mask) => {
    const { report } = await doorbellTrial({ items: 2000, mask, seed: 1 }, OPTIONS);
    expect(report).toMatchObject({ arrived: 2000, stalled: false });
  });

  it.each([false, true])('carries frames of venet in both directions, with every capability: %s', async (rich) => {
    const { report, received } = await venetTrial({ frames: 3000, length: 100, rich }, OPTIONS);
    expect(report).toMatchObject({ arrived: 3000, wrong: 0, stalled: false });
    expect(received).toBe(3000);
  });
});

describe('A client that must not block, as the main thread of a page', () => {
  afterEach(() => vi.restoreAllMocks());

  it('talks to a bus in a worker: it spins for calls and awaits interrupts', async () => {
    const buffer = createChannel(1 << 20);
    const worker = new Worker(new URL('./testing/worker-host.ts', import.meta.url), { workerData: buffer, ...OPTIONS });
    vi.spyOn(Atomics, 'wait').mockImplementation(() => {
      throw new TypeError('Atomics.wait cannot be called in this context');
    });
    const client = new WorkerClient({ buffer, events: 16 });
    const { session } = client;
    expect(client.start()).toBe(0);
    await client.serve(() => session.devices.size > 0);
    const device = session.open(0, ECHO_VERSION);
    if (typeof device === 'number') throw new Error(`DEVOPEN answers ${device}`);
    const shared = device.shmWithSignal(1, 64, 0);
    if (typeof shared === 'number') throw new Error(`DEVSHM answers ${shared}`);
    let heard = 0;
    shared.signal.onSignal = () => {
      heard++;
      if (heard < 100) shared.signal.inject();
    };
    shared.signal.enable();
    shared.signal.inject();
    await client.serve(() => heard >= 100);
    expect(device.call(ECHO_HEARD)).toBe(100);
    expect(device.close()).toBe(0);
    await worker.terminate();
  });
});
