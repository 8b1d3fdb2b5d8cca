/**
 * The wire between a client and its host where both are threads of one program: the first page of a SharedArrayBuffer, whose rest is the
 * client's memory. Addresses are offsets in the buffer; the page itself is no memory.
 *
 *   0 magic   4 version   8 bell of the host   12 bell of the client
 *   16 call state   20 kind   24 vector   28 length   32 address (u64)   40 result
 *   64 signals that the client has rung, a bit each: bit 0 is the event queue, bit 1 + h the signal with handle h
 *
 * A bell is a counter: who rings adds one and notifies, who sleeps waits for the value that it saw before it looked for work, so that no
 * ring is ever missed. Ringing twice before the other has looked is ringing once. Whatever the other thread writes here costs this one a
 * bounded piece of work and nothing else.
 */
import { ConfigurationError } from '@paravirt/bus';

/** 'VbWk' */
const MAGIC = 0x6b57_6256;
const VERSION = 1;
/** Bytes at the start of the buffer that are not the client's memory. */
export const CHANNEL_SIZE = 4096;

const WORD = { magic: 0, version: 1, hostBell: 2, clientBell: 3, state: 4, kind: 5, vector: 6, length: 7, low: 8, high: 9, result: 10 };
const SIGNALS = 16;
/** A client has at most 1024 signals. */
const SIGNAL_WORDS = 48;
/** Signal handles that the wire can carry: 0 to this, exclusive. */
export const CHANNEL_SIGNALS: number = SIGNAL_WORDS * 32 - 1;

/** Values of the call state. The client moves it from idle to posted and from done to idle, the host from posted to done and to gone. */
const IDLE = 0;
const POSTED = 1;
const DONE = 2;
const GONE = 3;

/** What a call is: one of the bridge, or one of the bus. */
export type CallKind = 'bridge' | 'bus';

/** A call as the client posted it: everything in it is the client's word. */
export interface PostedCall {
  readonly kind: CallKind | undefined;
  readonly vector: number;
  readonly address: number;
  readonly length: number;
}

/** Makes the buffer of a client with `memory` bytes of memory of its own. @throws ConfigurationError `bad-size`. */
export function createChannel(memory: number): SharedArrayBuffer {
  if (!Number.isInteger(memory) || memory <= 0 || memory > 2 ** 31 - CHANNEL_SIZE)
    throw new ConfigurationError('bad-size', `a client's memory of ${memory} bytes is not within 1 to 2^31 − ${CHANNEL_SIZE}`, memory);
  const buffer = new SharedArrayBuffer(CHANNEL_SIZE + Math.ceil(memory / CHANNEL_SIZE) * CHANNEL_SIZE);
  const words = new Int32Array(buffer, 0, CHANNEL_SIZE / 4);
  words[WORD.version] = VERSION;
  Atomics.store(words, WORD.magic, MAGIC);
  return buffer;
}

/** One thread's view of the page. */
export class WorkerChannel {
  readonly buffer: SharedArrayBuffer;
  /** False in the main thread of a page, which must not sleep. */
  readonly mayBlock: boolean;
  readonly #words: Int32Array;

  /** @throws ConfigurationError `bad-channel`. */
  constructor(buffer: SharedArrayBuffer) {
    const words = buffer.byteLength > CHANNEL_SIZE ? new Int32Array(buffer, 0, CHANNEL_SIZE / 4) : undefined;
    if (words === undefined || Atomics.load(words, WORD.magic) !== MAGIC || words[WORD.version] !== VERSION)
      throw new ConfigurationError('bad-channel', 'the buffer was not made by createChannel', buffer.byteLength);
    this.buffer = buffer;
    this.#words = words;
    this.mayBlock = agentCanSuspend(words);
  }

  /** The bell that wakes the host, or the client. */
  bell(of: 'host' | 'client'): Bell {
    return new Bell(this.#words, of === 'host' ? WORD.hostBell : WORD.clientBell);
  }

  // The client's half

  /** Posts a call; false: another one is under way, or the host is gone. The host's bell has to be rung. */
  post(kind: CallKind, vector: number, address: number, length: number): boolean {
    const words = this.#words;
    if (Atomics.load(words, WORD.state) !== IDLE) return false;
    words[WORD.kind] = kind === 'bridge' ? 0 : 1;
    words[WORD.vector] = vector;
    words[WORD.length] = length;
    words[WORD.low] = address % 2 ** 32;
    words[WORD.high] = Math.floor(address / 2 ** 32);
    // The host may go meanwhile.
    return Atomics.compareExchange(words, WORD.state, IDLE, POSTED) === IDLE;
  }

  /** The result of the call that was posted; undefined: not yet. Taking it makes room for the next call. */
  takeResult(): number | undefined {
    const words = this.#words;
    const state = Atomics.load(words, WORD.state);
    if (state !== DONE && state !== GONE) return undefined;
    const result = words[WORD.result] as number;
    Atomics.compareExchange(words, WORD.state, DONE, IDLE);
    return result;
  }

  /** Blocks until the call's state may have changed. Where that is not allowed it returns at once: a thread that must not block spins. */
  waitForResult(): void {
    if (this.mayBlock) Atomics.wait(this.#words, WORD.state, POSTED);
  }

  /** Says that a signal was rung; undefined: the event queue. The host's bell has to be rung. False: no such handle on this wire. */
  markSignal(handle: number | undefined): boolean {
    const bit = handle === undefined ? 0 : handle + 1;
    if (!Number.isInteger(bit) || bit < 0 || bit > CHANNEL_SIGNALS) return false;
    Atomics.or(this.#words, SIGNALS + (bit >>> 5), 1 << (bit & 31));
    return true;
  }

  // The host's half

  /** The call that waits to be run, undefined if none. */
  postedCall(): PostedCall | undefined {
    const words = this.#words;
    if (Atomics.load(words, WORD.state) !== POSTED) return undefined;
    const word = (at: number): number => (words[at] as number) >>> 0;
    const kind = word(WORD.kind);
    return {
      kind: kind === 0 ? 'bridge' : kind === 1 ? 'bus' : undefined,
      vector: word(WORD.vector),
      length: word(WORD.length),
      address: word(WORD.high) * 2 ** 32 + word(WORD.low),
    };
  }

  /** Answers the call and wakes who waits for it. */
  answer(result: number): void {
    this.#words[WORD.result] = result;
    Atomics.compareExchange(this.#words, WORD.state, POSTED, DONE);
    Atomics.notify(this.#words, WORD.state);
  }

  /** Takes all signals that were rung, in the order of their handles; undefined stands for the event queue. */
  takeSignals(run: (handle: number | undefined) => void): void {
    for (let word = 0; word < SIGNAL_WORDS; word++) {
      const at = SIGNALS + word;
      if (Atomics.load(this.#words, at) === 0) continue;
      let bits = Atomics.exchange(this.#words, at, 0);
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        const handle = word * 32 + bit - 1;
        run(handle < 0 ? undefined : handle);
      }
    }
  }

  /** The host is gone: a call that waits is answered with `result`, and no other can be posted. */
  hangUp(result: number): void {
    this.#words[WORD.result] = result;
    Atomics.store(this.#words, WORD.state, GONE);
    Atomics.notify(this.#words, WORD.state);
  }
}

/** Whether this thread may sleep: asked of a word that is not what is waited for. */
function agentCanSuspend(words: Int32Array): boolean {
  try {
    Atomics.wait(words, WORD.magic, 0, 0);
    return true;
  } catch {
    return false;
  }
}

/** A counter that one thread moves and another sleeps on. */
export class Bell {
  readonly #words: Int32Array;
  readonly #at: number;

  constructor(words: Int32Array, at: number) {
    this.#words = words;
    this.#at = at;
  }

  /** Read before one looks for work. */
  get count(): number {
    return Atomics.load(this.#words, this.#at);
  }

  ring(): void {
    Atomics.add(this.#words, this.#at, 1);
    Atomics.notify(this.#words, this.#at);
  }

  /** Blocks until the count is not `seen`. False: `milliseconds` have passed. */
  wait(seen: number, milliseconds?: number): boolean {
    return Atomics.wait(this.#words, this.#at, seen, milliseconds) !== 'timed-out';
  }

  /** Waits without blocking; true at once, and no promise, if the count is another already. */
  waitAsync(seen: number, milliseconds?: number): true | Promise<boolean> {
    const waiting = Atomics.waitAsync(this.#words, this.#at, seen, milliseconds);
    return waiting.async ? waiting.value.then((how) => how !== 'timed-out') : true;
  }
}
