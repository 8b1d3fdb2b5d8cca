/**
 * The data path of a network card in a thread of its own: the device's `VirtioNet` with rings on the machine's memory, and a network behind
 * it. [vbus-abi §4, claim 15] The other end of the wire, in the machine's thread, is `VirtioNetWorker`.
 *
 *   const thread = new VirtioNetThread({ setup, port });       // `setup` came from the other end, `port` is made here
 *   await thread.serve();                                      // until the card is gone
 *
 * The card says which queues may be touched (`open`), this end which ones it touches (`using`). It says so before it looks at `gate` for the
 * last time, and the card moves `gate` before it looks at `using`: so once the card has closed a queue and sees it out of use, no ring and no
 * buffer of it is read or written any more.
 */
import { type Clock, type Mitigation, Ram, type RamRegion } from '@paravirt/bus';
import type { EthernetPort } from '@paravirt/net-backend';
import type { DriverSession } from '../device.ts';
import { type FeatureSet, hasFeature, VIRTIO_F_EVENT_IDX, VIRTIO_F_INDIRECT_DESC } from '../features.ts';
import { VirtioNet } from '../net/virtio-net.ts';
import { QueueCounters } from '../queue/counters.ts';
import { checkLayout } from '../queue/layout.ts';
import type { Suppression } from '../queue/notification.ts';
import { SplitQueue } from '../queue/split.ts';
import { QueueNotifications } from '../queue-notifications.ts';
import { CodeNotice } from './code-notice.ts';
import { HostClock } from './host-clock.ts';
import { EVENT, LOOK_SHIFT, NET_QUEUES, NetBlock, type QueuePlace, WORD } from './net-block.ts';

/** What the data path needs to know; made by `VirtioNetWorker`, and may be sent to another thread. */
export interface NetThreadSetup {
  /** See net-block.ts. */
  readonly block: SharedArrayBuffer;
  /** Linear memory of the machine, and where its RAM lies in it. */
  readonly memory: SharedArrayBuffer;
  readonly regions: readonly RamRegion[];
  /** Where the bytes of `Ram.watched` begin in linear memory, if they are there. */
  readonly watched: number | undefined;
  readonly mac: Uint8Array;
  readonly mtu: number | undefined;
  readonly queueSize: number;
  readonly controlQueueSize: number;
  /** As in `NotificationOptions`. */
  readonly suppression: Suppression;
  readonly mitigation: Mitigation;
}

export interface NetThreadOptions {
  readonly setup: NetThreadSetup;
  /** The far end of the cable. */
  readonly port: EthernetPort;
  /** Time of mitigations. Default: the host's. */
  readonly clock?: Clock;
  /** Lets timers and sockets of this thread run between turns that all had work. Default: a timer of no length. */
  readonly pause?: () => Promise<void>;
  /** Called when the counters were brought up to date, in the same task. */
  readonly onCounted?: () => void;
}

/** The parts of the platform's globals that are used; the language's own library declares none of them. */
interface Platform {
  readonly setInterval: (run: () => void, ms: number) => unknown;
  readonly clearInterval: (timer: unknown) => void;
}

/** In milliseconds. */
const LONGEST_INTERVAL = 0x7fff_ffff;

/** A ring, and which one of its queue it is. */
interface OpenQueue {
  readonly epoch: number;
  readonly ring: SplitQueue;
}

const isSet = (mask: number, bit: number): boolean => ((mask >>> bit) & 1) === 1;

/** Turns in a row, each of which found work, before others have theirs. */
const TURNS_IN_A_ROW = 8;
/** In milliseconds; zero would not be a sleep. */
const SHORTEST_SLEEP = 0.001;

export class VirtioNetThread implements DriverSession {
  readonly device: VirtioNet;
  readonly memory: Ram;
  readonly #block: NetBlock;
  readonly #pause: () => Promise<void>;
  readonly #onCounted: (() => void) | undefined;
  readonly #counters: readonly QueueCounters[] = Array.from({ length: NET_QUEUES }, () => new QueueCounters());
  readonly #suppression: Suppression;
  readonly #notifications: readonly QueueNotifications[];
  readonly #queues: (OpenQueue | undefined)[] = Array.from({ length: NET_QUEUES }, () => undefined);
  /** An atomic operation on it is a fence for all memory. */
  readonly #fenceWord: Int32Array = new Int32Array(new SharedArrayBuffer(4));
  /** Queues to be looked at again, a bit each. */
  #later = 0;
  #features: FeatureSet = 0n;
  /** As last obeyed. */
  #gate = 0;
  #life = 0;
  #announced: number;
  #active = false;
  #counting = false;

  /** @throws ConfigurationError `bad-block`, or for what `VirtioNet` refuses. */
  constructor(options: NetThreadOptions) {
    const { setup, port } = options;
    const { block, memory, regions, watched, mac, mtu, queueSize, controlQueueSize } = setup;
    this.#block = new NetBlock(block);
    this.#pause = options.pause ?? (() => this.#nap());
    this.#onCounted = options.onCounted;
    const marks = watched === undefined ? undefined : new Uint8Array(memory, watched, memory.byteLength / 4096);
    this.memory = new Ram(memory, regions, marks);
    const notice = new CodeNotice(this.#block);
    this.memory.onWatchedWrite = (start, length) => notice.ask(start, length);
    this.device = new VirtioNet({ port, mac, queueSize, controlQueueSize, ...(mtu === undefined ? {} : { mtu }) });
    this.#announced = this.#block.load(WORD.announce);
    this.#suppression = setup.suppression;
    const clock = options.clock ?? new HostClock();
    this.#notifications = this.device.queuePurposes.map(({ kind }, index) => {
      const ends = {
        kind,
        ring: () => this.queue(index),
        notify: () => this.#notifyDevice(index),
        interrupt: () => this.signal(index),
      };
      return new QueueNotifications(ends, { mitigation: setup.mitigation, clock });
    });
  }

  /** Carries frames until the card is gone, without blocking this thread: its timers and sockets have their turns. */
  async serve(): Promise<void> {
    const { words } = this.#block;
    const platform = globalThis as unknown as Platform;
    // Waiting for the bell alone does not keep a thread of Node alive.
    const timer = platform.setInterval(() => {}, LONGEST_INTERVAL);
    let turns = 0;
    while (this.#block.load(WORD.end) === 0) {
      const seen = this.#block.load(WORD.bell);
      if (this.turn()) {
        if (++turns < TURNS_IN_A_ROW) continue;
        await this.#pause();
      } else {
        const waiting = Atomics.waitAsync(words, WORD.bell, seen);
        if (waiting.async) await waiting.value;
      }
      turns = 0;
    }
    platform.clearInterval(timer);
    this.#leave();
    this.#count();
  }

  /** Does what there is to do now, a bounded piece of work; true if there may be more. */
  turn(): boolean {
    this.#obey();
    const rung = Atomics.exchange(this.#block.words, WORD.doorbells, 0);
    const later = this.#later | (rung >>> LOOK_SHIFT);
    this.#later = 0;
    for (let index = 0; index < NET_QUEUES; index++) {
      if (isSet(rung, index)) {
        this.queue(index)?.countDoorbell();
        if (this.#active) this.#notifications[index]?.rung();
      }
      if (isSet(later, index)) this.#notifyDevice(index);
    }
    this.#countSoon();
    return this.#later !== 0;
  }

  // What the device sees

  get features(): FeatureSet {
    return this.#features;
  }

  queue(index: number): SplitQueue | undefined {
    if (this.#block.load(WORD.gate) !== this.#gate) this.#stopUsing(~this.#block.load(WORD.open));
    return this.#queues[index]?.ring;
  }

  interrupt(index: number): 'sent' | 'held' | 'suppressed' | 'none' {
    this.#countSoon();
    return this.#notifications[index]?.interrupt() ?? 'none';
  }

  signal(index: number): void {
    this.#block.tell(1 << index);
  }

  configChanged(notify = true): void {
    this.#showConfig();
    this.#block.tell(notify ? EVENT.config : EVENT.quietConfig);
  }

  fail(reason: string): void {
    this.#closeRings();
    this.#block.reason = reason;
    this.#block.tell(EVENT.failed);
  }

  notifyLater(queue: number): void {
    this.#later |= 1 << queue;
    // It may come from outside a turn.
    this.#block.ring();
  }

  // What the card wants

  /** Does what the card has asked for since the last time. */
  #obey(): void {
    const block = this.#block;
    while (block.load(WORD.gate) !== this.#gate || block.load(WORD.announce) !== this.#announced) {
      const gate = block.load(WORD.gate);
      const life = block.load(WORD.life);
      const open = block.load(WORD.open);
      this.#stopUsing(~open);
      if (life !== this.#life) this.#leave();
      this.#life = life;
      const opened = life === 0 ? 0 : this.#openQueues(open);
      // Said before the last look at the gate: from here on the card waits for this end, or this end goes round once more.
      block.store(WORD.using, this.#usable());
      if (block.load(WORD.gate) !== gate) continue;
      this.#gate = gate;
      this.#queues.forEach((queue, index) => {
        if (queue !== undefined && isSet(open, index)) queue.ring.paused = false;
      });
      this.device.linkUp = block.load(WORD.linkUp) !== 0;
      if (life !== 0 && !this.#active) this.#enter();
      this.#later |= opened;
      this.#announce();
      this.#showConfig();
    }
  }

  /** A driver is there. */
  #enter(): void {
    this.#active = this.device.activate(this);
    if (!this.#active) this.fail('activation');
    this.#later |= 2 ** NET_QUEUES - 1;
  }

  /** The driver that was there is gone. */
  #leave(): void {
    this.#stopUsing(-1);
    this.#active = false;
    this.#later = 0;
    this.#closeRings();
    this.#queues.fill(undefined);
    this.device.reset();
    this.#showConfig();
  }

  #closeRings(): void {
    for (const notifications of this.#notifications) notifications.stop();
    for (const open of this.#queues) open?.ring.close();
  }

  #notifyDevice(index: number): void {
    if (this.#active && this.queue(index) !== undefined) this.device.notify(index);
  }

  /** Makes the rings that are new, paused so far; which queues have to be looked at, a bit each. */
  #openQueues(open: number): number {
    const block = this.#block;
    this.#features = BigInt(block.load(WORD.featuresLow) >>> 0) | (BigInt(block.load(WORD.featuresHigh) >>> 0) << 32n);
    let opened = 0;
    for (let index = 0; index < NET_QUEUES; index++) {
      const place = block.readQueue(index);
      const old = this.#queues[index];
      if (old !== undefined && old.epoch !== place.epoch) {
        this.#notifications[index]?.stop();
        old.ring.close();
        this.#queues[index] = undefined;
        this.device.queueReset(index);
      }
      if (!isSet(open, index)) continue;
      opened |= 1 << index;
      this.#queues[index] ??= this.#open(index, place);
    }
    return opened;
  }

  /** Undefined if the layout cannot be used: the card has checked it, but may be writing the next one already. */
  #open(index: number, { epoch, layout }: QueuePlace): OpenQueue | undefined {
    if (epoch === 0 || checkLayout(this.memory, layout) !== undefined) return undefined;
    const counters = this.#counters[index] as QueueCounters;
    const ring = new SplitQueue(this.memory, layout, {
      indirect: hasFeature(this.#features, VIRTIO_F_INDIRECT_DESC),
      suppression: hasFeature(this.#features, VIRTIO_F_EVENT_IDX) ? 'event-idx' : this.#suppression === 'none' ? 'none' : 'flags',
      counters,
      onFault: (fault) => this.fail(`queue ${index}: ${fault}`),
      fence: () => void Atomics.add(this.#fenceWord, 0, 0),
    });
    ring.paused = true;
    return { epoch, ring };
  }

  /** Queues that have a ring and are open, a bit each. */
  #usable(): number {
    const open = this.#block.load(WORD.open);
    return this.#queues.reduce((mask, queue, index) => (queue === undefined ? mask : mask | (open & (1 << index))), 0);
  }

  /** From here on these queues are not touched, and the card is told so. */
  #stopUsing(queues: number): void {
    const block = this.#block;
    const using = block.load(WORD.using);
    if ((using & queues) === 0) return;
    this.#queues.forEach((queue, index) => {
      if (queue !== undefined && isSet(queues, index)) queue.ring.paused = true;
    });
    block.store(WORD.using, using & ~queues);
    Atomics.notify(block.words, WORD.using);
  }

  #announce(): void {
    const announced = this.#block.load(WORD.announce);
    if (announced !== this.#announced) this.device.announce();
    this.#announced = announced;
  }

  // What the card sees

  #showConfig(): void {
    const { config } = this.#block;
    for (let at = 0; at < this.device.configSize; at += 2) config.setUint16(at, this.device.readConfig(at, 2), true);
  }

  /** Once for a task, whatever it did. */
  #countSoon(): void {
    if (this.#counting) return;
    this.#counting = true;
    void Promise.resolve().then(() => this.#count());
  }

  #count(): void {
    this.#counting = false;
    this.#block.writeCounters(this.device.counters, this.#counters);
    this.#onCounted?.();
  }

  async #nap(): Promise<void> {
    const { words } = this.#block;
    const waiting = Atomics.waitAsync(words, WORD.magic, words[WORD.magic] ?? 0, SHORTEST_SLEEP);
    if (waiting.async) await waiting.value;
  }
}
