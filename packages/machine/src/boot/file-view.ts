/** Reading a file that somebody else made: little-endian numbers, every access checked. */
import { ConfigurationError } from '@paravirt/bus';

export class FileView {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  /** For messages: "the kernel". */
  readonly #what: string;

  /** `bytes` is looked at, not copied. */
  constructor(what: string, bytes: Uint8Array) {
    this.bytes = bytes;
    this.#what = what;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  /** @throws ConfigurationError `kernel-truncated` unless [offset, offset + size) lies in the file. */
  require(offset: number, size: number, part: string): void {
    if (offset + size > this.length)
      throw new ConfigurationError(
        'kernel-truncated',
        `${this.#what} is truncated: ${part} ends at byte ${offset + size}, the file has ${this.length} bytes`,
        this.length,
      );
  }

  /** The numbers below throw as `require` does. */
  u8(offset: number): number {
    this.require(offset, 1, 'its header');
    return this.#view.getUint8(offset);
  }

  u16(offset: number): number {
    this.require(offset, 2, 'its header');
    return this.#view.getUint16(offset, true);
  }

  u32(offset: number): number {
    this.require(offset, 4, 'its header');
    return this.#view.getUint32(offset, true);
  }

  u64(offset: number): bigint {
    this.require(offset, 8, 'its header');
    return this.#view.getBigUint64(offset, true);
  }

  /** A view of part of the file. */
  slice(offset: number, size: number, part: string): Uint8Array {
    this.require(offset, size, part);
    return this.bytes.subarray(offset, offset + size);
  }
}
