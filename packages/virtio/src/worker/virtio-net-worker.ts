/**
 * A network card whose data path is in another thread: here, in the machine's thread, are its features, its configuration space and what its
 * transport asks of a device; rings and frames are `VirtioNetThread`'s. [vbus-abi §4, claim 15: the hybrid that became vhost-net]
 *
 *   driver ↔ registers → VirtioSession → VirtioNetWorker ═ NetBlock ═ VirtioNetThread → network
 *          ↔ rings in shared memory ↔══════════════════════════════════╝
 *
 * A kick only rings the other thread. Its interrupts wait in the page until `look`: whoever runs the CPU calls it often, and is called by
 * `onEvents` when the CPU waits. What makes the other thread let go of the rings (reset, bus mastering off) waits until it has; the wait is
 * bounded, and a thread that does not answer is ended and its card in need of a reset that does not help.
 */
import { ConfigurationError, type Mitigation, NO_MITIGATION, type Ram, type Width } from '@paravirt/bus';
import type { EthernetPort } from '@paravirt/net-backend';
import type { DriverSession, QueuePurpose, VirtioDevice } from '../device.ts';
import type { FeatureRequirement, FeatureSet } from '../features.ts';
import { NetCounters } from '../net/counters.ts';
import { RECEIVE_QUEUE, TRANSMIT_QUEUE } from '../net/protocol.ts';
import { type OffloadPolicy, VirtioNet } from '../net/virtio-net.ts';
import type { QueueCounters } from '../queue/counters.ts';
import type { Suppression } from '../queue/notification.ts';
import type { SplitQueue } from '../queue/split.ts';
import { CodeNotice } from './code-notice.ts';
import { ALL_QUEUES, EVENT, LOOK_SHIFT, mayBlock, NET_QUEUES, NetBlock, WORD } from './net-block.ts';
import type { NetThreadSetup } from './net-thread.ts';

/** The thread that a data path runs in, as the card sees it. */
export interface NetThread {
  /** Ends the thread, whatever it does. Idempotent. */
  terminate(): void;
  /** Set by the card: the thread has ended, or will not do its work; `why` is for people. */
  onEnd: ((why: string) => void) | undefined;
}

/** Makes the thread of a card, and in it what is at the other end of its cable. */
export interface NetWorker {
  /** What the port in the thread takes and gives. Default: plain frames only. */
  readonly offloads?: EthernetPort['offloads'];
  /** Starts the thread, which makes a port and then `new VirtioNetThread({ setup, port }).serve()`. Does not wait for it. */
  start(setup: NetThreadSetup): NetThread;
}

export interface VirtioNetWorkerOptions {
  readonly worker: NetWorker;
  /** The machine's RAM, in a SharedArrayBuffer. */
  readonly memory: Ram;
  /** As in `VirtioNetOptions`. */
  readonly mac: Uint8Array;
  readonly mtu?: number;
  readonly queueSize?: number;
  readonly controlQueueSize?: number;
  readonly offloads?: OffloadPolicy;
  /** As in `NotificationOptions`; what a mitigation does is done where the rings are. The transport gets the suppression, too. */
  readonly suppression?: Suppression;
  readonly mitigation?: Mitigation;
  /** There is something for `look`: called in a task of its own. Default: calls `look`. */
  readonly onEvents?: () => void;
  /** Milliseconds for the other thread to let go of the rings. Default: 1000. */
  readonly patience?: number;
}

const PATIENCE = 1000;
/** While this thread waits for the other, the other may wait for an answer about code. In milliseconds. */
const WAIT_STEP = 1;

export class VirtioNetWorker implements VirtioDevice {
  readonly name = 'virtio-net';
  readonly deviceId = 1;
  readonly features: FeatureSet;
  readonly featureRequirements: readonly FeatureRequirement[];
  readonly queueSizes: readonly number[];
  readonly queuePurposes: readonly QueuePurpose[];
  readonly configSize: number;
  readonly #block: NetBlock = NetBlock.create();
  readonly #notice: CodeNotice;
  readonly #memory: Ram;
  readonly #thread: NetThread;
  readonly #patience: number;
  readonly #mayBlock: boolean;
  readonly #onEvents: () => void;
  readonly #initialConfig: Uint8Array;
  readonly #counters: NetCounters = new NetCounters();
  readonly #queueCounters: (QueueCounters | undefined)[] = [];
  /** Doorbells of each queue when it was last passed on: what comes without one was not the driver's. */
  readonly #rung: number[] = Array.from({ length: NET_QUEUES }, () => 0);
  /** The rings that the other thread was told of. */
  readonly #rings: (SplitQueue | undefined)[] = Array.from({ length: NET_QUEUES }, () => undefined);
  #session: DriverSession | undefined = undefined;
  #lives = 0;
  #epochs = 0;
  #paused = false;
  #closed = false;
  /** Why the other thread is no use any more. */
  #dead: string | undefined = undefined;
  #looked: (() => void) | undefined = undefined;

  /** Starts the thread. @throws ConfigurationError `not-shared`, and what `VirtioNet` refuses. */
  constructor(options: VirtioNetWorkerOptions) {
    const { worker, memory, mac, mtu, queueSize = 256, controlQueueSize = 64, offloads = 'port' } = options;
    const { suppression = 'event-idx', mitigation = NO_MITIGATION } = options;
    if (!(memory.buffer instanceof SharedArrayBuffer))
      throw new ConfigurationError('not-shared', 'a card with place worker needs memory that is shared with other threads', memory.size);
    // What it refuses, and what its configuration is, is the device's to say.
    const port = unplugged(worker.offloads);
    const image = new VirtioNet({ port, mac, queueSize, controlQueueSize, offloads, ...(mtu === undefined ? {} : { mtu }) });
    this.#initialConfig = Uint8Array.from({ length: image.configSize }, (_, at) => image.readConfig(at, 1));
    this.features = image.features;
    this.featureRequirements = image.featureRequirements;
    this.queueSizes = image.queueSizes;
    this.queuePurposes = image.queuePurposes;
    this.configSize = image.configSize;
    this.#memory = memory;
    this.#patience = options.patience ?? PATIENCE;
    this.#onEvents = options.onEvents ?? (() => void this.look());
    this.#notice = new CodeNotice(this.#block);
    this.#mayBlock = mayBlock(this.#block.words);
    this.#block.store(WORD.linkUp, 1);
    this.#showInitialConfig();
    const { watched, buffer, regions } = memory;
    this.#thread = worker.start({
      block: this.#block.buffer,
      memory: buffer,
      regions,
      watched: watched.buffer === buffer ? watched.byteOffset : undefined,
      mac,
      mtu,
      queueSize,
      controlQueueSize,
      suppression,
      mitigation,
    });
    this.#thread.onEnd = (why) => this.#die(why);
    void this.#listen();
  }

  /** As the other thread had counted when it last paused. */
  get counters(): NetCounters {
    this.#block.readCounters(this.#counters);
    // Those of the rings are with the session's own, which count doorbells.
    this.#queueCounters.forEach((counters, index) => {
      if (counters !== undefined) this.#block.readQueueCounters(index, counters);
    });
    return this.#counters;
  }

  /** The address that the driver uses now; a copy. */
  get mac(): Uint8Array {
    return Uint8Array.from({ length: 6 }, (_, at) => this.#block.config.getUint8(at));
  }

  get linkUp(): boolean {
    return this.#block.load(WORD.linkUp) !== 0;
  }

  /** Plugs the cable in or out: done when the other thread has seen it. */
  set linkUp(up: boolean) {
    if (up === this.linkUp) return;
    this.#block.store(WORD.linkUp, up ? 1 : 0);
    this.#moveGate();
  }

  /** Asks the driver to tell the network where it is. [virtio 1.2 §5.1.6.5.4] */
  announce(): void {
    Atomics.add(this.#block.words, WORD.announce, 1);
    this.#block.ring();
  }

  readConfig(offset: number, width: Width): number {
    const { config } = this.#block;
    if (width === 1) return config.getUint8(offset);
    return width === 2 ? config.getUint16(offset, true) : config.getUint32(offset, true);
  }

  /** All fields are read-only for a driver of VERSION_1. [virtio 1.2 §5.1.4] */
  writeConfig(): void {}

  activate(session: DriverSession): boolean {
    if (this.#dead !== undefined || session.queue(RECEIVE_QUEUE) === undefined || session.queue(TRANSMIT_QUEUE) === undefined) return false;
    this.#session = session;
    const block = this.#block;
    block.store(WORD.featuresLow, Number(BigInt.asIntN(32, session.features)));
    block.store(WORD.featuresHigh, Number(BigInt.asIntN(32, session.features >> 32n)));
    for (let index = 0; index < NET_QUEUES; index++) this.#offer(index);
    block.store(WORD.life, ++this.#lives);
    this.#open();
    return true;
  }

  reset(): void {
    this.#session = undefined;
    this.#close(ALL_QUEUES);
    this.#rings.fill(undefined);
    for (let index = 0; index < NET_QUEUES; index++) this.#forget(index);
    const block = this.#block;
    // What the driver that was here was to be told.
    Atomics.and(block.words, WORD.events, EVENT.code);
    Atomics.store(block.words, WORD.doorbells, 0);
    block.store(WORD.life, 0);
    this.#moveGate();
    this.#showInitialConfig();
  }

  notify(queue: number): void {
    if (this.#session?.queue(queue) !== this.#rings[queue]) {
      // The queue is back from a reset of its own.
      this.#offer(queue);
      this.#open();
    }
    const rung = this.#queueCounters[queue]?.doorbells ?? 0;
    const doorbell = rung !== this.#rung[queue];
    this.#rung[queue] = rung;
    Atomics.or(this.#block.words, WORD.doorbells, 1 << (doorbell ? queue : queue + LOOK_SHIFT));
    this.#block.ring();
    this.look();
  }

  queueReset(queue: number): void {
    this.#close(1 << queue);
    this.#rings[queue] = undefined;
    this.#forget(queue);
    this.#moveGate();
  }

  /** Bus mastering is off or on: complete on return. */
  pause(paused: boolean): void {
    this.#paused = paused;
    if (paused) this.#close(ALL_QUEUES);
    else if (this.#session !== undefined) this.#open();
  }

  /** Passes on what the other thread has to say: interrupts above all. True if there was something. */
  look(): boolean {
    const { words } = this.#block;
    if (Atomics.load(words, WORD.events) === 0) return false;
    const events = Atomics.exchange(words, WORD.events, 0);
    this.#answerCode();
    const session = this.#session;
    if (session !== undefined) {
      if ((events & EVENT.failed) !== 0) session.fail(this.#block.reason);
      if ((events & EVENT.config) !== 0) session.configChanged();
      else if ((events & EVENT.quietConfig) !== 0) session.configChanged(false);
      for (let index = 0; index < NET_QUEUES; index++) if ((events >>> index) % 2 === 1) session.signal(index);
    }
    this.#looked?.();
    return true;
  }

  /** The card is gone for good, and its thread with it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#thread.onEnd = undefined;
    this.reset();
    this.#block.store(WORD.end, 1);
    this.#block.ring();
    this.#thread.terminate();
    this.#block.tell(EVENT.quietConfig);
    this.#looked?.();
  }

  /** Tells of events until the card is closed. */
  async #listen(): Promise<void> {
    const { words } = this.#block;
    while (!this.#closed) {
      const waiting = Atomics.waitAsync(words, WORD.events, 0);
      if (waiting.async) {
        await waiting.value;
        if (this.#closed) return;
      }
      if (Atomics.load(words, WORD.events) === 0) continue;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#looked = resolve;
      this.#onEvents();
      if (Atomics.load(words, WORD.events) !== 0) await promise;
      this.#looked = undefined;
    }
  }

  /** Writes down where the ring of a queue is. */
  #offer(index: number): void {
    const ring = this.#session?.queue(index);
    this.#rings[index] = ring;
    if (ring === undefined) {
      this.#forget(index);
      return;
    }
    this.#queueCounters[index] = ring.counters;
    this.#epochs = (this.#epochs % 0x7fff_ffff) + 1;
    this.#block.writeQueue(index, { epoch: this.#epochs, layout: ring.layout });
  }

  #forget(index: number): void {
    this.#block.writeQueue(index, { epoch: 0, layout: { size: 0, descriptors: 0, available: 0, used: 0 } });
  }

  /** All queues that there are may be used, unless bus mastering is off. */
  #open(): void {
    const open = this.#rings.reduce((mask, ring, index) => (ring === undefined ? mask : mask | (1 << index)), 0);
    this.#block.store(WORD.open, this.#paused ? 0 : open);
    this.#moveGate();
  }

  /** These queues may not be used; returns when they are not. */
  #close(queues: number): void {
    const { words } = this.#block;
    Atomics.and(words, WORD.open, ~queues);
    this.#moveGate();
    const until = Date.now() + this.#patience;
    for (let using = Atomics.load(words, WORD.using); (using & queues) !== 0; using = Atomics.load(words, WORD.using)) {
      if (this.#dead !== undefined) return;
      this.#answerCode();
      if (this.#mayBlock) Atomics.wait(words, WORD.using, using, WAIT_STEP);
      if (Date.now() > until) this.#die('the thread of the data path does not answer');
    }
  }

  #moveGate(): void {
    Atomics.add(this.#block.words, WORD.gate, 1);
    this.#block.ring();
  }

  #answerCode(): void {
    this.#notice.answer((start, length) => this.#memory.onWatchedWrite?.(start, length));
  }

  #showInitialConfig(): void {
    const { config } = this.#block;
    this.#initialConfig.forEach((byte, at) => void config.setUint8(at, byte));
  }

  #die(why: string): void {
    if (this.#dead !== undefined) return;
    this.#dead = why;
    this.#thread.terminate();
    this.#session?.fail(why);
  }
}

/** A port that nothing goes through. */
const unplugged = (offloads: EthernetPort['offloads']): EthernetPort => ({
  transmit: () => true,
  resume: () => {},
  onReceive: undefined,
  onWritable: undefined,
  offloads,
});
