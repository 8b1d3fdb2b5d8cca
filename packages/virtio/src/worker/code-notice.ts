/**
 * Bytes written into a page whose code the CPU has decoded: the thread that writes them waits, before the driver can learn of them, until the
 * CPU's thread has dropped what it had decoded. A driver hardly ever gives such a page to a device, so the wait costs nothing in practice; if
 * nobody answers it ends, and the request stays until the CPU runs again.
 */
import { CODE, EVENT, type NetBlock, WORD } from './net-block.ts';

/** A slice of the CPU is shorter. In milliseconds. */
const LONGEST_WAIT = 100;

export class CodeNotice {
  readonly #block: NetBlock;

  constructor(block: NetBlock) {
    this.#block = block;
  }

  /** The writer's side: offsets in linear memory. */
  ask(start: number, length: number): void {
    const { words } = this.#block;
    let first = start;
    let end = start + length;
    if (Atomics.compareExchange(words, WORD.codeState, CODE.asked, CODE.none) === CODE.asked) {
      // Nobody has answered the last one: both in one.
      const before = (words[WORD.codeStart] ?? 0) >>> 0;
      first = Math.min(first, before);
      end = Math.max(end, before + ((words[WORD.codeLength] ?? 0) >>> 0));
    }
    words[WORD.codeStart] = first;
    words[WORD.codeLength] = end - first;
    Atomics.store(words, WORD.codeState, CODE.asked);
    this.#block.tell(EVENT.code);
    const until = Date.now() + LONGEST_WAIT;
    for (let state = Atomics.load(words, WORD.codeState); state !== CODE.none; state = Atomics.load(words, WORD.codeState)) {
      const left = until - Date.now();
      if (left <= 0) return;
      Atomics.wait(words, WORD.codeState, state, left);
    }
  }

  /** The CPU's side: calls `written` if there is a request, and answers it. */
  answer(written: (start: number, length: number) => void): void {
    const { words } = this.#block;
    if (Atomics.compareExchange(words, WORD.codeState, CODE.asked, CODE.taken) !== CODE.asked) return;
    written((words[WORD.codeStart] ?? 0) >>> 0, (words[WORD.codeLength] ?? 0) >>> 0);
    Atomics.store(words, WORD.codeState, CODE.none);
    Atomics.notify(words, WORD.codeState);
  }
}
