/**
 * What a long command is doing, on one line of standard error. On a terminal the line is rewritten in place and erased at the end; anywhere
 * else each stage is written once, so that logs stay short.
 */

/** As much of a writable stream as is needed. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export class Progress {
  readonly #stream: ProgressStream;
  #stage = '';
  #shown = false;

  constructor(stream: ProgressStream) {
    this.#stream = stream;
  }

  /** A new stage: `downloading linux-image-…`. */
  stage(text: string): void {
    if (text === this.#stage) return;
    this.#stage = text;
    if (this.#stream.isTTY === true) this.#show(text);
    else this.#stream.write(`${text}\n`);
  }

  /** How far the stage is; `done` and `total` in bytes. */
  bytes(done: number, total: number): void {
    if (this.#stream.isTTY !== true) return;
    const percent = total > 0 ? `, ${Math.min(100, Math.floor((done / total) * 100))} %` : '';
    this.#show(`${this.#stage} ${(done / 1e6).toFixed(1)} MB${percent}`);
  }

  /** Erases the line. Idempotent. */
  end(): void {
    if (this.#shown) this.#stream.write('\r\x1b[K');
    this.#shown = false;
    this.#stage = '';
  }

  #show(text: string): void {
    this.#stream.write(`\r\x1b[K${text.slice(0, Math.max((this.#stream.columns ?? 80) - 1, 20))}`);
    this.#shown = true;
  }
}
