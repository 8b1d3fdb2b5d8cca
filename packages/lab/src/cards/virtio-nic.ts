/**
 * A driver of virtio-net as Linux has one (6.1, drivers/net/virtio_net.c), on any transport: receive and transmit each have a NAPI poll; the
 * receive ring is refilled at the end of a round when it is short of 32 buffers; transmission asks for an interrupt when three quarters of
 * what is in flight are done, and takes back what is done whenever it sends.
 */
import type { RingEvent, TraceSink } from '@paravirt/bus';
import type { VirtioSession } from '@paravirt/virtio';
import { featureSet, VIRTIO_F_EVENT_IDX, VIRTIO_F_VERSION_1 } from '@paravirt/virtio';
import { RECEIVE_QUEUE, type SplitRingDriver, TRANSMIT_QUEUE, type TransportDriver } from '@paravirt/virtio/testing';
import type { Vcpu } from '../simulation/vcpu.ts';
import { NAPI_BUDGET, Napi } from './napi.ts';
import type { Fault, Nic, NicCounts, Stuck } from './nic.ts';

/** [virtio 1.2 §5.1.3] */
const VIRTIO_NET_F_MAC = 5;
const VIRTIO_NET_F_STATUS = 16;
/** [virtio 1.2 §5.1.6] */
const HEADER_SIZE = 12;
/** Nothing is left to the device. */
const NO_OFFLOAD = new Uint8Array(HEADER_SIZE);
const WANTED = featureSet(VIRTIO_F_VERSION_1, VIRTIO_F_EVENT_IDX, VIRTIO_NET_F_MAC, VIRTIO_NET_F_STATUS);

/** A transport as this driver uses it. */
export interface NicTransport extends TransportDriver {
  /** The device's feature bits. */
  offered(): bigint;
  /** Notifies whatever the device wants. */
  forceKick(queue: number): void;
}

export interface VirtioNicOptions {
  readonly index: number;
  readonly vcpu: Vcpu;
  readonly transport: NicTransport;
  /** Longest frame in bytes. */
  readonly frame: number;
  /** MSI-X vectors of the receive and the transmit queue. */
  readonly vectors?: readonly [number, number];
  /** Interrupts are kept away by the shm_signals of the two rings alone. */
  readonly gated?: boolean;
  readonly session: VirtioSession;
  /** What passed the shm_signals below virtio's own suppression, and what they stopped. Absent: there are none. */
  readonly gateCounts?: () => { readonly doorbellsRung: number; readonly signalsSent: number; readonly signalsSuppressed: number };
  /** Frames that wait for room in the receive ring. */
  readonly backlog: () => number;
  readonly copiedBytes: () => number;
  readonly frames: () => { readonly transmitted: number; readonly received: number };
  readonly fault?: Fault | undefined;
  readonly ringTrace?: TraceSink<RingEvent> | undefined;
}

export class VirtioNic implements Nic {
  readonly index: number;
  onFrame: ((frame: Uint8Array) => void) | undefined = undefined;
  onRoom: (() => void) | undefined = undefined;
  readonly #options: VirtioNicOptions;
  readonly #transport: NicTransport;
  readonly #rx: SplitRingDriver;
  readonly #tx: SplitRingDriver;
  readonly #rxNapi: Napi;
  readonly #txNapi: Napi;
  /** Buffers by the head of their chain, and those that are free. */
  readonly #rxPosted: Map<number, number> = new Map();
  readonly #rxSpare: number[] = [];
  readonly #txPosted: Map<number, number> = new Map();
  readonly #txSpare: number[] = [];
  #stopped = false;
  #asked = 0;
  #rung = 0;
  #sent = 0;

  /** Initializes the device up to DRIVER_OK and fills the receive ring. [virtio 1.2 §3.1.1, §5.1.5] */
  constructor(options: VirtioNicOptions) {
    const { transport, vcpu, vectors, frame } = options;
    this.#options = options;
    this.index = options.index;
    this.#transport = transport;
    transport.negotiate(transport.offered() & WANTED);
    const ring = (queue: 0 | 1, name: string): SplitRingDriver =>
      transport.setUpQueue(queue, {
        ...(vectors === undefined ? {} : { vector: vectors[queue] }),
        ringTrace: options.ringTrace,
        name: `net${options.index}.${name}`,
      });
    this.#rx = ring(RECEIVE_QUEUE, 'rx');
    this.#tx = ring(TRANSMIT_QUEUE, 'tx');
    const length = HEADER_SIZE + frame;
    for (let i = 0; i < this.#rx.size; i++) this.#rxSpare.push(transport.arena.allocate(length));
    for (let i = 0; i < this.#tx.size; i++) this.#txSpare.push(transport.arena.allocate(length));
    transport.driverOk();
    const careless = options.fault?.careless === true;
    this.#rxNapi = new Napi({
      vcpu,
      take: () => this.#takeFrame(),
      round: () => this.#refill(),
      disable: () => this.#disable(RECEIVE_QUEUE),
      enable: () => this.#enable(RECEIVE_QUEUE),
      waiting: () => this.#used(RECEIVE_QUEUE),
      careless,
    });
    this.#txNapi = new Napi({
      vcpu,
      take: () => this.#reap(),
      disable: () => this.#disable(TRANSMIT_QUEUE),
      enable: () => this.#enable(TRANSMIT_QUEUE),
      waiting: () => this.#used(TRANSMIT_QUEUE),
      careless,
    });
    this.#refill();
    // Nothing is in flight; the first frame that is sent asks for what it needs.
    this.#disable(TRANSMIT_QUEUE);
  }

  /** The interrupt of queue 0 or 1, of all queues if there is no telling. */
  interrupt(queue?: number): void {
    if (queue !== TRANSMIT_QUEUE && this.#used(RECEIVE_QUEUE)) this.#rxNapi.schedule();
    if (queue !== RECEIVE_QUEUE && this.#used(TRANSMIT_QUEUE)) this.#txNapi.schedule();
  }

  /** Linux's start_xmit: takes back what is done, asks for an interrupt, adds, kicks. */
  send(frame: Uint8Array): boolean {
    do {
      this.#disable(TRANSMIT_QUEUE);
      this.#reap();
    } while (!this.#enableDelayed());
    const address = this.#txSpare.pop();
    if (address === undefined) {
      this.#stopped = true;
      return false;
    }
    const { memory } = this.#transport;
    memory.write(address, NO_OFFLOAD);
    memory.write(address + HEADER_SIZE, frame);
    const head = this.#tx.addBuffer(address, HEADER_SIZE + frame.length, false) ?? 0;
    this.#txPosted.set(head, address);
    this.#sent++;
    this.#kick(TRANSMIT_QUEUE);
    const { spuriousEvery } = this.#options.fault ?? {};
    if (spuriousEvery !== undefined && this.#sent % spuriousEvery === 0) this.#ring(TRANSMIT_QUEUE);
    return true;
  }

  get counts(): NicCounts {
    const { session, gateCounts, copiedBytes, frames } = this.#options;
    const queues = [RECEIVE_QUEUE, TRANSMIT_QUEUE].map((index) => session.queues[index]?.counters);
    const sum = (of: (queue: NonNullable<(typeof queues)[number]>) => number): number =>
      queues.reduce((total, queue) => total + (queue === undefined ? 0 : of(queue)), 0);
    const gate = gateCounts?.();
    const rung = gate?.doorbellsRung ?? this.#rung;
    return {
      doorbells: {
        rung,
        suppressed: this.#asked - rung,
        spurious: sum(({ spurious }) => spurious),
      },
      signals: {
        sent: gate?.signalsSent ?? sum(({ interrupts }) => interrupts),
        suppressed: sum(({ suppressed }) => suppressed) + (gate?.signalsSuppressed ?? 0),
        held: sum(({ held }) => held),
      },
      copiedBytes: copiedBytes(),
      frames: frames(),
    };
  }

  get stuck(): Stuck {
    const { session, backlog } = this.#options;
    let doorbells = 0;
    let interrupts = 0;
    for (const [index, ring, napi] of [
      [RECEIVE_QUEUE, this.#rx, this.#rxNapi],
      [TRANSMIT_QUEUE, this.#tx, this.#txNapi],
    ] as const) {
      // What the device has not taken waits for a doorbell, unless it is room that nobody needs.
      const device = session.queue(index);
      const needed = index === TRANSMIT_QUEUE || backlog() > 0;
      if (needed && device !== undefined && device.takenIndex !== ring.availableIndex) doorbells++;
      if (this.#used(index) && !napi.scheduled && (index === RECEIVE_QUEUE || this.#stopped)) interrupts++;
    }
    return { doorbells, interrupts };
  }

  poke(): void {
    this.#ring(RECEIVE_QUEUE);
    this.#ring(TRANSMIT_QUEUE);
    this.interrupt();
  }

  #ring(queue: number): void {
    this.#asked++;
    this.#rung++;
    this.#transport.forceKick(queue);
  }

  #kick(queue: number): void {
    this.#asked++;
    if (this.#transport.kick(queue)) this.#rung++;
  }

  #ringOf(queue: number): SplitRingDriver {
    return queue === RECEIVE_QUEUE ? this.#rx : this.#tx;
  }

  #used(queue: number): boolean {
    return this.#ringOf(queue).pending;
  }

  #enable(queue: number): void {
    if (this.#options.gated === true) this.#transport.listen?.(queue, true);
    else this.#ringOf(queue).enableInterrupts();
  }

  #disable(queue: number): void {
    if (this.#options.gated === true) this.#transport.listen?.(queue, false);
    else this.#ringOf(queue).disableInterrupts();
  }

  /**
   * Linux's virtqueue_enable_cb_delayed: with the event index an interrupt when three quarters of what is in flight are done. False: so much
   * is done already.
   */
  #enableDelayed(): boolean {
    const tx = this.#tx;
    if (!tx.eventIndex || this.#options.gated === true) {
      this.#enable(TRANSMIT_QUEUE);
      return !tx.pending;
    }
    const inFlight = this.#txPosted.size;
    const reaped = tx.availableIndex - inFlight;
    const after = Math.floor((inFlight * 3) / 4);
    tx.writeUsedEvent((reaped + after) & 0xffff);
    return ((tx.usedIndex - reaped) & 0xffff) <= after;
  }

  /** Takes back all that is done; true if there was any. */
  #reap(): boolean {
    const before = this.#txPosted.size;
    for (let element = this.#tx.next(); element !== undefined; element = this.#tx.next()) {
      const address = this.#txPosted.get(element.head);
      this.#txPosted.delete(element.head);
      if (address !== undefined) this.#txSpare.push(address);
    }
    if (this.#stopped && this.#txSpare.length > 0) {
      this.#stopped = false;
      this.onRoom?.();
    }
    return this.#txPosted.size !== before;
  }

  #takeFrame(): boolean {
    const element = this.#rx.next();
    if (element === undefined) return false;
    const address = this.#rxPosted.get(element.head);
    this.#rxPosted.delete(element.head);
    if (address === undefined || element.written < HEADER_SIZE) return true;
    const frame = new Uint8Array(element.written - HEADER_SIZE);
    this.#transport.memory.read(address + HEADER_SIZE, frame);
    this.#rxSpare.push(address);
    this.onFrame?.(frame);
    return true;
  }

  #refill(): void {
    if (this.#rxSpare.length <= Math.min(NAPI_BUDGET, this.#rx.size) / 2) return;
    const length = HEADER_SIZE + this.#options.frame;
    for (let address = this.#rxSpare.pop(); address !== undefined; address = this.#rxSpare.pop()) {
      const head = this.#rx.addBuffer(address, length, true);
      if (head === undefined) {
        this.#rxSpare.push(address);
        break;
      }
      this.#rxPosted.set(head, address);
    }
    this.#kick(RECEIVE_QUEUE);
  }
}
