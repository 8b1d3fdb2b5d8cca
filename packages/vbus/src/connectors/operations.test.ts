/** Random accesses to the bridge, calls with random structures and rings, and an administrator who links meanwhile: always a state. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ioqLength } from '../ioq.ts';
import { BRIDGE_MMIO_BASE, BRIDGE_PORT_BASE } from '../testing/bridge-driver.ts';
import { BridgeRig, RIG_ARENA, RIG_MEMORY } from '../testing/bridge-rig.ts';
import { ECHO_VERSION } from '../testing/echo-device.ts';

const environment = (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env ?? {};
const RUNS = Math.trunc(Number(environment['PARAVIRT_RUNS'] ?? 200));
const SEED = environment['PARAVIRT_SEED'] === 'random' ? Date.now() % 2 ** 31 : Number(environment['PARAVIRT_SEED'] ?? 20_261_122);

const SCRATCH = 0x1000;
const RING = 0x2000;

const u32 = fc.oneof(fc.integer({ min: 0, max: 8 }), fc.constantFrom(16, 24, 32, 48, 0xffff_ffff), fc.nat(0xffff_ffff));
const address = fc.oneof(fc.constantFrom(SCRATCH, RING, SCRATCH + 32, RIG_MEMORY, RIG_MEMORY - 8, 2 ** 52, 2 ** 63), fc.nat(RIG_MEMORY));
const width = fc.constantFrom<1 | 2 | 4>(1, 2, 4, 4, 4);

type Operation =
  | { readonly kind: 'mmio' | 'port'; readonly offset: number; readonly width: 1 | 2 | 4; readonly value: number; readonly read: boolean }
  | { readonly kind: 'bridge' | 'bus'; readonly vector: number; readonly address: number; readonly length: number }
  | { readonly kind: 'words'; readonly words: readonly number[]; readonly at: number }
  | { readonly kind: 'scribble'; readonly at: number; readonly value: number }
  | { readonly kind: 'config'; readonly command: number }
  | { readonly kind: 'plain'; readonly what: 'probe' | 'open' | 'signal' | 'settle' | 'link' | 'unlink' | 'reset' | 'time' };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: fc.constantFrom<'mmio' | 'port'>('mmio', 'port'),
    offset: fc.oneof(fc.constantFrom(0, 4, 8, 12), fc.nat(63)),
    width,
    value: u32,
    read: fc.boolean(),
  }),
  fc.record({
    kind: fc.constantFrom<'bridge' | 'bus'>('bridge', 'bus'),
    vector: fc.oneof(fc.nat(5), u32),
    address,
    length: fc.oneof(fc.constantFrom(8, 16, 32, 48), u32),
  }),
  fc.record({
    kind: fc.constant('words' as const),
    words: fc.array(fc.oneof(u32, fc.constantFrom(0xbf53_eef5, SCRATCH, RING, 0x4000)), { maxLength: 16 }),
    at: fc.constantFrom(SCRATCH, RING),
  }),
  fc.record({ kind: fc.constant('scribble' as const), at: fc.nat(0x8000), value: fc.nat(255) }),
  fc.record({ kind: fc.constant('config' as const), command: fc.constantFrom(7, 7, 7, 3, 0, 0x407) }),
  fc.record({
    kind: fc.constant('plain' as const),
    what: fc.constantFrom('probe', 'open', 'signal', 'settle', 'settle', 'link', 'unlink', 'reset', 'time'),
  }),
);

function run(rig: BridgeRig, op: Operation): void {
  switch (op.kind) {
    case 'mmio':
    case 'port': {
      const [space, base] = op.kind === 'mmio' ? [rig.mmio, BRIDGE_MMIO_BASE] : [rig.ports, BRIDGE_PORT_BASE];
      if (op.read) space.read(base + op.offset, op.width);
      else space.write(base + op.offset, op.width, op.value % 2 ** (8 * op.width));
      return;
    }
    case 'bridge':
      rig.driver.bridgeCall(op.vector, op.address, op.length);
      return;
    case 'bus':
      rig.driver.busCall(op.vector, op.address, op.length);
      return;
    case 'words':
      for (const [i, word] of op.words.entries()) rig.ram.writeU32(op.at + 4 * i, word);
      return;
    case 'scribble':
      // The event ring, its records and what devices share: all the driver has, but for where it keeps its structures.
      rig.ram.writeU8(RIG_ARENA + ((op.at * 61) % (ioqLength(64) + 0x4000)), op.value);
      return;
    case 'config':
      rig.bridge.function.config.write(4, 2, op.command);
      return;
    case 'plain':
      plain(rig, op.what);
  }
}

function plain(rig: BridgeRig, what: (Operation & { kind: 'plain' })['what']): void {
  const { session } = rig.driver;
  if (what === 'probe') rig.driver.probe();
  else if (what === 'settle') expect(rig.settle()).toBe(true);
  else if (what === 'link') rig.host.link('b', 'one');
  else if (what === 'unlink') rig.host.unlink('b', 'one');
  else if (what === 'reset') rig.bridge.function.reset();
  else if (what === 'time') rig.clock.advanceTo(rig.clock.now() + 50_000_000n);
  else if (what === 'signal') for (const { signal } of rig.devices.get('one')?.connection?.shms.values() ?? []) signal?.inject();
  else {
    const id = [...rig.bus.devices.keys()].at(-1) ?? 0;
    const device = session.open(id, ECHO_VERSION);
    if (typeof device === 'number') return;
    const shared = device.shmWithSignal(1, 64, 0);
    if (typeof shared === 'number') return;
    shared.signal.enable();
    shared.signal.inject();
  }
}

describe('Random operations on the bridge', () => {
  it('end in a state, with MSI and with INTx', () => {
    fc.assert(
      fc.property(fc.constantFrom<'msi' | 'intx'>('msi', 'intx'), fc.array(operation, { maxLength: 60 }), (interrupts, operations) => {
        const rig = new BridgeRig({ interrupts, events: 64 });
        rig.plug('one');
        rig.driver.probe();
        for (const op of operations) run(rig, op);
        expect(rig.settle()).toBe(true);
        // Whatever it was: a new kernel comes up.
        rig.bridge.function.reset();
        const fresh = rig.driver.probe();
        expect(fresh === 0 || fresh === -12).toBe(true);
        expect(rig.settle()).toBe(true);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
