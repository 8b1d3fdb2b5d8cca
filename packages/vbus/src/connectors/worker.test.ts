import { ConfigurationError } from '@paravirt/bus';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BRIDGE_NEGOTIATE, VBUS_PCI_MAGIC } from '../abi.ts';
import { type Vbus, VbusHost } from '../bus.ts';
import { EFAULT, EINVAL, ENODEV } from '../errno.ts';
import { ECHO_TYPE, EchoDevice } from '../testing/echo-device.ts';
import { ChannelMemory, WorkerHost } from './worker.ts';
import { type CallKind, CHANNEL_SIGNALS, CHANNEL_SIZE, createChannel, WorkerChannel } from './worker-channel.ts';
import { WorkerClient } from './worker-client.ts';

const environment = (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env ?? {};
const RUNS = Math.trunc(Number(environment['PARAVIRT_RUNS'] ?? 200));
const SEED = environment['PARAVIRT_SEED'] === 'random' ? Date.now() % 2 ** 31 : Number(environment['PARAVIRT_SEED'] ?? 20_261_122);
const MEMORY = 1 << 16;
const [NEGOTIATE, QREG] = [0, 1];

/** A host, and a client whose every step the test makes, in one thread. */
class Rig {
  readonly buffer: SharedArrayBuffer = createChannel(MEMORY);
  readonly channel: WorkerChannel = new WorkerChannel(this.buffer);
  readonly memory: ChannelMemory = new ChannelMemory(this.buffer);
  readonly bus: Vbus;
  readonly host: WorkerHost;

  constructor() {
    const host = new VbusHost();
    host.addClass({ name: ECHO_TYPE, create: () => new EchoDevice() });
    host.createBus('b');
    host.createDevice('one', ECHO_TYPE);
    host.link('b', 'one');
    this.bus = host.buses.get('b') as Vbus;
    this.host = new WorkerHost({ bus: this.bus, buffer: this.buffer });
  }

  call(kind: CallKind, vector: number, address: number, length: number): number | undefined {
    expect(this.channel.post(kind, vector, address, length)).toBe(true);
    this.host.poll();
    return this.channel.takeResult();
  }

  negotiate(): number | undefined {
    this.memory.writeU32(CHANNEL_SIZE, VBUS_PCI_MAGIC);
    this.memory.writeU32(CHANNEL_SIZE + 4, 1);
    return this.call('bridge', NEGOTIATE, CHANNEL_SIZE, BRIDGE_NEGOTIATE.size);
  }
}

describe('A channel', () => {
  afterEach(() => vi.restoreAllMocks());

  it('is a buffer that createChannel made, of a size that addresses can name', () => {
    for (const size of [0, -1, 1.5, 2 ** 31, Number.NaN]) expect(() => createChannel(size)).toThrow(ConfigurationError);
    expect(createChannel(1).byteLength).toBe(2 * CHANNEL_SIZE);
    expect(() => new WorkerChannel(new SharedArrayBuffer(CHANNEL_SIZE * 2))).toThrow(ConfigurationError);
    expect(() => new WorkerChannel(new SharedArrayBuffer(16))).toThrow(ConfigurationError);
  });

  it('carries one call at a time, and its result back', () => {
    const channel = new WorkerChannel(createChannel(MEMORY));
    expect(channel.takeResult()).toBeUndefined();
    expect(channel.post('bus', 3, 2 ** 40 + 5, 48)).toBe(true);
    expect(channel.post('bus', 0, 0, 0)).toBe(false);
    expect(channel.postedCall()).toEqual({ kind: 'bus', vector: 3, address: 2 ** 40 + 5, length: 48 });
    channel.answer(-ENODEV);
    expect(channel.postedCall()).toBeUndefined();
    expect(channel.takeResult()).toBe(-ENODEV);
    expect(channel.takeResult()).toBeUndefined();
    expect(channel.post('bridge', 0, 0, 0)).toBe(true);
  });

  it('carries each signal once however often it was rung, and none that does not exist', () => {
    const channel = new WorkerChannel(createChannel(MEMORY));
    for (const handle of [0, 31, 30, 1000, 0, undefined, CHANNEL_SIGNALS - 1]) expect(channel.markSignal(handle)).toBe(true);
    for (const handle of [-2, 0.5, CHANNEL_SIGNALS, 2 ** 40]) expect(channel.markSignal(handle)).toBe(false);
    const taken: (number | undefined)[] = [];
    channel.takeSignals((handle) => taken.push(handle));
    expect(taken).toEqual([undefined, 0, 30, 31, 1000, CHANNEL_SIGNALS - 1]);
    channel.takeSignals(() => expect.unreachable());
  });

  it('wakes who sleeps, also if it was rung before', async () => {
    const bell = new WorkerChannel(createChannel(MEMORY)).bell('host');
    const seen = bell.count;
    const waiting = bell.waitAsync(seen);
    bell.ring();
    expect(await waiting).toBe(true);
    expect(bell.waitAsync(seen)).toBe(true);
    expect(bell.wait(seen)).toBe(true);
    expect(bell.wait(bell.count, 1)).toBe(false);
    expect(await bell.waitAsync(bell.count, 1)).toBe(false);
  });

  it('knows whether its thread may block', () => {
    const buffer = createChannel(MEMORY);
    expect(new WorkerChannel(buffer).mayBlock).toBe(true);
    vi.spyOn(Atomics, 'wait').mockImplementation(() => {
      throw new TypeError('Atomics.wait cannot be called in this context');
    });
    expect(new WorkerChannel(buffer).mayBlock).toBe(false);
  });
});

describe('The host of a worker', () => {
  it('answers bridge calls and bus calls', () => {
    const rig = new Rig();
    expect(rig.call('bus', 0, CHANNEL_SIZE, 16)).toBe(-EINVAL);
    expect(rig.negotiate()).toBe(1);
    expect(rig.call('bus', 0, CHANNEL_SIZE, 16)).toBeLessThan(0);
    rig.memory.writeU64(CHANNEL_SIZE, 2n ** 32n);
    expect(rig.call('bus', 0, CHANNEL_SIZE, 16)).toBe(0);
    for (const vector of [2, 3, 4, 99]) expect(rig.call('bridge', vector, CHANNEL_SIZE, 16)).toBe(-EINVAL);
    expect(rig.host.counters).toMatchObject({ bridgeCalls: 5, busCalls: 3 });
  });

  it('does not take the page of the channel for memory', () => {
    const rig = new Rig();
    for (const address of [0, CHANNEL_SIZE - 16, CHANNEL_SIZE - 8, CHANNEL_SIZE + MEMORY - 8])
      expect(rig.call('bridge', NEGOTIATE, address, 16)).toBe(-EFAULT);
    rig.negotiate();
    expect(rig.call('bridge', QREG, 0, 32)).toBe(-EFAULT);
    expect(rig.memory.map(CHANNEL_SIZE, MEMORY)?.length).toBe(MEMORY);
    expect(rig.memory.map(0, MEMORY)).toBeUndefined();
  });

  it('serves without blocking until it is closed', async () => {
    const rig = new Rig();
    const served = rig.host.serve();
    rig.memory.writeU32(CHANNEL_SIZE, VBUS_PCI_MAGIC);
    rig.memory.writeU32(CHANNEL_SIZE + 4, 1);
    rig.channel.post('bridge', NEGOTIATE, CHANNEL_SIZE, 16);
    rig.channel.bell('host').ring();
    const never = rig.channel.bell('client');
    let result: number | undefined;
    for (let i = 0; i < 1000 && result === undefined; i++) {
      await never.waitAsync(never.count, 1);
      result = rig.channel.takeResult();
    }
    expect(result).toBe(1);
    expect(rig.bus.members.size).toBe(1);
    rig.host.close();
    await served;
    expect(rig.bus.members.size).toBe(0);
  });

  it('answers with −ENODEV once it is closed, a call that waits and all that follow', () => {
    const rig = new Rig();
    rig.channel.post('bus', 0, CHANNEL_SIZE, 16);
    rig.host.close();
    rig.host.close();
    expect(rig.channel.takeResult()).toBe(-ENODEV);
    expect(rig.channel.post('bus', 0, CHANNEL_SIZE, 16)).toBe(false);
    const client = new WorkerClient({ buffer: rig.buffer });
    expect(client.start()).toBe(-ENODEV);
  });

  it('ends in a state whatever the client writes, into the channel too', () => {
    const word = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom(CHANNEL_SIZE, 16, 32, 48), fc.integer());
    const write = fc.record({ at: fc.oneof(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 16, max: 80 }), fc.nat(2047)), word });
    fc.assert(
      fc.property(fc.array(write, { maxLength: 80 }), (writes) => {
        const rig = new Rig();
        rig.negotiate();
        const words = new Int32Array(rig.buffer);
        for (const { at, word } of writes) {
          Atomics.store(words, at, word);
          rig.host.poll();
        }
        rig.host.close();
        expect(rig.bus.members.size).toBe(0);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
