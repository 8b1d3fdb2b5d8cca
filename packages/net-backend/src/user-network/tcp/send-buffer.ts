/**
 * Bytes from the host that the guest has not acknowledged: the chunks as they came, so that nothing is copied until a segment is built.
 * Small chunks are gathered, so that a peer that writes single bytes does not cost an object for each.
 */

/** Chunks below this many bytes are gathered in blocks. */
const SMALL = 2048;
const BLOCK = 8192;
/** Consumed entries at the front of the list that are worth moving the rest for. */
const COMPACT = 64;

export class SendBuffer {
  readonly #chunks: Uint8Array[] = [];
  /** First chunk that is not consumed, and how much of it is. */
  #first = 0;
  #firstUsed = 0;
  /** The block that small chunks go to, while it is the last chunk. */
  #block: Uint8Array | undefined = undefined;
  #length = 0;
  /** Where the last copy ended: the next one mostly goes on there. */
  #cursor = 0;
  #cursorStart = 0;

  /** Bytes that are held. */
  get length(): number {
    return this.#length;
  }

  /** Appends; the array must not change any more. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const last = this.#chunks.length - 1;
    if (bytes.length >= SMALL) {
      this.#block = undefined;
      this.#chunks.push(bytes);
    } else {
      const tail = this.#chunks[last];
      if (this.#block !== undefined && tail !== undefined && tail.length + bytes.length <= BLOCK) {
        this.#block.set(bytes, tail.length);
        this.#chunks[last] = this.#block.subarray(0, tail.length + bytes.length);
      } else {
        this.#block = new Uint8Array(BLOCK);
        this.#block.set(bytes);
        this.#chunks.push(this.#block.subarray(0, bytes.length));
      }
    }
    this.#length += bytes.length;
  }

  /** Copies `count` bytes that begin `offset` bytes from the front; the caller keeps both within `length`. */
  copy(offset: number, count: number, into: Uint8Array, at: number): void {
    let index = this.#first;
    let start = -this.#firstUsed; // of the chunk at index, counted from the front
    if (this.#cursor > index && this.#cursorStart <= offset) {
      index = this.#cursor;
      start = this.#cursorStart;
    }
    let done = 0;
    while (done < count) {
      const chunk = this.#chunks[index];
      if (chunk === undefined) return;
      const from = offset + done - start;
      if (from < chunk.length) {
        const part = Math.min(chunk.length - from, count - done);
        into.set(from === 0 && part === chunk.length ? chunk : chunk.subarray(from, from + part), at + done);
        done += part;
        if (done === count) break;
      }
      start += chunk.length;
      index++;
    }
    this.#cursor = index;
    this.#cursorStart = start;
  }

  /** Forgets `count` bytes at the front; the caller keeps it within `length`. */
  consume(count: number): void {
    this.#length -= count;
    this.#cursorStart -= count;
    let left = count + this.#firstUsed;
    for (;;) {
      const chunk = this.#chunks[this.#first];
      if (chunk === undefined || left < chunk.length) break;
      left -= chunk.length;
      this.#chunks[this.#first++] = EMPTY;
    }
    this.#firstUsed = left;
    if (this.#length === 0) this.clear();
    else if (this.#first > COMPACT && this.#first * 2 > this.#chunks.length) {
      this.#chunks.splice(0, this.#first);
      this.#cursor -= this.#first;
      this.#first = 0;
    }
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#block = undefined;
    this.#first = 0;
    this.#firstUsed = 0;
    this.#length = 0;
    this.#cursor = 0;
    this.#cursorStart = 0;
  }
}

const EMPTY = new Uint8Array(0);
