/**
 * A device opened without bus or connector: calls reach its connection directly, and doorbells are calls. Deferred work waits until
 * `settle`, so a test sees what was done at once and what later. Memory can be given wrongly on purpose.
 */
import { ConfigurationError } from '@paravirt/bus';
import type { DeviceInterface, VbusConnection } from '../device.ts';
import { EINVAL } from '../errno.ts';
import { IOQ_SIGNAL_OFFSET, Ioq, ioqLength } from '../ioq.ts';
import { BufferMemory, type SharedRegion } from '../shared-region.ts';
import { ShmSignal } from '../shm-signal.ts';
import type { DriverDevice } from './driver-device.ts';

export interface DirectDeviceOptions {
  /** Default: 16 MiB. */
  readonly memory?: BufferMemory;
  /** Where memory is given out. Default: 1 MiB, so that a little below it is free for a test. */
  readonly start?: number;
  /** Default 1. */
  readonly version?: number;
  /** Carries the device's signals to the driver, as an interrupt does: `run` is its handler. Default: runs it at once. */
  readonly interrupt?: (run: () => void) => void;
}

/** Turns of deferred work after which it is taken to be endless. */
const MAX_TURNS = 100_000;

export class DirectDevice implements DriverDevice {
  readonly memory: BufferMemory;
  readonly connection: VbusConnection;
  /** Work that was put off. */
  readonly deferred: (() => void)[] = [];
  /** Calls of each verb, as a bus would count them. */
  calls = 1;
  readonly #signals: ShmSignal[] = [];
  readonly #interrupt: (run: () => void) => void;
  #next: number;

  /** @throws ConfigurationError `refused`: the interface did not connect. */
  constructor(target: DeviceInterface, options: DirectDeviceOptions = {}) {
    this.memory = options.memory ?? new BufferMemory(new ArrayBuffer(16 << 20));
    this.#next = options.start ?? 1 << 20;
    this.#interrupt = options.interrupt ?? ((run) => run());
    const result = target.connect({ memory: this.memory, version: options.version ?? 1, defer: (run) => this.defer(run) });
    if (typeof result === 'number') throw new ConfigurationError('refused', `the device answers ${result}`, result);
    this.connection = result;
  }

  defer(run: () => void): void {
    this.deferred.push(run);
  }

  /** Runs deferred work until there is none. @throws ConfigurationError `endless` */
  settle(): void {
    for (let turns = 0; this.deferred.length > 0; turns++) {
      if (turns > MAX_TURNS) throw new ConfigurationError('endless', 'deferred work makes more of itself for ever');
      this.deferred.shift()?.();
    }
  }

  call(func: number, data: Uint8Array = new Uint8Array(0)): number {
    this.calls++;
    const copy = data.slice();
    const result = this.connection.call(func, copy, 0);
    if (result >= 0) data.set(copy);
    return result;
  }

  shm(id: number, length: number): SharedRegion | number {
    const region = this.allocate(length);
    this.calls++;
    const result = this.connection.shm(id, 0, region, undefined);
    return result < 0 ? result : region;
  }

  ioq(id: number, count: number): Ioq | number {
    const region = this.allocate(ioqLength(count));
    const [north, south] = this.signals(region, IOQ_SIGNAL_OFFSET);
    const ring = Ioq.init(region, count, { side: 'north', signal: north });
    if (ring === undefined) return -EINVAL;
    this.calls++;
    const result = this.connection.shm(id, 0, region, south);
    return result < 0 ? result : ring;
  }

  /** Both sides of a doorbell, joined. */
  signals(region: SharedRegion, offset: number): [north: ShmSignal, south: ShmSignal] {
    const defer = (run: () => void): void => this.defer(run);
    const north: ShmSignal = new ShmSignal({ region, offset, side: 'north', ring: () => south.wakeup(), defer });
    const south: ShmSignal = new ShmSignal({ region, offset, side: 'south', ring: () => this.#interrupt(() => north.wakeup()), defer });
    this.#signals.push(north, south);
    return [north, south];
  }

  /** Bytes that `allocate` can still give. */
  get free(): number {
    return this.memory.size - Math.ceil(this.#next / 16) * 16;
  }

  /** @throws ConfigurationError `arena-full` */
  allocate(length: number): SharedRegion {
    const address = Math.ceil(this.#next / 16) * 16;
    const region = this.memory.map(address, length);
    if (region === undefined) throw new ConfigurationError('arena-full', `no ${length} bytes left for the driver`, length);
    this.#next = address + length;
    return region;
  }

  close(): number {
    this.calls++;
    this.connection.close();
    for (const signal of this.#signals) signal.close();
    return 0;
  }
}
