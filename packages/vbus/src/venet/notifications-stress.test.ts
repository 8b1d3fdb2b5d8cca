/**
 * No wake-up is lost: with every mitigation, place and way of completion, and any order of what driver, port, clock, tasklets and host do,
 * in the end the device has seen all that was posted and the driver has heard of all that it wanted to hear of. Nobody looks without cause.
 */
import type { Mitigation } from '@paravirt/bus';
import { RecordingPort } from '@paravirt/net-backend/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DirectDevice } from '../testing/direct-device.ts';
import { LINUX_MODES, type VenetDriverOptions } from '../testing/venet-driver.ts';
import { VenetNapi } from '../testing/venet-napi.ts';
import { VenetRig } from '../testing/venet-rig.ts';
import { CAP_TXC } from './abi.ts';

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

interface Setup {
  readonly mitigation: Mitigation;
  readonly place: 'inline' | 'deferred';
  readonly mode: VenetDriverOptions;
  /** Attributes. */
  readonly burst: number;
  readonly told: number;
}

class World {
  readonly port = new BusyPort();
  readonly rig: VenetRig;
  readonly client: DirectDevice;
  readonly napi: VenetNapi;
  /** Interrupts on their way, and what the host does in its next turn. */
  readonly interrupts: (() => void)[] = [];
  readonly turns: (() => void)[] = [];
  arrived = 0;
  sent = 0;

  constructor({ mitigation, place, mode, burst, told }: Setup) {
    const { port } = this;
    this.rig = new VenetRig({ port, mitigation, place, ...(place === 'deferred' ? { defer: (run) => void this.turns.push(run) } : {}) });
    Object.assign(this.rig.device.settings, { burstThreshold: burst, transmitMitigation: told });
    const { client, driver } = this.rig.start({ ...mode, ringLength: 8 }, { interrupt: (run) => void this.interrupts.push(run) });
    this.client = client;
    this.napi = new VenetNapi(driver);
  }

  transmit(frames: number): void {
    // Counted first: the doorbell may be answered within it.
    for (let i = 0; i < frames; i++) if (!this.napi.transmit(numbered(this.sent++))) this.sent--;
  }

  deliver(frames: number): void {
    for (let i = 0; i < frames; i++) this.port.deliver(numbered(this.arrived++));
  }

  /** Runs what waits in a list; true if there was anything. */
  run(list: 'interrupts' | 'turns' | 'deferred'): boolean {
    const work = (list === 'deferred' ? this.client.deferred : this[list]).splice(0);
    for (const each of work) each();
    return work.length > 0;
  }

  /** Everything that is under way comes to its end. */
  settle(): void {
    for (let i = 0; i < 3000; i++) {
      if (this.port.room < 100) this.port.open();
      const busy = [this.run('interrupts'), this.run('deferred'), this.run('turns'), this.napi.polling];
      this.napi.poll(3);
      if (busy.includes(true)) continue;
      const { nextDeadline } = this.rig.clock;
      if (nextDeadline === undefined) return;
      this.rig.clock.advanceTo(nextDeadline);
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

const value = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('transmit' as const), value: value(5) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('deliver' as const), value: value(5) }) },
  fc.record({ kind: fc.constant('during' as const), value: value(3) }),
  fc.record({ kind: fc.constant('time' as const), value: value(40) }),
  fc.record({ kind: fc.constant('room' as const), value: fc.nat(5) }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('poll' as const), value: value(5) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('interrupts' as const, 'deferred' as const, 'turns' as const), value: fc.constant(0) }),
  },
);

const MITIGATIONS: readonly Mitigation[] = [
  { kind: 'none' },
  { kind: 'timer', ns: 20 },
  { kind: 'packets', count: 3, ns: 25 },
  { kind: 'packets', count: 1000, ns: 7 },
  { kind: 'poll', ns: 10, rounds: 1 },
  { kind: 'poll', ns: 7, rounds: 3 },
];
const MODES: readonly (readonly [string, VenetDriverOptions])[] = [
  ['the ring', {}],
  ['events', { eventq: CAP_TXC }],
  ['events, and with everything else', LINUX_MODES],
];

describe.each(MITIGATIONS)('Mitigation %o', (mitigation) => {
  describe.each(['inline', 'deferred'] as const)('in the place %s', (place) => {
    it.each(MODES)('loses nothing with completion by %s', (_, mode) => {
      fc.assert(
        fc.property(fc.constantFrom(0, 1, 100), fc.constantFrom(0, 3, 10), fc.array(step, { maxLength: 60 }), (burst, told, steps) => {
          const world = new World({ mitigation, place, mode, burst, told });
          for (const { kind, value: n } of steps) {
            if (kind === 'transmit') world.transmit(n);
            else if (kind === 'deliver') world.deliver(n);
            else if (kind === 'during') world.port.during = (): void => world.transmit(n);
            else if (kind === 'time') world.rig.clock.advanceTo(world.rig.clock.now() + BigInt(n));
            else if (kind === 'room') world.port.open(n);
            else if (kind === 'poll') world.napi.poll(n);
            else world.run(kind);
          }
          world.settle();
          expect(world.port.sent.map(({ frame }) => frame)).toEqual(count(world.sent));
          expect(world.napi.received).toEqual(count(world.arrived));
          expect([world.napi.posted, world.napi.reaped, world.napi.stopped]).toEqual([world.sent, world.sent, false]);
          expect(world.port.waiting).toBe(0);
        }),
        { numRuns: 60 },
      );
    });
  });
});
