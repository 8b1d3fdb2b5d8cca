/** Lines of a stream of bytes. A line that is too long is told as such once and thrown away to its end; memory stays bounded. */

/** Bytes of a request, without its end. */
export const LONGEST_LINE = 65_536;

export class LineReader {
  readonly #longest: number;
  #pieces: Buffer[] = [];
  #length = 0;
  #skipping = false;

  /** @param longest bytes of a line, without its end */
  constructor(longest: number = LONGEST_LINE) {
    this.#longest = longest;
  }

  /** The lines that end in these bytes; undefined stands for one that was too long. A carriage return before the line feed is dropped. */
  push(bytes: Buffer): (string | undefined)[] {
    const lines: (string | undefined)[] = [];
    let rest = bytes;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      this.#add(rest.subarray(0, end));
      lines.push(this.#take());
      rest = rest.subarray(end + 1);
    }
    this.#add(rest);
    return lines;
  }

  #add(piece: Buffer): void {
    if (this.#skipping || piece.length === 0) return;
    this.#length += piece.length;
    if (this.#length <= this.#longest) {
      this.#pieces.push(piece);
      return;
    }
    this.#skipping = true;
    this.#pieces = [];
  }

  #take(): string | undefined {
    const line = this.#skipping ? undefined : Buffer.concat(this.#pieces).toString('utf8').replace(/\r$/, '');
    this.#pieces = [];
    this.#length = 0;
    this.#skipping = false;
    return line;
  }
}
