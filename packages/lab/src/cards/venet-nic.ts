/**
 * A driver of venet as the guest's module of 2009 has it: scatter-gather with pre-mapped descriptors, state of the link and completion of
 * transmission by events. Both rings are polled by NAPI with their shm_signals masked.
 */
import type { ShmSignal, SignalCounters, Venet } from '@paravirt/vbus';
import type { VenetDriver } from '@paravirt/vbus/testing';
import type { Vcpu } from '../simulation/vcpu.ts';
import { Napi } from './napi.ts';
import type { Fault, Nic, NicCounts, Stuck } from './nic.ts';

export interface VenetNicOptions {
  readonly index: number;
  readonly vcpu: Vcpu;
  readonly device: Venet;
  readonly driver: VenetDriver;
  /** Frames that wait for room in the receive ring. */
  readonly backlog: () => number;
  readonly fault?: Fault | undefined;
}

export class VenetNic implements Nic {
  readonly index: number;
  onFrame: ((frame: Uint8Array) => void) | undefined = undefined;
  onRoom: (() => void) | undefined = undefined;
  readonly #options: VenetNicOptions;
  readonly #signals: readonly ShmSignal[];
  readonly #rxNapi: Napi;
  readonly #txNapi: Napi;
  /** Frames taken since the device was told of the room. */
  #taken = 0;
  #sent = 0;
  #stopped = false;

  constructor(options: VenetNicOptions) {
    const { vcpu, driver, fault } = options;
    this.#options = options;
    this.index = options.index;
    const { receive, transmit, events } = driver;
    this.#signals = [receive.ring.signal, transmit.ring.signal, events?.ring.signal].filter((signal) => signal !== undefined);
    const careless = fault?.careless === true;
    this.#rxNapi = new Napi({
      vcpu,
      take: () => this.#takeFrame(),
      round: () => this.#tellRoom(),
      disable: () => driver.disableInterrupts('rx'),
      enable: () => void driver.enableInterrupts('rx'),
      waiting: () => receive.pending,
      careless,
    });
    this.#txNapi = new Napi({
      vcpu,
      take: () => this.#reap(),
      disable: () => driver.disableInterrupts('tx'),
      enable: () => void driver.enableInterrupts('tx'),
      waiting: () => transmit.pending || events?.pending === true,
      careless,
    });
    driver.onInterrupt = (source) => (source === 'rx' ? this.#rxNapi : this.#txNapi).schedule();
  }

  send(frame: Uint8Array): boolean {
    const { driver, fault } = this.#options;
    if (!driver.post(frame)) {
      this.#stopped = true;
      return false;
    }
    this.#sent++;
    driver.kick();
    if (fault?.spuriousEvery !== undefined && this.#sent % fault.spuriousEvery === 0) driver.transmit.ring.signal?.inject();
    return true;
  }

  get counts(): NicCounts {
    const { device } = this.#options;
    const { counters } = device;
    const north = (of: (signal: SignalCounters) => number): number => this.#signals.reduce((sum, signal) => sum + of(signal.counters), 0);
    const south = (of: (signal: Readonly<SignalCounters>) => number): number =>
      Object.values(device.doorbells).reduce((sum, signal) => sum + of(signal), 0);
    return {
      doorbells: {
        rung: north(({ rung }) => rung),
        suppressed: north(({ suppressed }) => suppressed),
        spurious: south(({ spurious }) => spurious),
      },
      signals: { sent: south(({ rung }) => rung), suppressed: south(({ suppressed }) => suppressed), held: south(({ held }) => held) },
      copiedBytes: counters.rxCopied + counters.txCopied,
      frames: { transmitted: counters.txFrames, received: counters.rxFrames },
    };
  }

  get stuck(): Stuck {
    const { driver, backlog } = this.#options;
    const { receive, transmit } = driver;
    const received = receive.ring.inuse.count;
    // Frames in the transmit ring wait for the device; room in the receive ring, if frames wait for it.
    const doorbells = (transmit.ring.inuse.count > 0 ? 1 : 0) + (backlog() > 0 && received < receive.ring.count ? 1 : 0);
    return { doorbells, interrupts: received > 0 && !this.#rxNapi.scheduled ? 1 : 0 };
  }

  poke(): void {
    const { driver } = this.#options;
    driver.receive.ring.signal?.inject();
    driver.transmit.ring.signal?.inject();
    this.#rxNapi.schedule();
    this.#txNapi.schedule();
  }

  #takeFrame(): boolean {
    const received = this.#options.driver.receive.take();
    if (received === undefined) return false;
    this.#taken++;
    this.onFrame?.(received.frame);
    return true;
  }

  #tellRoom(): void {
    if (this.#taken === 0) return;
    this.#taken = 0;
    this.#options.driver.receive.ring.signal?.inject();
  }

  /** Completions, which come as events. */
  #reap(): boolean {
    if (this.#options.driver.reap() === 0) return false;
    if (this.#stopped) {
      this.#stopped = false;
      this.onRoom?.();
    }
    return true;
  }
}
