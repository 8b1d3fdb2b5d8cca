/**
 * The enhanced configuration access mechanism [PCIe 3.0 §7.2.2]: configuration space as memory, 4096 bytes for each function, functions,
 * devices and buses in order. A conventional function has 256 of them; the rest reads as ones.
 */
import { ALL_ONES, ConfigurationError, type IoHandler, type Width } from '@paravirt/bus';
import type { ConfigurationAccess } from './pci-bus.ts';

/** Bytes of memory for one bus. */
export const ECAM_BUS_SIZE = 0x10_0000;
/** Bytes of memory for one function. */
const FUNCTION_SIZE = 0x1000;

export interface EcamOptions {
  readonly bus: ConfigurationAccess;
  /** First and last bus number, 0 to 255. Default 0 and 0. */
  readonly firstBus?: number;
  readonly lastBus?: number;
}

/** Answers `size` bytes, the first of which is that of function 0 of device 0 of the first bus. */
export class Ecam implements IoHandler {
  /** In bytes. */
  readonly size: number;
  readonly #bus: ConfigurationAccess;
  readonly #firstBus: number;

  /** @throws ConfigurationError `bad-bus`. */
  constructor(options: EcamOptions) {
    const { firstBus = 0, lastBus = firstBus } = options;
    for (const number of [firstBus, lastBus])
      if (!Number.isInteger(number) || number < 0 || number > 255 || lastBus < firstBus)
        throw new ConfigurationError('bad-bus', `buses ${firstBus} to ${lastBus} are not within 0 to 255`, number);
    this.#bus = options.bus;
    this.#firstBus = firstBus;
    this.size = (lastBus - firstBus + 1) * ECAM_BUS_SIZE;
  }

  read(offset: number, width: Width): number {
    if (!this.#inside(offset, width)) return ALL_ONES[width];
    return this.#bus.readConfig(this.#address(offset), offset % FUNCTION_SIZE, width);
  }

  write(offset: number, width: Width, value: number): void {
    if (this.#inside(offset, width)) this.#bus.writeConfig(this.#address(offset), offset % FUNCTION_SIZE, width, value);
  }

  /** An access that crosses a DWORD need not be supported [PCIe 3.0 §7.2.2] and is not. */
  #inside(offset: number, width: Width): boolean {
    return offset >= 0 && offset < this.size && (offset % 4) + width <= 4;
  }

  #address(offset: number): { bus: number; device: number; function: number } {
    return { bus: this.#firstBus + Math.floor(offset / ECAM_BUS_SIZE), device: (offset >>> 15) & 0x1f, function: (offset >>> 12) & 7 };
  }
}
