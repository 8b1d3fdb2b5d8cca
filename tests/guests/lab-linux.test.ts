import { readFile } from 'node:fs/promises';
import {
  type LabContext,
  type Measures,
  type Point,
  type PointResult,
  profiles,
  RingRecorder,
  runPoint,
  VENET_HYPERCALL,
  VIRTIO_PCI_MSIX,
} from '@paravirt/lab';
import { beforeAll, describe, expect, it } from 'vitest';
import { debianImage } from './paravirt.ts';

const point = (card: Point['card'], workload: Point['workload'], cards = 1): Point => ({
  driver: 'linux',
  card,
  cards,
  workload,
  profile: '2009',
});

let context: LabContext;

beforeAll(async () => {
  const image = await debianImage('x86_64');
  const [kernel, initrd] = await Promise.all([readFile(image.kernel), readFile(image.initrd)]);
  context = { profiles, images: new Map([['x86_64', { kernel, initrd, name: 'Debian' }]]) };
});

function measuresOf(result: PointResult): Measures {
  if ('failed' in result) throw new Error(result.failed);
  return result.measures;
}

describe('A point with a Linux guest', () => {
  it('gives the same measures each time: streams both ways over two cards on PCI', async () => {
    const bytes = 256 << 10;
    const wanted = point(VIRTIO_PCI_MSIX, { kind: 'bulk', direction: 'both', bytes, frame: 1514 }, 2);
    const first = measuresOf(await runPoint(wanted, context));
    expect(first.payload).toEqual({ transmitted: 2 * bytes, received: 2 * bytes });
    // What the wire carries at most, in ns, and not much less than that.
    expect(first.elapsed).toBeGreaterThan(bytes * 8);
    expect(first.elapsed).toBeLessThan(bytes * 8 * 8);
    expect(first.doorbells).toMatchObject({ lost: 0 });
    expect(first.exits.mmio).toBeGreaterThanOrEqual(first.doorbells.rung);
    expect(first.interrupts).toBeGreaterThan(0);
    expect(measuresOf(await runPoint(wanted, context))).toEqual(first);
  });

  it('counts what each exchange costs: requests over venet by hypercalls', async () => {
    const wanted = point(VENET_HYPERCALL, { kind: 'request-response', count: 100, size: 64 });
    const recorders: RingRecorder[] = [];
    const trace: NonNullable<LabContext['trace']> = (now) => {
      const recorder = new RingRecorder({ now });
      recorders.push(recorder);
      return recorder;
    };
    const { roundTrips, frames, exits, interrupts, doorbells, other } = measuresOf(await runPoint(wanted, { ...context, trace }));
    expect(frames).toEqual({ transmitted: 100, received: 100 });
    expect(doorbells.rung).toBe(100);
    expect([exits.hypercall, exits.port]).toEqual([100, 0]);
    expect(interrupts).toBeGreaterThanOrEqual(200);
    expect(interrupts - (other['timerInterrupts'] ?? 0)).toBeLessThanOrEqual(202);
    // Only what happened in the workload is told.
    const events = recorders.flatMap((recorder) => recorder.events);
    expect(events.filter(({ event }) => event.kind === 'copied' && event.ring === 'net0.tx').length).toBe(100);
    expect(events.filter(({ frame }) => frame?.length === 14 + 20 + 8 + 64).length).toBe(200);
    // Twice the wire and its latency, two exits, waking up twice: less cannot be.
    expect(roundTrips?.count).toBe(100);
    expect(roundTrips?.median).toBeGreaterThan(2 * (5000 + 110 * 8));
    expect(roundTrips?.median).toBeLessThan(100_000);
  });

  it('tells what a probe takes: configuration accesses on PCI, calls on a vbus', async () => {
    const pci = measuresOf(await runPoint(point(VIRTIO_PCI_MSIX, { kind: 'probe' }), context));
    const vbus = measuresOf(await runPoint(point(VENET_HYPERCALL, { kind: 'probe' }), context));
    expect(pci.other).toMatchObject({ bridgeCalls: 0, busCalls: 0 });
    expect(pci.other['configAccesses']).toBeGreaterThan(100);
    expect(vbus.other).toMatchObject({ configAccesses: 0, bridgeCalls: 0 });
    expect(vbus.other['busCalls']).toBeGreaterThan(10);
    expect(vbus.exits.hypercall).toBe(vbus.other['busCalls']);
  });

  it('says in a line why it failed: an image without labnet', async () => {
    const image = context.images?.get('x86_64');
    if (image === undefined) throw new Error('no image');
    const name = new TextEncoder().encode('bin/labnet');
    const at = Buffer.from(image.initrd).indexOf(name);
    const initrd = image.initrd.slice();
    initrd.set(new TextEncoder().encode('bin/nobody'), at);
    const without = { ...context, images: new Map([['x86_64', { ...image, initrd }]] as const) };
    const result = await runPoint(point(VIRTIO_PCI_MSIX, { kind: 'request-response', count: 1, size: 64 }), without);
    expect(result).toMatchObject({ failed: 'no mark 1 by the guest (sh: labnet: not found)' });
  });
});
