/** A set of the 256 interrupt vectors with its highest member at hand: IRR, ISR and TMR of a local APIC. [SDM 3A §11.8.4] */
export class VectorSet {
  readonly #words: Uint32Array = new Uint32Array(8);

  /** Bits of vectors 32·index to 32·index + 31, as the register at that place shows them. */
  word(index: number): number {
    return this.#words[index] ?? 0;
  }

  has(vector: number): boolean {
    return ((this.#words[vector >> 5] ?? 0) & (1 << (vector & 31))) !== 0;
  }

  add(vector: number): void {
    this.#words[vector >> 5] = (this.#words[vector >> 5] ?? 0) | (1 << (vector & 31));
  }

  remove(vector: number): void {
    this.#words[vector >> 5] = (this.#words[vector >> 5] ?? 0) & ~(1 << (vector & 31));
  }

  /** −1 if empty. */
  get highest(): number {
    for (let i = 7; i >= 0; i--) {
      const word = this.#words[i] ?? 0;
      if (word !== 0) return 32 * i + 31 - Math.clz32(word);
    }
    return -1;
  }

  clear(): void {
    this.#words.fill(0);
  }
}
