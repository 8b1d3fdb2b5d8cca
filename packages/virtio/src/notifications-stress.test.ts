/**
 * No wake-up is lost: with every suppression, mitigation, place and transport, and any order of what driver, port, clock and host do, in
 * the end the device has seen all that was posted and the driver has heard of all that it wanted to hear of. Nobody looks without cause.
 */
import { type Mitigation, VirtualClock } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { featureSet, VIRTIO_F_EVENT_IDX, VIRTIO_F_VERSION_1 } from './features.ts';
import { VirtioNet } from './net/virtio-net.ts';
import type { Suppression } from './queue/notification.ts';
import { NapiDriver } from './testing/napi-driver.ts';
import { NetDriver, NetRig, RECEIVE_QUEUE, RecordingPort, TRANSMIT_QUEUE, VbusRig } from './testing.ts';
import type { VirtioPciInterrupts } from './transport/pci.ts';

interface Setup {
  readonly suppression: Suppression;
  readonly mitigation: Mitigation;
  readonly place: 'inline' | 'deferred';
  /** On a vbus these are 'shm-signal', which listens all the time, or 'gate', which the driver switches. */
  readonly interrupts: VirtioPciInterrupts | 'shm-signal' | 'gate';
  readonly doorbell: 'mmio' | 'port';
}

/** A port during whose `transmit` something else happens: the driver goes on while the device is at work. */
class BusyPort extends RecordingPort {
  during: (() => void) | undefined = undefined;

  override transmit(frame: Uint8Array): boolean {
    const { during } = this;
    this.during = undefined;
    during?.();
    return super.transmit(frame);
  }
}

/** A card with 8 descriptors a ring, its driver, and everything that can happen to them one at a time. */
class World {
  readonly clock: VirtualClock = new VirtualClock();
  readonly port: BusyPort = new BusyPort();
  readonly driver: NapiDriver;
  readonly deferred: (() => void)[];
  /** Interrupts on their way, as the queues that they are for. */
  readonly #pending: () => readonly number[];
  arrived = 0;
  sent = 0;

  constructor({ suppression, mitigation, place, interrupts, doorbell }: Setup) {
    const { clock, port } = this;
    const card = { suppression, mitigation, place, clock };
    const features = featureSet(VIRTIO_F_VERSION_1, ...(suppression === 'event-idx' ? [VIRTIO_F_EVENT_IDX] : []));
    const options = { features, queueSize: 8, receiveBuffers: 4 };
    if (interrupts === 'shm-signal' || interrupts === 'gate') {
      const device = new VirtioNet({ port, mac: Uint8Array.of(0x52, 0x54, 0, 1, 2, 3) });
      const rig = new VbusRig({ device, transport: card });
      const vbus = rig.open({ signalGates: interrupts === 'gate' });
      const heard: number[] = [];
      vbus.onInterrupt = (queue) => void heard.push(queue);
      this.deferred = rig.deferred;
      this.#pending = () => heard.splice(0);
      this.driver = new NapiDriver(new NetDriver(vbus, options));
      return;
    }
    const rig = new NetRig({ port, card: { ...card, interrupts, doorbell } });
    if (interrupts.startsWith('msix')) rig.pci.enableMsix();
    if (interrupts === 'msi') rig.pci.enableMsi();
    const vectors = { msix: [0, 1, 2], 'msix-shared': [1, 1, 1], msi: undefined, intx: undefined }[interrupts];
    this.deferred = rig.deferred;
    this.#pending = () => {
      const messages = rig.slot.messages.splice(0);
      if (interrupts === 'msix') return messages.map(({ data }) => data);
      const status = messages.length > 0 || rig.slot.intx.high;
      // [virtio 1.2 §4.1.5.4] Without vectors the ISR status says that it was a queue, and not which.
      const both = interrupts === 'msix-shared' ? status : status && (rig.pci.readIsr() & 1) !== 0;
      return both ? [RECEIVE_QUEUE, TRANSMIT_QUEUE] : [];
    };
    this.driver = new NapiDriver(
      new NetDriver(rig.pci, { ...options, ...(vectors === undefined ? {} : { vectors: vectors as [number, number, number] }) }),
    );
  }

  transmit(frames: number): void {
    // Counted first: the kick may be answered within it.
    for (let i = 0; i < frames; i++) if (!this.driver.transmit(numbered(this.sent++))) this.sent--;
  }

  deliver(frames: number): void {
    for (let i = 0; i < frames; i++) this.port.deliver(numbered(this.arrived++));
  }

  /** The processor takes its interrupts; true if there was one. */
  interrupts(): boolean {
    const queues = this.#pending();
    for (const queue of queues) this.driver.interrupt(queue);
    return queues.length > 0;
  }

  /** The host's turn; true if something had been put off. */
  turn(): boolean {
    const work = this.deferred.splice(0);
    for (const run of work) run();
    return work.length > 0;
  }

  /** Everything that is under way comes to its end. */
  settle(): void {
    for (let i = 0; i < 2000; i++) {
      if (this.port.room < 100) this.port.open();
      const busy = [this.interrupts(), this.turn(), this.driver.polling];
      this.driver.poll(3);
      if (busy.includes(true)) continue;
      const { nextDeadline } = this.clock;
      if (nextDeadline === undefined) return;
      this.clock.advanceTo(nextDeadline);
    }
    throw new RangeError('it never ends');
  }
}

function numbered(number: number): Uint8Array {
  const frame = new Uint8Array(60).fill(0x11);
  frame.fill(0xff, 0, 6);
  new DataView(frame.buffer).setUint32(20, number);
  return frame;
}

const count = (number: number): Uint8Array[] => Array.from({ length: number }, (_, i) => numbered(i));

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('transmit' as const), value: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('deliver' as const), value: fc.integer({ min: 1, max: 5 }) }) },
  fc.record({ kind: fc.constant('during' as const), value: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('time' as const), value: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('room' as const), value: fc.integer({ min: 0, max: 5 }) }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('poll' as const), value: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('turn' as const, 'interrupts' as const), value: fc.constant(0) }) },
);

const MITIGATIONS: readonly Mitigation[] = [
  { kind: 'none' },
  { kind: 'timer', ns: 20 },
  { kind: 'packets', count: 3, ns: 25 },
  { kind: 'poll', ns: 10, rounds: 1 },
  { kind: 'poll', ns: 7, rounds: 3 },
];
const WIRES = ['msix', 'msix-shared', 'msi', 'intx', 'shm-signal'] as const;
const mitigation = fc.constantFrom(...MITIGATIONS);

describe.each(['none', 'flags', 'event-idx'] as const)('Suppression %s', (suppression) => {
  describe.each(['inline', 'deferred'] as const)('in the place %s', (place) => {
    // Only without virtio's own suppression is the shm_signal the driver's to switch.
    const gate = suppression === 'none' ? (['gate'] as const) : [];
    it.each([...WIRES, ...gate])('loses nothing by %s', (interrupts) => {
      fc.assert(
        fc.property(mitigation, fc.constantFrom('mmio', 'port'), fc.array(step, { maxLength: 60 }), (kind, doorbell, steps) => {
          const world = new World({ suppression, mitigation: kind, place, interrupts, doorbell });
          for (const { kind: what, value } of steps) {
            if (what === 'transmit') world.transmit(value);
            else if (what === 'deliver') world.deliver(value);
            else if (what === 'during') world.port.during = (): void => world.transmit(value);
            else if (what === 'time') world.clock.advanceTo(world.clock.now() + BigInt(value));
            else if (what === 'room') world.port.open(value);
            else if (what === 'poll') world.driver.poll(value);
            else if (what === 'turn') world.turn();
            else world.interrupts();
          }
          world.settle();
          expect(world.port.sent.map(({ frame }) => frame)).toEqual(count(world.sent));
          expect(world.driver.received).toEqual(count(world.arrived));
          expect([world.driver.stopped, world.port.waiting]).toEqual([false, 0]);
        }),
        { numRuns: 40 },
      );
    });
  });
});
