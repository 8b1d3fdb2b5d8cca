import { parseMitigation } from '@paravirt/bus';
import { afterEach, describe, expect, it } from 'vitest';
import { DEVICE_NEEDS_RESET } from '../device-status.ts';
import { RECEIVE_QUEUE, TRANSMIT_QUEUE } from '../net/protocol.ts';
import { Traffic, WorkerRig } from './testing/worker-trial.ts';

const environment = process.env;
/** Frames of each trial; more for who wants to look longer. */
const FRAMES = Math.trunc(Number(environment['PARAVIRT_RUNS'] ?? 40_000));

let rig: WorkerRig | undefined;
const made = (options: ConstructorParameters<typeof WorkerRig>[0] = {}): WorkerRig => {
  rig = new WorkerRig(options);
  return rig;
};

afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

describe('A network card whose data path is in a worker thread', () => {
  it.each(['event-idx', 'flags'] as const)('loses, changes and reorders no frame, with suppression by %s', async (suppression) => {
    const { device } = made();
    const report = await new Traffic(rig as WorkerRig, { frames: FRAMES, window: 48, longest: 1514, suppression }).run();
    expect(report).toMatchObject({ stalled: false, received: FRAMES, wrong: 0 });
    await rig?.until(() => device.counters.rxFrames === FRAMES);
    expect(device.counters).toMatchObject({ txFrames: FRAMES, rxFrames: FRAMES });
  });

  it.each(['event-idx', 'flags'] as const)('loses no wake-up when it sleeps after every frame or two, %s', async (suppression) => {
    const frames = FRAMES / 4;
    const report = await new Traffic(made(), { frames, window: 2, longest: 100, suppression, queueSize: 4 }).run();
    expect(report).toMatchObject({ stalled: false, received: frames, wrong: 0 });
    expect(report.sleeps).toBeGreaterThan(0);
  });

  it('counts where things happen, both threads together', async () => {
    const { card, device } = made();
    const report = await new Traffic(rig as WorkerRig, { frames: 2000, window: 1, longest: 200 }).run();
    await rig?.until(() => device.counters.rxFrames === 2000);
    const [rx, tx] = card.session.queues.map(({ counters }) => counters);
    expect(tx).toMatchObject({ available: 2000, used: 2000 });
    expect(rx).toMatchObject({ used: 2000 });
    expect((rx?.doorbells ?? 0) + (tx?.doorbells ?? 0)).toBe(report.kicks);
    expect((rx?.interrupts ?? 0) + (tx?.interrupts ?? 0)).toBeGreaterThan(0);
    expect((rx?.interrupts ?? 0) + (rx?.suppressed ?? 0)).toBeLessThanOrEqual(2000);
    expect((rx?.spurious ?? 0) + (tx?.spurious ?? 0)).toBeLessThanOrEqual(report.kicks);
  });

  it.each(['timer:200us', 'packets:8:200us', 'poll:100us:4'])('mitigates in its own time: %s', async (name) => {
    const mitigation = parseMitigation(name);
    const report = await new Traffic(made({ mitigation }), { frames: 2000, window: 32, longest: 1514 }).run();
    expect(report).toMatchObject({ stalled: false, received: 2000, wrong: 0 });
  });
});

describe('Code that the CPU has decoded, in a page that a worker thread writes', () => {
  it('is dropped before the driver can learn of what was written', async () => {
    const { memory } = made();
    const traffic = new Traffic(rig as WorkerRig, { frames: 60, window: 1, longest: 1514 });
    const notices: { readonly start: number; readonly early: boolean }[] = [];
    const first = traffic.receiveBuffers >>> 12;
    memory.watched.fill(1, first, first + 32);
    memory.onWatchedWrite = (start) => {
      notices.push({ start, early: traffic.waiting });
      memory.watched[start >>> 12] = 0;
    };
    expect(await traffic.run()).toMatchObject({ stalled: false, received: 60, wrong: 0 });
    expect(notices.length).toBeGreaterThan(10);
    // One frame is under way at a time: nothing else can be waiting when the notice comes.
    expect(notices.filter(({ early }) => early)).toEqual([]);
    expect(new Set(notices.map(({ start }) => start >>> 12)).size).toBe(notices.length);
  });
});

describe('[virtio 1.2 §2.4.1] Device Reset with a data path in a worker thread', () => {
  it('is complete when it returns: nothing is written to rings or buffers any more, under traffic', async () => {
    const { memory, pci } = made();
    for (let round = 0; round < 20; round++) {
      const traffic = new Traffic(rig as WorkerRig, { frames: 1e9, window: 48, longest: 1514 });
      const end = Date.now() + 3 + (round % 7);
      while (Date.now() < end) traffic.step();
      pci.reset();
      expect(pci.status).toBe(0);
      const then = new Uint8Array(memory.size);
      memory.write(0, then.fill(round));
      await new Promise((resolve) => setTimeout(resolve, 2));
      memory.read(0, then);
      expect(then.findIndex((byte) => byte !== round)).toBe(-1);
    }
    const report = await new Traffic(rig as WorkerRig, { frames: 1000, window: 48, longest: 1514 }).run();
    expect(report).toMatchObject({ stalled: false, received: 1000, wrong: 0 });
  });

  it('[PCI 3.0 §6.2.2] touches no memory while bus mastering is off, and goes on afterwards', async () => {
    const { memory, pci } = made();
    const traffic = new Traffic(rig as WorkerRig, { frames: 20_000, window: 48, longest: 1514 });
    const [before, after] = [new Uint8Array(memory.size), new Uint8Array(memory.size)];
    while (traffic.received < 1000) if (!traffic.step()) await new Promise((resolve) => setTimeout(resolve, 0));
    pci.writePci(4, 2, 2);
    memory.read(0, before);
    await new Promise((resolve) => setTimeout(resolve, 5));
    memory.read(0, after);
    expect(Buffer.compare(before, after)).toBe(0);
    pci.writePci(4, 2, 6);
    const seen = traffic.received;
    await rig?.until(() => {
      traffic.step();
      return traffic.received > seen;
    });
    expect(traffic.received).toBeGreaterThan(seen);
  });
});

describe('A worker thread that is no good', () => {
  it('hangs: a reset is over after a bounded time, the thread is ended, and the device needs a reset from then on', async () => {
    const { pci, exited } = made({ hangsAfter: 100, patience: 50 });
    const traffic = new Traffic(rig as WorkerRig, { frames: 1e9, window: 48, longest: 100 });
    await rig?.until(() => {
      traffic.step();
      return traffic.received === 100;
    });
    // It hangs in the next one.
    await rig?.until(() => false, 50);
    const started = Date.now();
    pci.reset();
    expect(Date.now() - started).toBeLessThan(2000);
    await exited;
    new Traffic(rig as WorkerRig, { frames: 1, window: 1, longest: 100 });
    expect(pci.status & DEVICE_NEEDS_RESET).toBe(DEVICE_NEEDS_RESET);
  });

  it('ends: the device needs a reset', async () => {
    const { pci, exited, events } = made({ hangsAfter: 0 });
    new Traffic(rig as WorkerRig, { frames: 1, window: 1, longest: 100 });
    await exited;
    await rig?.until(() => (pci.status & DEVICE_NEEDS_RESET) !== 0);
    expect(pci.status & DEVICE_NEEDS_RESET).toBe(DEVICE_NEEDS_RESET);
    expect(events.at(-1)).toMatchObject({ kind: 'needs-reset' });
    pci.forceKick(TRANSMIT_QUEUE);
    pci.forceKick(RECEIVE_QUEUE);
  });
});
