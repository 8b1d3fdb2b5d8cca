/** Ctrl-A X ends the run, Ctrl-A Ctrl-A (or Ctrl-A A) sends Ctrl-A; any other key after Ctrl-A is sent as it is. As in QEMU and screen. */
export const ESCAPE = 0x01;

export class EscapeKey {
  #pending = false;

  /** What is for the guest of what was typed, and whether the user wants to end the run (what was typed after is dropped). */
  push(typed: Uint8Array): { readonly bytes: Uint8Array; readonly quit: boolean } {
    const out: number[] = [];
    for (const byte of typed) {
      if (!this.#pending) {
        if (byte === ESCAPE) this.#pending = true;
        else out.push(byte);
        continue;
      }
      this.#pending = false;
      const key = String.fromCharCode(byte).toLowerCase();
      if (key === 'x') return { bytes: Uint8Array.from(out), quit: true };
      out.push(byte === ESCAPE || key === 'a' ? ESCAPE : byte);
    }
    return { bytes: Uint8Array.from(out), quit: false };
  }
}
