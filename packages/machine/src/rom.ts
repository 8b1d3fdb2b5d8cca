/** Read-only memory on the bus. */
import type { IoHandler, Width } from '@paravirt/bus';

/** Answers reads from `bytes` (kept, not copied); writes are lost, bytes beyond the end read as ones. */
export class Rom implements IoHandler {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  read(offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; i++) value += (this.bytes[offset + i] ?? 0xff) * 2 ** (8 * i);
    return value;
  }

  write(): void {}
}
