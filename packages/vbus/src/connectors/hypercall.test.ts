import { Ram, type RingEvent } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Vbus, VbusHost } from '../bus.ts';
import { EINVAL, ENOSYS, EPERM } from '../errno.ts';
import { NorthArena } from '../north/north-arena.ts';
import { NorthSession } from '../north/north-session.ts';
import { MappedMemory } from '../shared-region.ts';
import { ECHO_HEARD, ECHO_TYPE, ECHO_VERSION, EchoDevice } from '../testing/echo-device.ts';
import {
  VBUS_DYNIRQ_LOGICAL,
  VBUS_HC_BRIDGECALL,
  VBUS_HC_BUSCALL,
  VBUS_HC_DYNIRQ_CLEAR,
  VBUS_HC_DYNIRQ_MASK,
  VBUS_HC_DYNIRQ_SET,
  VBUS_HC_EVENTQ,
  VBUS_HC_SHMSIGNAL,
  VbusHypercalls,
  type VbusHypercallsOptions,
} from './hypercall.ts';

const environment = (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env ?? {};
const RUNS = Math.trunc(Number(environment['PARAVIRT_RUNS'] ?? 200));
const SEED = environment['PARAVIRT_SEED'] === 'random' ? Date.now() % 2 ** 31 : Number(environment['PARAVIRT_SEED'] ?? 20_261_122);

const MEMORY = 4 << 20;

class Rig {
  readonly host: VbusHost = new VbusHost();
  readonly bus: Vbus;
  readonly device: EchoDevice = new EchoDevice();
  readonly injected: string[] = [];
  readonly deferred: (() => void)[] = [];
  readonly hypercalls: VbusHypercalls;
  readonly session: NorthSession;
  readonly told: RingEvent[] = [];

  constructor(options: Pick<VbusHypercallsOptions, 'aggregation'> = {}) {
    this.host.addClass({ name: ECHO_TYPE, create: () => this.device });
    this.host.createBus('b');
    this.bus = this.host.buses.get('b') as Vbus;
    this.host.createDevice('one', ECHO_TYPE);
    this.host.link('b', 'one');
    const memory = new MappedMemory(new Ram(new ArrayBuffer(MEMORY)));
    const defer = (run: () => void): void => void this.deferred.push(run);
    this.hypercalls = new VbusHypercalls({
      bus: this.bus,
      memory,
      defer,
      inject: (vector, destination, logical) => void this.injected.push(`${vector} to ${logical ? 'set' : 'id'} ${destination}`),
      ringTrace: (event) => void this.told.push(event),
      ...options,
    });
    this.session = new NorthSession({
      wire: {
        bridgeCall: (vector, address, length) => this.call(VBUS_HC_BRIDGECALL, vector, address, length),
        busCall: (vector, address, length) => this.call(VBUS_HC_BUSCALL, vector, address, length),
        kick: () => void this.call(VBUS_HC_EVENTQ, 0),
        signal: (handle) => void this.call(VBUS_HC_SHMSIGNAL, handle),
      },
      arena: new NorthArena(memory, 1 << 20, MEMORY - (1 << 20)),
      events: 64,
      defer,
    });
  }

  /** A hypercall from privilege level `cpl`: RAX as a signed number. */
  call(number: number, rbx: number, rcx = 0, rdx = 0, rsi = 0, cpl = 0): number {
    const registers = { rax: BigInt(number), rbx: BigInt(rbx), rcx: BigInt(rcx), rdx: BigInt(rdx), rsi: BigInt(rsi), cpl };
    this.hypercalls.call(registers);
    return Number(BigInt.asIntN(64, registers.rax));
  }

  start(): this {
    expect(this.session.negotiate()).toBe(0);
    expect(this.call(VBUS_HC_DYNIRQ_SET, 0, 0x61, 0)).toBe(0);
    expect(this.session.register()).toBe(0);
    return this;
  }

  settle(): void {
    for (let work = true; work; ) {
      work = this.deferred.length > 0 || this.injected.length > 0;
      this.deferred.shift()?.();
      if (this.injected.shift() !== undefined) this.session.interrupt();
    }
  }
}

describe('[vbus v1] Discovery by CPUID', () => {
  const text = (...words: number[]): string =>
    words.map((word) => String.fromCharCode(...[0, 8, 16, 24].map((shift) => (word >>> shift) & 0xff))).join('');

  it('is a range of its own with a signature, a version and the number of the first call', () => {
    const { hypercalls } = new Rig();
    const [max = 0, ...signature] = hypercalls.cpuid(0x4000_0100) ?? [];
    expect([max, text(...signature)]).toEqual([0x4000_0101, 'VbusVbusVbus']);
    expect(hypercalls.cpuid(0x4000_0101)).toEqual([1, 1, 0x5642_0000, 0]);
  });

  it('leaves all other leaves alone', () => {
    const { hypercalls } = new Rig();
    for (const leaf of [0, 0x4000_0000, 0x4000_0001, 0x4000_0102, 0x8000_0000]) expect(hypercalls.cpuid(leaf)).toBeUndefined();
  });
});

describe('[vbus v1] Calls', () => {
  it('are those of the bridge: NEGOTIATE, QREG, bus calls, doorbells, events', () => {
    const rig = new Rig().start();
    rig.settle();
    expect([...rig.session.devices.values()]).toEqual([{ id: 0, type: 'echo' }]);
    const device = rig.session.open(0, ECHO_VERSION);
    if (typeof device === 'number') throw new Error(`DEVOPEN answers ${device}`);
    const data = Uint8Array.of(1, 2, 3);
    expect(device.call(0, data)).toBe(3);
    expect([...data]).toEqual([3, 2, 1]);
    const shared = device.shmWithSignal(1, 64, 0);
    if (typeof shared === 'number') throw new Error(`DEVSHM answers ${shared}`);
    let heard = 0;
    shared.signal.onSignal = () => heard++;
    shared.signal.enable();
    shared.signal.inject();
    expect(device.call(ECHO_HEARD)).toBe(1);
    expect(rig.injected).toEqual(['97 to id 0']);
    rig.settle();
    expect(heard).toBe(1);
    expect(device.close()).toBe(0);
    expect(rig.hypercalls.counters).toMatchObject({ bridgeCalls: 2, busCalls: 5, signals: 1 });
  });

  it('are not for privilege levels above 0', () => {
    const rig = new Rig().start();
    for (const cpl of [1, 2, 3])
      for (const number of [VBUS_HC_BRIDGECALL, VBUS_HC_SHMSIGNAL, 7]) {
        expect(rig.call(number, 0, 0, 0, 0, cpl)).toBe(-EPERM);
      }
    expect(rig.hypercalls.counters.signals).toBe(0);
  });

  it('answer −ENOSYS to a number that is none, and −EINVAL to a bridge call that has no meaning here', () => {
    const rig = new Rig().start();
    for (const number of [0, 1, VBUS_HC_DYNIRQ_CLEAR + 1, 2 ** 32 + VBUS_HC_BRIDGECALL, 2 ** 63]) expect(rig.call(number, 0)).toBe(-ENOSYS);
    for (const vector of [2, 3, 4, 5, 2 ** 32]) expect(rig.call(VBUS_HC_BRIDGECALL, vector, 0x1000, 16)).toBe(-EINVAL);
    for (const vector of [4, 2 ** 32, 2 ** 63]) expect(rig.call(VBUS_HC_BUSCALL, vector, 0x1000, 16)).toBe(-EINVAL);
    expect(rig.call(VBUS_HC_SHMSIGNAL, 2 ** 63)).toBe(0);
    expect(rig.call(VBUS_HC_EVENTQ, 1)).toBe(0);
  });

  it('forget everything at NEGOTIATE, also where the interrupt goes', () => {
    const rig = new Rig().start();
    rig.settle();
    expect(rig.session.negotiate()).toBe(0);
    expect(rig.session.register()).toBe(0);
    expect(rig.injected).toEqual([]);
    expect(rig.call(VBUS_HC_DYNIRQ_SET, 0, 0x62, 3, VBUS_DYNIRQ_LOGICAL)).toBe(0);
    expect(rig.injected).toEqual(['98 to set 3']);
  });
});

describe('[vbus v1] Dynirq', () => {
  it('goes where the guest says, and elsewhere when it says otherwise', () => {
    const rig = new Rig().start();
    expect(rig.injected).toEqual(['97 to id 0']);
    rig.settle();
    expect(rig.call(VBUS_HC_DYNIRQ_SET, 0, 255, 0xffff_ffff)).toBe(0);
    rig.host.unlink('b', 'one');
    expect(rig.injected).toEqual(['255 to id 4294967295']);
  });

  it('is held back once while it is masked, or has no vector', () => {
    const rig = new Rig().start();
    rig.settle();
    expect(rig.call(VBUS_HC_DYNIRQ_MASK, 0, 1)).toBe(0);
    rig.host.unlink('b', 'one');
    rig.host.link('b', 'one');
    expect(rig.injected).toEqual([]);
    expect(rig.call(VBUS_HC_DYNIRQ_MASK, 0, 0)).toBe(0);
    expect(rig.injected).toEqual(['97 to id 0']);
    rig.settle();
    expect(rig.call(VBUS_HC_DYNIRQ_CLEAR, 0)).toBe(0);
    rig.host.unlink('b', 'one');
    expect(rig.injected).toEqual([]);
    expect(rig.call(VBUS_HC_DYNIRQ_SET, 0, 0x70, 1)).toBe(0);
    expect(rig.call(VBUS_HC_DYNIRQ_SET, 0, 0x71, 1)).toBe(0);
    expect(rig.injected).toEqual(['112 to id 1']);
    rig.settle();
    expect(rig.session.devices.size).toBe(0);
  });

  it('is injected for every event without aggregation, once for those that came while it was masked', () => {
    const rig = new Rig({ aggregation: false }).start();
    for (let i = 0; i < 2; i++) {
      rig.host.unlink('b', 'one');
      rig.host.link('b', 'one');
    }
    expect(rig.injected).toHaveLength(5);
    rig.settle();
    expect(rig.call(VBUS_HC_DYNIRQ_MASK, 0, 1)).toBe(0);
    rig.host.unlink('b', 'one');
    rig.host.link('b', 'one');
    expect(rig.call(VBUS_HC_DYNIRQ_MASK, 0, 0)).toBe(0);
    expect(rig.injected).toHaveLength(1);
    rig.settle();
    expect([...rig.session.devices.keys()]).toEqual([3]);
    expect(rig.told).toEqual(Array.from({ length: 6 }, () => ({ kind: 'interrupt', source: 'vbus-hypercalls' })));
    expect(rig.hypercalls.counters).toMatchObject({ interrupts: 6, events: { events: 7, suppressed: 1 } });
  });

  it('refuses vectors that are exceptions or none, other interrupts, flags and masks', () => {
    const rig = new Rig().start();
    for (const vector of [0, 15, 256, 2 ** 32]) expect(rig.call(VBUS_HC_DYNIRQ_SET, 0, vector)).toBe(-EINVAL);
    expect(rig.call(VBUS_HC_DYNIRQ_SET, 1, 0x61)).toBe(-EINVAL);
    expect(rig.call(VBUS_HC_DYNIRQ_SET, 0, 0x61, 2 ** 32)).toBe(-EINVAL);
    expect(rig.call(VBUS_HC_DYNIRQ_SET, 0, 0x61, 0, 2)).toBe(-EINVAL);
    expect(rig.call(VBUS_HC_DYNIRQ_MASK, 0, 2)).toBe(-EINVAL);
    expect(rig.call(VBUS_HC_DYNIRQ_MASK, 1, 1)).toBe(-EINVAL);
    expect(rig.call(VBUS_HC_DYNIRQ_CLEAR, 1)).toBe(-EINVAL);
  });
});

describe('Random hypercalls', () => {
  it('end in a state, and a new kernel comes up after them', () => {
    const register = fc.oneof(
      fc.bigInt({ min: 0n, max: 4n }),
      fc.constantFrom(16n, 32n, 48n, 0x61n, 0x1000n, BigInt(MEMORY), 2n ** 32n, 2n ** 63n),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    );
    const number = fc.oneof(
      fc.integer({ min: VBUS_HC_BRIDGECALL, max: VBUS_HC_DYNIRQ_CLEAR + 1 }).map(BigInt),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    );
    const call = fc.record({
      rax: number,
      rbx: register,
      rcx: register,
      rdx: register,
      rsi: register,
      cpl: fc.constantFrom(0, 0, 0, 0, 3),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
        const rig = new Rig().start();
        for (const [i, registers] of calls.entries()) {
          const result = { ...registers };
          rig.hypercalls.call(result);
          expect(BigInt.asIntN(64, result.rax)).toBeGreaterThanOrEqual(-38n);
          if (i % 7 === 0) rig.settle();
        }
        rig.hypercalls.reset();
        rig.injected.length = 0;
        rig.start().settle();
        expect(rig.session.devices.size).toBe(1);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
