/**
 * A trial of a card whose data path is in a thread: a driver in this one sends numbered frames on memory that both have, and gets them back.
 * It polls as long as there is something, then asks for interrupts, looks once more and sleeps, as drivers do; if it sleeps for too long, a
 * wake-up was lost.
 */
import { Worker } from 'node:worker_threads';
import { Ram } from '@paravirt/bus';
import { featureSet, VIRTIO_F_EVENT_IDX, VIRTIO_F_VERSION_1 } from '../../features.ts';
import { NET_HEADER_SIZE, RECEIVE_QUEUE, TRANSMIT_QUEUE } from '../../net/protocol.ts';
import { NET_CLASS_CODE } from '../../net/virtio-net.ts';
import type { VirtioEvent } from '../../session.ts';
import { GuestArena } from '../../testing/guest-arena.ts';
import { PciDriver } from '../../testing/pci-driver.ts';
import { PciSlot } from '../../testing/pci-slot.ts';
import type { SplitRingDriver } from '../../testing/split-ring-driver.ts';
import { VirtioPci } from '../../transport/pci.ts';
import { nodeNetThread } from '../../worker/node-worker.ts';
import { VirtioNetWorker, type VirtioNetWorkerOptions } from '../../worker/virtio-net-worker.ts';
import type { LoopbackData } from './loopback-thread.ts';

const MEMORY = 16 << 20;
const BUFFER = 2048;
const MAC = Uint8Array.of(0x52, 0x54, 0, 1, 2, 3);
/** In milliseconds. */
const TOO_LONG = 4000;

function sharedRam(): Ram {
  const buffer = new SharedArrayBuffer(MEMORY + 2 * 4096);
  return new Ram(buffer, [{ address: 0, size: MEMORY, offset: 0 }], new Uint8Array(buffer, MEMORY, buffer.byteLength / 4096));
}

export interface RigOptions extends Partial<Pick<VirtioNetWorkerOptions, 'patience' | 'suppression' | 'mitigation'>> {
  readonly hangsAfter?: number;
}

/** A card, its thread and a driver of the PCI transport. */
export class WorkerRig {
  /** With its marks of pages behind it, as in a machine. */
  readonly memory: Ram = sharedRam();
  readonly device: VirtioNetWorker;
  readonly card: VirtioPci;
  readonly pci: PciDriver;
  readonly slot: PciSlot;
  readonly events: VirtioEvent[] = [];
  readonly exited: Promise<void>;
  /** Called after events were passed on. */
  onEvents: () => void = () => {};

  constructor({ hangsAfter, ...options }: RigOptions = {}) {
    const exit = Promise.withResolvers<void>();
    this.exited = exit.promise;
    this.device = new VirtioNetWorker({
      ...options,
      memory: this.memory,
      mac: MAC,
      worker: {
        start: (setup) => {
          const workerData: LoopbackData = { setup, ...(hangsAfter === undefined ? {} : { hangsAfter }) };
          const script = new URL('./loopback-thread.ts', import.meta.url);
          const worker = new Worker(script, { workerData, execArgv: ['--conditions=@paravirt/source'] });
          worker.on('exit', () => exit.resolve());
          return nodeNetThread(worker);
        },
      },
      onEvents: () => {
        this.device.look();
        this.onEvents();
      },
    });
    const { suppression } = options;
    this.card = new VirtioPci({
      device: this.device,
      classCode: NET_CLASS_CODE,
      trace: (event) => void this.events.push(event),
      ...(suppression === undefined ? {} : { suppression }),
    });
    this.slot = new PciSlot(this.card.function, this.memory);
    this.pci = new PciDriver(this.slot);
  }

  /** Gives way until `holds`, at most so long; whether it does. */
  async until(holds: () => boolean, milliseconds: number = TOO_LONG): Promise<boolean> {
    const end = Date.now() + milliseconds;
    while (!holds() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 1));
    return holds();
  }

  close(): Promise<void> {
    this.device.close();
    return this.exited;
  }
}

export interface TrafficOptions {
  readonly frames: number;
  /** Frames that are under way at most. */
  readonly window: number;
  /** Bytes of the longest frame; they differ. */
  readonly longest: number;
  readonly suppression?: 'flags' | 'event-idx';
  readonly queueSize?: number;
}

export interface TrafficReport {
  readonly stalled: boolean;
  readonly received: number;
  /** Out of order, too long, too short, or changed. */
  readonly wrong: number;
  readonly sleeps: number;
  readonly kicks: number;
}

/** A driver that is up, and its frames. */
export class Traffic {
  readonly #rig: WorkerRig;
  readonly #options: TrafficOptions;
  readonly #receive: SplitRingDriver;
  readonly #transmit: SplitRingDriver;
  readonly #places: Map<number, number> = new Map();
  readonly #free: number[] = [];
  readonly #bytes: Uint8Array = new Uint8Array(BUFFER);
  readonly #fence: Int32Array = new Int32Array(new SharedArrayBuffer(4));
  sent = 0;
  /** Where the driver's receive buffers begin, in guest memory. */
  readonly receiveBuffers: number;
  received = 0;
  wrong = 0;
  sleeps = 0;
  kicks = 0;

  /** Frames that the device has given back and nobody has taken yet. */
  get waiting(): boolean {
    return this.#receive.pending;
  }

  /** Resets the device and brings it up. */
  constructor(rig: WorkerRig, options: TrafficOptions) {
    const { suppression = 'event-idx', queueSize = 64, window } = options;
    const { pci } = rig;
    this.#rig = rig;
    this.#options = options;
    pci.arena = new GuestArena(0x1_0000, MEMORY);
    pci.negotiate(featureSet(VIRTIO_F_VERSION_1, ...(suppression === 'event-idx' ? [VIRTIO_F_EVENT_IDX] : [])));
    this.#receive = pci.setUpQueue(RECEIVE_QUEUE, { size: queueSize });
    this.#transmit = pci.setUpQueue(TRANSMIT_QUEUE, { size: queueSize });
    pci.driverOk();
    this.receiveBuffers = pci.arena.allocate(BUFFER * queueSize, BUFFER);
    for (let i = 0; i < queueSize; i++) this.#post(this.receiveBuffers + BUFFER * i);
    for (let i = 0; i < Math.min(window, queueSize); i++) this.#free.push(pci.arena.allocate(BUFFER));
    this.#kick(RECEIVE_QUEUE);
  }

  /** Sends all frames and waits until they are back. */
  async run(): Promise<TrafficReport> {
    let stalled = false;
    while (this.received < this.#options.frames && !stalled) if (!this.step()) stalled = !(await this.#sleep());
    const { received, wrong, sleeps, kicks } = this;
    return { stalled, received, wrong, sleeps, kicks };
  }

  /** Takes what is there and sends what may be sent; false: there was nothing to do. */
  step(): boolean {
    let worked = false;
    for (const { head } of this.#transmit.reap()) {
      this.#free.push(this.#places.get(-1 - head) ?? 0);
      worked = true;
    }
    // One at a time: the next descriptor that is posted is the one just taken.
    for (let used = this.#receive.next(); used !== undefined; used = this.#receive.next()) {
      const address = this.#places.get(used.head) ?? 0;
      this.#check(address, used.written);
      this.#post(address);
      worked = true;
    }
    if (worked) this.#kick(RECEIVE_QUEUE);
    const before = this.sent;
    const { frames, window } = this.#options;
    while (this.sent < frames && this.sent - this.received < window && this.#free.length > 0) this.#send(this.#free.pop() ?? 0);
    if (this.sent === before) return worked;
    this.#kick(TRANSMIT_QUEUE);
    return true;
  }

  /** Frame number n: its number, then bytes that follow from it. Writes it to `#bytes`; its length with the header. */
  #frame(number: number): number {
    const length = 60 + ((number * 7919) % (this.#options.longest - 59));
    const bytes = this.#bytes.fill(0, 0, NET_HEADER_SIZE);
    bytes.fill(0xff, NET_HEADER_SIZE, NET_HEADER_SIZE + 12);
    for (let i = 12; i < length; i++) bytes[NET_HEADER_SIZE + i] = (number * 31 + i * 7) & 0xff;
    new DataView(bytes.buffer).setUint32(NET_HEADER_SIZE + 14, number);
    return NET_HEADER_SIZE + length;
  }

  #send(address: number): void {
    const length = this.#frame(this.sent++);
    this.#rig.memory.write(address, this.#bytes.subarray(0, length));
    const head = this.#transmit.add([{ address, length }]);
    this.#places.set(-1 - (head ?? 0), address);
  }

  #post(address: number): void {
    const head = this.#receive.add([{ address, length: BUFFER, writable: true }]);
    this.#places.set(head ?? 0, address);
  }

  #check(address: number, written: number): void {
    const bytes = new Uint8Array(written);
    this.#rig.memory.read(address, bytes);
    const length = this.#frame(this.received++);
    let same = written === length;
    for (let i = NET_HEADER_SIZE; same && i < length; i++) same = bytes[i] === this.#bytes[i];
    if (!same) this.wrong++;
  }

  #kick(queue: number): void {
    this.fence();
    if (this.#rig.pci.kick(queue)) this.kicks++;
  }

  /** [virtio 1.2 §2.7.13.4.1, §2.7.14] What was written to the rings is seen before they are read. */
  fence(): void {
    Atomics.add(this.#fence, 0, 0);
  }

  /** False: nobody woke this driver. */
  async #sleep(): Promise<boolean> {
    for (const ring of [this.#receive, this.#transmit]) ring.enableInterrupts();
    this.fence();
    if (this.step()) return true;
    this.sleeps++;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), TOO_LONG);
    this.#rig.onEvents = () => resolve(true);
    const woken = await promise;
    clearTimeout(timer);
    for (const ring of [this.#receive, this.#transmit]) ring.disableInterrupts();
    return woken;
  }
}
