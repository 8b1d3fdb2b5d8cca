/** Looks for a text in bytes that come in pieces. */
export class TextSearch {
  readonly #wanted: Buffer;
  #tail: Buffer = Buffer.alloc(0);

  /** @param text Not empty. */
  constructor(text: string) {
    this.#wanted = Buffer.from(text);
  }

  /** True if the text lies in what came so far and ends in this piece. */
  push(bytes: Uint8Array): boolean {
    const seen = Buffer.concat([this.#tail, bytes]);
    if (seen.includes(this.#wanted)) return true;
    this.#tail = seen.subarray(Math.max(0, seen.length - this.#wanted.length + 1));
    return false;
  }
}
