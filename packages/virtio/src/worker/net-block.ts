/**
 * The wire between a network card's two halves where they are two threads: its *card* (features, configuration, queue layouts, interrupts; the
 * thread of the machine) and its *data path* (rings and network; a thread of its own). One page in a SharedArrayBuffer:
 *
 *   bell, doorbells     card → path: something is new; queues that the driver has notified, a bit each
 *   gate, open, using   card → path: which queues it may touch; path → card: which it does. See `VirtioNetThread`
 *   life, features, layouts of queues, link, announce, end     card → path, read after the gate has moved
 *   events              path → card: interrupts by queue, changes of the configuration, faults
 *   code state, start, length     path → card: bytes were written where the CPU has decoded code
 *   config, reason, counters      path → card, as they are now
 *
 * What one thread reads of the other is looked at as any peer's word: it costs a bounded piece of work.
 */
import { ConfigurationError } from '@paravirt/bus';
import { NetCounters } from '../net/counters.ts';
import type { QueueCounters } from '../queue/counters.ts';
import type { QueueLayout } from '../queue/layout.ts';

/** 'VnWk' */
const MAGIC = 0x6b57_6e56;
const VERSION = 1;
const BLOCK_SIZE = 4096;
/** Receive, transmit, control. */
export const NET_QUEUES = 3;
export const ALL_QUEUES: number = 2 ** NET_QUEUES - 1;

/** In the word of doorbells: queue i is to be looked at, though its doorbell was not rung, if bit i + this is set. */
export const LOOK_SHIFT = 8;

/** Indices of 32-bit words. */
export const WORD = {
  magic: 0,
  version: 1,
  bell: 2,
  doorbells: 3,
  gate: 4,
  open: 5,
  using: 6,
  life: 7,
  featuresLow: 8,
  featuresHigh: 9,
  linkUp: 10,
  announce: 11,
  end: 12,
  events: 13,
  codeState: 14,
  codeStart: 15,
  codeLength: 16,
  reasonLength: 17,
  queues: 24,
  config: 64,
} as const;

/** Of `events`: bit i is the interrupt of queue i. */
export const EVENT = {
  /** The configuration changed, and the driver is to be told. */
  config: 0x100,
  /** It changed because the driver asked for it. */
  quietConfig: 0x200,
  /** The device cannot go on; `reason` says why. */
  failed: 0x400,
  /** There is a request in the code words. */
  code: 0x800,
} as const;

/** Values of `codeState`. */
export const CODE = { none: 0, asked: 1, taken: 2 } as const;

/** Words of a queue: its epoch (another one: another ring), size, three addresses. */
const QUEUE_WORDS = 8;
const CONFIG_SIZE = 16;
const REASON = 512;
const REASON_SIZE = 128;
const COUNTERS = 1024;
const TRAFFIC = ['rxFrames', 'rxBytes', 'txFrames', 'txBytes', 'rxCopied', 'txCopied', 'txStalls', 'rxStalls'] as const;
const DROPS = Object.keys(new NetCounters().drops) as (keyof NetCounters['drops'])[];
/** `doorbells` is the card's to count. */
const OF_QUEUE = ['spurious', 'available', 'used', 'interrupts', 'suppressed', 'held'] as const;
const FIRST_OF_QUEUES = TRAFFIC.length + DROPS.length;

export interface QueuePlace {
  /** 0: none. */
  readonly epoch: number;
  readonly layout: QueueLayout;
}

/** One thread's view of the page. */
export class NetBlock {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array<SharedArrayBuffer>;
  /** [virtio 1.2 §5.1.4] The configuration space; written by the path, and by the card while the path has no queue. */
  readonly config: DataView;
  readonly #reason: Uint8Array;
  readonly #counters: Float64Array;

  /** Makes a page. */
  static create(): NetBlock {
    const buffer = new SharedArrayBuffer(BLOCK_SIZE);
    const words = new Int32Array(buffer);
    words[WORD.version] = VERSION;
    Atomics.store(words, WORD.magic, MAGIC);
    return new NetBlock(buffer);
  }

  /** @throws ConfigurationError `bad-block` unless `create` made the buffer. */
  constructor(buffer: SharedArrayBuffer) {
    const words = buffer.byteLength === BLOCK_SIZE ? new Int32Array(buffer) : undefined;
    if (words === undefined || Atomics.load(words, WORD.magic) !== MAGIC || words[WORD.version] !== VERSION)
      throw new ConfigurationError('bad-block', 'the buffer is no page of a network card', buffer.byteLength);
    this.buffer = buffer;
    this.words = words;
    this.config = new DataView(buffer, 4 * WORD.config, CONFIG_SIZE);
    this.#reason = new Uint8Array(buffer, REASON, REASON_SIZE);
    this.#counters = new Float64Array(buffer, COUNTERS, FIRST_OF_QUEUES + NET_QUEUES * OF_QUEUE.length);
  }

  load(word: number): number {
    return Atomics.load(this.words, word);
  }

  store(word: number, value: number): void {
    Atomics.store(this.words, word, value);
  }

  /** Wakes the path, which looks at everything that the card may have changed. */
  ring(): void {
    Atomics.add(this.words, WORD.bell, 1);
    Atomics.notify(this.words, WORD.bell);
  }

  /** Tells the card. */
  tell(event: number): void {
    if (Atomics.or(this.words, WORD.events, event) === 0) Atomics.notify(this.words, WORD.events);
  }

  writeQueue(index: number, { epoch, layout }: QueuePlace): void {
    const at = WORD.queues + QUEUE_WORDS * index;
    const { size, descriptors, available, used } = layout;
    const values = [epoch, size];
    for (const address of [descriptors, available, used]) values.push(address % 2 ** 32, Math.floor(address / 2 ** 32));
    this.words.set(values, at);
  }

  readQueue(index: number): QueuePlace {
    const at = WORD.queues + QUEUE_WORDS * index;
    const word = (offset: number): number => (this.words[at + offset] ?? 0) >>> 0;
    const address = (offset: number): number => word(offset + 1) * 2 ** 32 + word(offset);
    return { epoch: word(0), layout: { size: word(1), descriptors: address(2), available: address(4), used: address(6) } };
  }

  /** ASCII; what is longer than 128 characters is cut. */
  set reason(text: string) {
    const length = Math.min(text.length, REASON_SIZE);
    for (let i = 0; i < length; i++) this.#reason[i] = text.charCodeAt(i) & 0x7f;
    this.words[WORD.reasonLength] = length;
  }

  get reason(): string {
    const length = Math.min((this.words[WORD.reasonLength] ?? 0) >>> 0, REASON_SIZE);
    return String.fromCharCode(...this.#reason.subarray(0, length));
  }

  writeCounters(net: NetCounters, queues: readonly QueueCounters[]): void {
    const to = this.#counters;
    let at = 0;
    for (const name of TRAFFIC) to[at++] = net[name];
    for (const name of DROPS) to[at++] = net.drops[name];
    for (const queue of queues) for (const name of OF_QUEUE) to[at++] = queue[name];
  }

  readCounters(net: NetCounters): void {
    let at = 0;
    for (const name of TRAFFIC) net[name] = this.#counters[at++] ?? 0;
    for (const name of DROPS) net.drops[name] = this.#counters[at++] ?? 0;
  }

  readQueueCounters(index: number, counters: QueueCounters): void {
    let at = FIRST_OF_QUEUES + OF_QUEUE.length * index;
    for (const name of OF_QUEUE) counters[name] = this.#counters[at++] ?? 0;
  }
}

/** Whether this thread may sleep: the main thread of a page may not. Asked of a word that is not what is waited for. */
export function mayBlock(words: Int32Array<SharedArrayBuffer>): boolean {
  try {
    Atomics.wait(words, WORD.magic, 0, 0);
    return true;
  } catch {
    return false;
  }
}
