/**
 * Standard input as the guest's keyboard. On a terminal: raw mode, so that every key is the guest's, and the way out is Ctrl-A X. The mode
 * is restored by `close`, and by the process's exit whatever the reason, an exception included.
 */
import { EscapeKey } from './escape-key.ts';

/** process.stdin; only a terminal has a mode. */
export type InputStream = NodeJS.ReadableStream & {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
};

/** The parts of `process` that are used. */
export interface ExitEvents {
  on(event: 'exit', listener: () => void): unknown;
  off(event: 'exit', listener: () => void): unknown;
}

export interface KeyboardOptions {
  readonly input: InputStream;
  readonly process: ExitEvents;
  /** The guest's serial port: takes bytes and says how many. */
  readonly send: (bytes: Uint8Array) => number;
  /** The user pressed the escape key. */
  readonly quit: () => void;
  /** Given to the guest before anything that is typed. */
  readonly first?: Uint8Array;
}

export class Keyboard {
  readonly #options: KeyboardOptions;
  readonly #escape: EscapeKey | undefined;
  /** Typed but not taken yet; while there is some, the stream is paused. */
  #waiting: Uint8Array = new Uint8Array(0);
  #raw = false;
  #ended = false;
  readonly #onData = (bytes: Uint8Array): void => this.#typed(bytes);
  readonly #onEnd = (): void => {
    this.#ended = true;
  };
  readonly #restore = (): void => {
    if (!this.#raw) return;
    this.#raw = false;
    this.#options.input.setRawMode?.(false);
  };

  constructor(options: KeyboardOptions) {
    const { input, process } = options;
    this.#options = options;
    const terminal = input.isTTY === true;
    this.#escape = terminal ? new EscapeKey() : undefined;
    if (terminal) {
      process.on('exit', this.#restore);
      this.#raw = true;
      input.setRawMode?.(true);
    }
    input.on('data', this.#onData);
    input.on('end', this.#onEnd);
    // A terminal that went away, a closed descriptor: as good as its end.
    input.on('error', this.#onEnd);
    this.#waiting = options.first ?? this.#waiting;
    if (this.#waiting.length > 0) this.#waiting = this.#waiting.subarray(options.send(this.#waiting));
    if (this.#waiting.length === 0) input.resume();
  }

  /** Nothing more will be typed. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The guest has room again. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const bytes = this.#waiting;
    this.#waiting = bytes.subarray(this.#options.send(bytes));
    if (this.#waiting.length === 0) this.#options.input.resume();
  }

  /** Restores the terminal and stops listening. Idempotent. */
  close(): void {
    const { input, process } = this.#options;
    input.off('data', this.#onData);
    input.off('end', this.#onEnd);
    input.pause();
    this.#restore();
    process.off('exit', this.#restore);
  }

  #typed(typed: Uint8Array): void {
    const { bytes, quit } = this.#escape?.push(typed) ?? { bytes: typed, quit: false };
    if (quit) this.#options.quit();
    if (bytes.length === 0) return;
    this.#waiting = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes]);
    const taken = this.#options.send(this.#waiting);
    this.#waiting = this.#waiting.subarray(taken);
    // On a terminal the escape key must work while the guest reads nothing: what is typed then is kept, up to a limit.
    if (this.#waiting.length > 0 && this.#escape === undefined) this.#options.input.pause();
    if (this.#waiting.length > MOST_WAITING) this.#waiting = this.#waiting.subarray(0, MOST_WAITING);
  }
}

/** Bytes typed ahead on a terminal; more are lost, as on a terminal. */
const MOST_WAITING = 1 << 16;
