/** Reads the numbers of the binary format. [WebAssembly 2.0 §5.2] */

export class ByteReader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  /** @throws RangeError behind the last byte; so do all that follow. */
  u8(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new RangeError('the bytes end within a WebAssembly instruction or section');
    return byte;
  }

  /** The next `count` bytes, not copied. */
  bytes(count: number): Uint8Array {
    if (this.at + count > this.#bytes.length) throw new RangeError('the bytes end within a WebAssembly instruction or section');
    const start = this.at;
    this.at += count;
    return this.#bytes.subarray(start, this.at);
  }

  /** Unsigned LEB128 of at most 32 bits. */
  unsigned(): number {
    return Number(BigInt.asUintN(32, this.#leb().value));
  }

  /** Signed LEB128 of at most 64 bits. */
  signed(): bigint {
    const { value, bits } = this.#leb();
    return BigInt.asIntN(Math.min(bits, 64), value);
  }

  /** As many items as the number in front of them says. */
  vector<T>(item: () => T): T[] {
    const count = this.unsigned();
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(item());
    return items;
  }

  /** A name; ASCII, as the encoder of this folder writes them. */
  text(): string {
    return String.fromCharCode(...this.bytes(this.unsigned()));
  }

  #leb(): { readonly value: bigint; readonly bits: number } {
    let value = 0n;
    for (let bits = 0; bits < 70; bits += 7) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << BigInt(bits);
      if (byte < 0x80) return { value, bits: bits + 7 };
    }
    throw new RangeError('a number is longer than 64 bits');
  }
}
