/**
 * Data beyond a gap [RFC 9293 §3.10.7.4, seventh step]: kept sorted and without overlaps until the gap is filled. What came first stays;
 * a bounded number of pieces is kept, the rest must be sent again, which TCP always allows.
 */
import { advance, before, distance } from './sequence.ts';

/** Pieces that are kept. */
const MAX_PIECES = 256;

interface Piece {
  readonly seq: number;
  readonly data: Uint8Array;
}

export class OutOfOrderQueue {
  readonly #pieces: Piece[] = [];
  #bytes = 0;

  /** Bytes that are kept; the window bounds them, since what is outside of it never comes here. */
  get bytes(): number {
    return this.#bytes;
  }

  get pieces(): number {
    return this.#pieces.length;
  }

  /** Keeps a copy of what is new of [seq, seq + data.length). */
  insert(seq: number, data: Uint8Array): void {
    let from = seq;
    const end = advance(seq, data.length);
    for (let i = 0; before(from, end); i++) {
      const next = this.#pieces[i];
      if (next === undefined || !before(next.seq, end)) {
        this.#put(i, from, data.subarray(distance(seq, from)));
        return;
      }
      const nextEnd = advance(next.seq, next.data.length);
      if (before(from, next.seq)) {
        if (!this.#put(i, from, data.subarray(distance(seq, from), distance(seq, next.seq)))) return;
        i++;
      }
      if (before(from, nextEnd)) from = nextEnd;
    }
  }

  /** The piece that continues at `seq`, without what lies before it; undefined while there is a gap. */
  take(seq: number): Uint8Array | undefined {
    for (;;) {
      const first = this.#pieces[0];
      if (first === undefined || before(seq, first.seq)) return undefined;
      this.#pieces.shift();
      this.#bytes -= first.data.length;
      const skip = distance(first.seq, seq);
      if (skip < first.data.length) return skip === 0 ? first.data : first.data.subarray(skip);
    }
  }

  clear(): void {
    this.#pieces.length = 0;
    this.#bytes = 0;
  }

  #put(index: number, seq: number, data: Uint8Array): boolean {
    if (this.#pieces.length >= MAX_PIECES) return false;
    if (data.length === 0) return true;
    this.#pieces.splice(index, 0, { seq, data: data.slice() });
    this.#bytes += data.length;
    return true;
  }
}
