/**
 * A Linux guest under way: runs of its machine until something happens (a mark, a text on the console, an event of the peer), bounded in
 * virtual time and in instructions, so that a guest that hangs or spins is a failure and not a wait.
 */
import type { Pc } from '@paravirt/machine';
import { GuestFailure } from './guest-failure.ts';
import { markOf } from './marks.ts';

/** Of the console's output, in characters. */
const KEPT = 8192;

/** ESC, `[`, parameters, a letter. [ECMA-48 §5.4] */
const TERMINAL_SEQUENCE = /[^ -~\r\n]\[[\d;]*[A-Za-z]/g;

/** Of one wait. */
export interface WaitBounds {
  /** Virtual ns. */
  readonly time: bigint;
  readonly instructions: bigint;
}

const BOUNDS: WaitBounds = { time: 120_000_000_000n, instructions: 10_000_000_000n };

export class GuestRun {
  readonly pc: Pc;
  /** What the guest has printed, the end of it. */
  #output = '';
  #toType: Uint8Array = new Uint8Array(0);
  readonly #bounds: WaitBounds;

  constructor(pc: Pc, bounds: WaitBounds = BOUNDS) {
    this.pc = pc;
    this.#bounds = bounds;
    pc.console.onOutput = (bytes) => {
      this.#output = (this.#output + String.fromCharCode(...bytes)).slice(-KEPT);
      pc.stop();
    };
    pc.console.onWritable = () => this.#feed();
  }

  get output(): string {
    return this.#output;
  }

  /** ASCII keys for the console. Their echo is output as well. */
  type(text: string): void {
    this.#output = '';
    this.#toType = Uint8Array.from(text, (character) => character.charCodeAt(0));
    this.#feed();
  }

  /** Runs until the console has shown `text` since something was typed. */
  async untilOutput(text: RegExp): Promise<RegExpExecArray> {
    let found: RegExpExecArray | null = null;
    await this.until(`no ${text.source} on the console`, () => {
      found = text.exec(this.#output);
      return found !== null;
    });
    return found as unknown as RegExpExecArray;
  }

  /** Runs until the guest makes this mark, and stops right after the instruction that did. */
  async untilMark(mark: number): Promise<void> {
    await this.until(`no mark ${mark} by the guest`, (made) => {
      if (made !== undefined && made !== mark) throw new GuestFailure(`the guest made mark ${made} instead of ${mark}`);
      return made === mark;
    });
  }

  /**
   * Runs until `done`, which is asked whenever the run stops: with the mark if there was one. Whoever makes it true calls `pc.stop()`.
   * @throws GuestFailure `late`, with what the guest said last, or what else ended the run.
   */
  async until(late: string, done: (mark: number | undefined) => boolean): Promise<void> {
    const { pc } = this;
    const time = pc.clock.now() + this.#bounds.time;
    const retired = pc.cpu.retired + this.#bounds.instructions;
    if (done(undefined)) return;
    for (;;) {
      const stop = await pc.run({ time, retired });
      if (stop.kind === 'exit') {
        if (done(markOf(stop.code))) return;
        continue;
      }
      if (stop.kind !== 'stopped') throw new GuestFailure(`the guest ended: ${stop.kind}${this.#lastWords()}`);
      if (done(undefined)) return;
      if (/^LAB failed: /m.test(this.#output)) throw new GuestFailure(`the guest failed${this.#lastWords()}`);
      if (pc.clock.now() >= time || pc.cpu.retired >= retired) throw new GuestFailure(`${late}${this.#lastWords()}`);
    }
  }

  /** Lets virtual time pass. */
  async rest(ns: bigint): Promise<void> {
    const { pc } = this;
    const end = pc.clock.now() + ns;
    pc.clock.schedule(end, () => pc.stop());
    await this.until('time does not pass', () => pc.clock.now() >= end);
  }

  /** The last line that the guest printed, prompts apart, for a message. */
  #lastWords(): string {
    const text = this.#output.replace(TERMINAL_SEQUENCE, '');
    const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== '' && !line.endsWith('# '));
    const last = lines.findLast((line) => line.startsWith('LAB failed')) ?? lines.at(-1);
    return last === undefined ? '' : ` (${last.replace(/[^ -~]/g, '').slice(0, 120)})`;
  }

  #feed(): void {
    const taken = this.pc.console.write(this.#toType);
    this.#toType = this.#toType.subarray(taken);
  }
}
