import { ConfigurationError } from '@paravirt/bus';
import { portPair } from '@paravirt/net-backend';
import { describe, expect, it } from 'vitest';
import { createPc, type Pc } from './pc.ts';
import type { NetOptions, PcOptions } from './pc-options.ts';
import { type NetThread, type NetThreadSetup, type NetWorker, VirtioNetThread } from './worker.ts';

const bios = new Uint8Array(16).fill(0xf4);
const machine = (nets: readonly NetOptions[], options: Partial<PcOptions> = {}): Pc =>
  createPc({ memory: 16 * 2 ** 20, boot: { bios }, nets, ...options });

/** Its other half lives in this thread, too, and has a turn when the test says so. */
class SameThread implements NetWorker {
  readonly setups: NetThreadSetup[] = [];
  readonly halves: VirtioNetThread[] = [];
  ended = 0;

  start(setup: NetThreadSetup): NetThread {
    this.setups.push(setup);
    this.halves.push(new VirtioNetThread({ setup, port: portPair()[0] }));
    return { terminate: () => void this.ended++, onEnd: undefined };
  }
}

const codeOf = (use: () => unknown): string | undefined => {
  try {
    use();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.code;
    throw error;
  }
  return undefined;
};

describe('A card with place worker', () => {
  it('puts the guest’s memory where another thread can have it, and gives that thread the same', () => {
    const worker = new SameThread();
    const pc = machine([{ place: 'worker', worker }]);
    const [setup] = worker.setups;
    pc.ram.writeU32(0x5000, 0x1234_5678);
    expect(setup?.memory).toBeInstanceOf(SharedArrayBuffer);
    expect(worker.halves[0]?.memory.readU32(0x5000)).toBe(0x1234_5678);
    expect(machine([]).cpu.statistics).toBeDefined();
    expect(pc.cards.list.map(({ name, model, bus, place }) => [name, model, bus, place])).toEqual([
      ['net0', 'virtio-net', 'pci', '00:01.0'],
    ]);
    expect(pc.cards.list[0]?.report()).toMatchObject({ options: { place: 'worker' }, frames: { transmitted: 0, received: 0 } });
  });

  it('tells of the link when the other half has seen it', () => {
    const worker = new SameThread();
    const pc = machine([{ place: 'worker', worker }]);
    const card = pc.cards.find('net0');
    if (card === undefined) throw new Error('no card');
    card.linkUp = false;
    worker.halves[0]?.turn();
    expect(worker.halves[0]?.device.linkUp).toBe(false);
    expect(card.linkUp).toBe(false);
  });

  it('comes and goes while the machine runs, if memory is shared', () => {
    const worker = new SameThread();
    const pc = machine([], { sharedMemory: true });
    expect(pc.cards.any).toBe(false);
    const card = pc.cards.add({ place: 'worker', worker });
    expect(pc.cards.any).toBe(true);
    pc.cards.remove(card.name, true);
    expect(pc.cards.any).toBe(false);
    expect(worker.ended).toBe(1);
  });

  it('is refused without a thread, without shared memory, in deterministic time and on a vbus', () => {
    const worker = new SameThread();
    expect(codeOf(() => machine([{ place: 'worker' }]))).toBe('no-worker');
    expect(codeOf(() => machine([]).cards.add({ place: 'worker', worker }))).toBe('not-shared');
    expect(codeOf(() => machine([{ place: 'worker', worker }], { time: { mode: 'deterministic' } }))).toBe('not-deterministic');
    expect(codeOf(() => machine([{ place: 'worker', worker, bus: 'vbus' }]))).toBe('bad-card-option');
    expect(codeOf(() => machine([{ place: 'worker', worker, model: 'venet' }]))).toBe('bad-card-option');
    expect(codeOf(() => machine([{}]))).toBe('no-network');
    expect(worker.setups).toEqual([]);
  });
});
