/**
 * The ISA bus's rule for 8-bit devices, once: an access of 16 or 32 bits to one is made as byte accesses at rising addresses. Every
 * device here whose datasheet knows only bytes is written as `readByte`/`writeByte` and wrapped by `byteWide`.
 */
import type { IoHandler, Width } from '@paravirt/bus';

/** `offset` is within the device's range; values are bytes. Must not throw. */
export interface ByteDevice {
  readByte(offset: number): number;
  writeByte(offset: number, value: number): void;
}

/**
 * An `IoHandler` of `size` byte registers. Bytes of a wide access that lie beyond the range read as ones and are not written: the
 * neighbour's registers are not this device's.
 */
export function byteWide(size: number, device: ByteDevice): IoHandler {
  return {
    read(offset: number, width: Width): number {
      if (width === 1) return offset < size ? device.readByte(offset) : 0xff;
      let value = 0;
      for (let i = 0; i < width; i++) {
        const byte = offset + i < size ? device.readByte(offset + i) : 0xff;
        value += byte * 2 ** (8 * i);
      }
      return value;
    },
    write(offset: number, width: Width, value: number): void {
      for (let i = 0; i < width; i++) {
        if (offset + i < size) device.writeByte(offset + i, (value >>> (8 * i)) & 0xff);
      }
    },
  };
}
