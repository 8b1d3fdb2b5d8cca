/** Points and outcomes for tests that measure nothing. */
import type { Point } from '@paravirt/lab';
import type { Circumstances } from '../circumstances.ts';
import type { Outcome } from '../outcome.ts';

export const point = (cycles: number, driver: Point['driver'] = 'model'): Point => ({
  driver,
  card: {
    model: 'virtio-net',
    bus: 'pci',
    interrupts: 'msix',
    doorbell: 'mmio',
    suppression: 'event-idx',
    mitigation: 'none',
    place: 'inline',
    aggregation: true,
  },
  cards: 1,
  workload: { kind: 'hotplug', cycles },
  profile: '2009',
});

export const outcome = (of: Point, elapsed = 1): Outcome => ({
  result: {
    point: of,
    measures: {
      elapsed,
      frames: { transmitted: 3, received: 1 },
      payload: { transmitted: 0, received: 0 },
      exits: { port: 0, mmio: 0, hypercall: 0, msr: 0, halt: 0, endOfInterrupt: 0, interruptWindow: 0, kick: 0 },
      interrupts: 0,
      signals: { sent: 0, suppressed: 0, held: 0 },
      doorbells: { rung: 0, suppressed: 0, spurious: 0, lost: 0 },
      lostInterrupts: 0,
      copiedBytes: 0,
      guestTime: 0,
      hostTime: 0,
      other: {},
    },
  },
  host: { machine: 'a machine', cpu: 2e6, workload: 1e6, wall: 4e9 },
});

export const failed = (of: Point): Outcome => ({ ...outcome(of), result: { point: of, failed: 'it did not work' } });

export const CIRCUMSTANCES: Circumstances = {
  build: '1.2.3 (0123456789ab)',
  profiles: [],
  images: { x86_64: { kernel: '0a'.repeat(32), initrd: '0b'.repeat(32), name: '6.1.0' } },
};
