/**
 * The 8237 DMA controllers and their page registers as far as guests without a DMA device look: they write registers and read them back.
 * No channel ever has a request, so no transfer is made and the status register stays 0. [8237A]
 */
import type { IoHandler, Width } from '@paravirt/bus';
import { ConfigurationError } from '@paravirt/bus';
import { type ByteDevice, byteWide } from './byte-registers.ts';

export class DmaRegisters implements IoHandler, ByteDevice {
  readonly #bytes: Uint8Array;
  readonly #io: IoHandler;

  /** A block of `size` ports. @throws ConfigurationError `bad-size` unless 1 to 256. */
  constructor(size: number) {
    if (!Number.isInteger(size) || size < 1 || size > 256)
      throw new ConfigurationError('bad-size', `a block of ${size} DMA registers is not within 1 to 256`, size);
    this.#bytes = new Uint8Array(size);
    this.#io = byteWide(size, this);
  }

  reset(): void {
    this.#bytes.fill(0);
  }

  read(offset: number, width: Width): number {
    return this.#io.read(offset, width);
  }

  write(offset: number, width: Width, value: number): void {
    this.#io.write(offset, width, value);
  }

  readByte(offset: number): number {
    return this.#bytes[offset] ?? 0xff;
  }

  writeByte(offset: number, value: number): void {
    this.#bytes[offset] = value;
  }
}
