import { VirtualClock } from '@paravirt/bus';
import { SplitQueue } from '@paravirt/virtio';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Fault } from './cards/nic.ts';
import type { CostProfile } from './cost/cost-profile.ts';
import { profiles } from './cost/profiles.ts';
import { allSetups, VENET_BRIDGE, VENET_HYPERCALL, VIRTIO_PCI_MSIX, VIRTIO_VBUS_BRIDGE, VIRTIO_VBUS_HYPERCALL } from './matrix.ts';
import type { Measures } from './measures.ts';
import { ModelRun, RunFailure } from './model-run.ts';
import { type CardSetup, type Point, pointName, type Workload } from './point.ts';
import { runPoint } from './run-point.ts';
import { CardPort } from './simulation/card-port.ts';
import { RingRecorder } from './trace/ring-recorder.ts';

const pointOf = (card: CardSetup, workload: Workload, more: Partial<Point> = {}): Point => ({
  driver: 'model',
  card,
  cards: 1,
  workload,
  profile: '2009',
  ...more,
});

/** The host has each frame at once, so that what a test expects follows from the card alone. */
function priceList(name: string): CostProfile {
  const profile = profiles.get(name);
  if (profile === undefined) throw new RangeError(name);
  return { ...profile, wire: { ...profile.wire, moderation: 0 } };
}

const run = (point: Point, fault?: Fault): Measures => new ModelRun(point, { profile: priceList(point.profile), fault }).measure();

const exitsOf = ({ exits }: Measures): Record<string, number> => Object.fromEntries(Object.entries(exits).filter(([, count]) => count > 0));

const ASK: Workload = { kind: 'request-response', count: 100, size: 64 };
const UP: Workload = { kind: 'packets', direction: 'up', count: 100, size: 64 };
const DOWN: Workload = { kind: 'bulk', direction: 'down', bytes: 500_000, frame: 1514 };

afterEach(() => {
  vi.restoreAllMocks();
});

describe('Counting exits', () => {
  it('finds one doorbell, one wait and two ends of interrupts in each round trip of a card in the exit, transmit and receive apart', () => {
    expect(exitsOf(run(pointOf(VIRTIO_PCI_MSIX, ASK)))).toEqual({ mmio: 100, halt: 100, endOfInterrupt: 200 });
  });

  it('finds the same by ports and by hypercalls', () => {
    expect(exitsOf(run(pointOf({ ...VIRTIO_PCI_MSIX, doorbell: 'port' }, ASK)))).toEqual({ port: 100, halt: 100, endOfInterrupt: 200 });
    expect(exitsOf(run(pointOf(VIRTIO_VBUS_HYPERCALL, ASK)))).toEqual({ hypercall: 100, halt: 100, endOfInterrupt: 200 });
    expect(exitsOf(run(pointOf(VENET_HYPERCALL, ASK)))).toEqual({ hypercall: 100, halt: 100, endOfInterrupt: 200 });
  });

  it('finds the read of the interrupt status with INTx', () => {
    const measures = run(pointOf({ ...VIRTIO_PCI_MSIX, interrupts: 'intx' }, ASK));
    expect(exitsOf(measures)).toEqual({ mmio: 300, halt: 100, endOfInterrupt: 200 });
    expect(measures.other['interruptStatusReads']).toBe(200);
  });

  it('finds no ends of interrupts where they are posted, but those of level-triggered ones', () => {
    expect(exitsOf(run(pointOf(VIRTIO_PCI_MSIX, ASK, { profile: '2026' })))).toEqual({ mmio: 100, halt: 100 });
    expect(exitsOf(run(pointOf({ ...VIRTIO_PCI_MSIX, interrupts: 'intx' }, ASK, { profile: '2026' })))).toEqual({
      mmio: 300,
      halt: 100,
      endOfInterrupt: 200,
    });
  });

  it('finds a doorbell for every packet where nothing suppresses them', () => {
    const measures = run(pointOf({ ...VIRTIO_PCI_MSIX, suppression: 'none' }, UP));
    expect(measures.doorbells).toMatchObject({ rung: 100, suppressed: 0, lost: 0 });
    expect(measures.exits.mmio).toBe(100);
  });

  it('finds the twelve bus calls with which a venet of 2009 was probed', () => {
    const { other, exits } = run(pointOf(VENET_HYPERCALL, { kind: 'probe' }));
    expect(other).toMatchObject({ busCalls: 12, bridgeCalls: 2, configAccesses: 0, interruptMessages: 1 });
    // One more names the vector.
    expect(exits.hypercall).toBe(12 + 2 + 1);
  });

  it('finds two port accesses in each configuration access', () => {
    const { other, exits } = run(pointOf(VIRTIO_PCI_MSIX, { kind: 'probe' }));
    expect(other['configAccesses']).toBeGreaterThan(30);
    expect(exits.port).toBe(2 * (other['configAccesses'] ?? 0));
  });

  it('charges each exit its price', () => {
    const free = priceList('2009');
    const dear = { ...free, exits: { ...free.exits, mmio: free.exits.mmio + 1_000_000 } };
    const [before, after] = [free, dear].map((profile) => new ModelRun(pointOf(VIRTIO_PCI_MSIX, ASK), { profile }).measure());
    expect((after?.hostTime ?? 0) - (before?.hostTime ?? 0)).toBe(100 * 1_000_000);
    expect((after?.roundTrips?.median ?? 0) - (before?.roundTrips?.median ?? 0)).toBe(1_000_000);
  });
});

describe('Lost wake-ups', () => {
  it('reports interrupts that a driver loses which does not look again', () => {
    const both: Workload = { kind: 'bulk', direction: 'both', bytes: 500_000, frame: 1514 };
    const card: CardSetup = { ...VIRTIO_PCI_MSIX, place: 'worker' };
    expect(run(pointOf(card, both)).lostInterrupts).toBe(0);
    const measures = run(pointOf(card, both), { careless: true });
    expect(measures.lostInterrupts).toBeGreaterThan(0);
    expect(measures.doorbells.lost).toBe(0);
    expect(measures.payload).toEqual({ transmitted: 500_000, received: 500_000 });
  });

  it('reports doorbells of a device that forgets to ask for them', () => {
    vi.spyOn(SplitQueue.prototype, 'requestKicks').mockReturnValue(false);
    const measures = run(pointOf(VIRTIO_PCI_MSIX, UP));
    expect(measures.doorbells.lost).toBeGreaterThan(0);
    expect(measures.payload.transmitted).toBe(6400);
  });

  it('ends a run in which nothing moves any more', async () => {
    vi.spyOn(SplitQueue.prototype, 'pop').mockReturnValue(undefined);
    expect(() => run(pointOf(VIRTIO_PCI_MSIX, UP))).toThrow(RunFailure);
    expect(await runPoint(pointOf(VIRTIO_PCI_MSIX, UP), { profiles })).toMatchObject({ failed: expect.stringContaining('stalled') });
  });
});

describe('What arrives', () => {
  it('is what was sent: a byte that was changed on the way ends the run', async () => {
    const { transmit } = CardPort.prototype;
    vi.spyOn(CardPort.prototype, 'transmit').mockImplementation(function (this: CardPort, frame) {
      const changed = frame.slice();
      changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
      return transmit.call(this, changed);
    });
    expect(await runPoint(pointOf(VIRTIO_PCI_MSIX, UP), { profiles })).toMatchObject({ failed: 'a frame was changed on its way' });
  });

  it.each([UP, { ...DOWN, direction: 'up' } as const])(
    'is all that was sent: a frame that was dropped ends the run (%o)',
    async (workload) => {
      const { transmit } = CardPort.prototype;
      let left = 30;
      vi.spyOn(CardPort.prototype, 'transmit').mockImplementation(function (this: CardPort, frame) {
        return --left === 0 || transmit.call(this, frame);
      });
      expect(await runPoint(pointOf(VIRTIO_PCI_MSIX, workload), { profiles })).toMatchObject({
        failed: expect.stringContaining('29 was due'),
      });
    },
  );
});

describe('Spurious doorbells', () => {
  it.each([VIRTIO_PCI_MSIX, VENET_BRIDGE])('counts exactly those that are planted (%o)', (card) => {
    expect(run(pointOf(card, UP)).doorbells.spurious).toBe(0);
    expect(run(pointOf(card, UP), { spuriousEvery: 10 }).doorbells.spurious).toBe(10);
  });
});

describe('Determinism', () => {
  const point = pointOf(
    { ...VIRTIO_VBUS_BRIDGE, place: 'worker' },
    { kind: 'bulk', direction: 'both', bytes: 300_000, frame: 1514 },
    { cards: 3 },
  );

  it('gives the same figures twice', async () => {
    expect(await runPoint(point, { profiles })).toEqual(await runPoint(point, { profiles }));
  });

  it('asks no clock but the virtual one', async () => {
    const first = await runPoint(point, { profiles });
    vi.spyOn(Date, 'now').mockImplementation(() => {
      throw new Error('the time of the host');
    });
    vi.spyOn(Math, 'random').mockImplementation(() => {
      throw new Error('chance');
    });
    expect(await runPoint(point, { profiles })).toEqual(first);
    expect(new VirtualClock().now()).toBe(0n);
  });
});

describe('A trace', () => {
  it.each([VIRTIO_PCI_MSIX, VIRTIO_VBUS_BRIDGE, VENET_HYPERCALL])(
    'tells the life of each buffer and changes no figure (%o)',
    async (card) => {
      const point = pointOf({ ...card, place: 'worker' }, UP);
      let recorder: RingRecorder | undefined;
      const trace = (now: () => bigint): RingRecorder => {
        recorder = new RingRecorder({ now });
        return recorder;
      };
      expect(await runPoint(point, { profiles, trace })).toEqual(await runPoint(point, { profiles }));
      const events = recorder?.events ?? [];
      const told = (kind: string): number =>
        events.filter(({ event }) => event.kind === kind && 'ring' in event && event.ring === 'net0.tx').length;
      expect(['posted', 'seen', 'copied', 'completed'].map(told)).toEqual([100, 100, 100, 100]);
      expect(events.filter(({ event, frame }) => event.kind === 'copied' && event.ring === 'net0.tx' && frame !== undefined).length).toBe(
        100,
      );
      expect(told('doorbell')).toBeGreaterThan(0);
    },
  );
});

describe('Any point', () => {
  const direction = fc.constantFrom('down' as const, 'up' as const, 'both' as const);
  const workload: fc.Arbitrary<Workload> = fc.oneof(
    fc.record({
      kind: fc.constant('bulk' as const),
      direction,
      bytes: fc.integer({ min: 1, max: 100_000 }),
      frame: fc.constantFrom(60, 590, 1514, 9014),
    }),
    fc.record({
      kind: fc.constant('packets' as const),
      direction,
      count: fc.integer({ min: 1, max: 300 }),
      size: fc.integer({ min: 1, max: 1472 }),
    }),
    fc.record({
      kind: fc.constant('request-response' as const),
      count: fc.integer({ min: 1, max: 30 }),
      size: fc.integer({ min: 1, max: 1472 }),
    }),
    fc.record({ kind: fc.constant('ping' as const), count: fc.integer({ min: 1, max: 10 }), interval: fc.constantFrom(1, 1_000_000) }),
    fc.record({ kind: fc.constant('hotplug' as const), cycles: fc.integer({ min: 1, max: 3 }) }),
    fc.constant({ kind: 'probe' as const }),
  );
  const setups = ['none', 'timer:50us', 'packets:4:100us', 'poll:20us:3'].flatMap((mitigation) => allSetups(mitigation));
  const point: fc.Arbitrary<Point> = fc.record({
    driver: fc.constant('model' as const),
    card: fc.constantFrom(...setups),
    cards: fc.integer({ min: 1, max: 4 }),
    workload,
    profile: fc.constantFrom('2009', '2026', 'emulator'),
  });

  it('loses nothing, and its figures agree with each other', () => {
    fc.assert(
      fc.property(point, (each) => {
        const measures = run(each);
        const { exits, doorbells, signals, frames, payload } = measures;
        const name = pointName(each);
        expect([doorbells.lost, measures.lostInterrupts], name).toEqual([0, 0]);
        expect(exits.port + exits.mmio + exits.hypercall, name).toBeGreaterThanOrEqual(doorbells.rung);
        expect(doorbells.spurious, name).toBeLessThanOrEqual(doorbells.rung);
        expect(measures.elapsed, name).toBeGreaterThan(0);
        if (each.workload.kind === 'bulk') {
          const bytes = each.workload.bytes * each.cards;
          const { direction: way } = each.workload;
          expect(payload, name).toEqual({ transmitted: way === 'down' ? 0 : bytes, received: way === 'up' ? 0 : bytes });
        }
        if (each.workload.kind === 'packets') {
          const packets = each.workload.count * each.cards;
          const { direction: way } = each.workload;
          expect(frames, name).toEqual({ transmitted: way === 'down' ? 0 : packets, received: way === 'up' ? 0 : packets });
        }
        if (each.workload.kind !== 'hotplug' && each.workload.kind !== 'probe') {
          expect(measures.copiedBytes, name).toBeGreaterThanOrEqual(payload.transmitted + payload.received);
          // Nothing interrupts but signals of cards.
          if (each.card.interrupts !== 'intx') expect(measures.interrupts, name).toBeLessThanOrEqual(signals.sent + each.cards * 4);
        }
        if (each.card.interrupts === 'intx' || each.card.bus === 'vbus') return;
        expect(exits.endOfInterrupt, name).toBe(each.profile === '2026' ? 0 : measures.interrupts);
      }),
      { numRuns: 150 },
    );
  }, 120_000);
});
