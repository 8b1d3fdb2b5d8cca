/**
 * A block of registers put together from regions that different parts answer: the configuration space (header, capabilities, registers of
 * the device) and a memory BAR that holds an MSI-X table beside a device's own registers.
 */
import { ConfigurationError, type IoHandler, type Width } from '@paravirt/bus';

/** Offsets in bytes from the start of the block. */
export interface Region {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  /** Sees offsets from the start of the region. */
  readonly handler: IoHandler;
}

/** What nobody implements reads as zero and ignores writes. [PCI 3.0 §6.1] */
const RESERVED: IoHandler = { read: () => 0, write: () => undefined };

/**
 * An access that lies within one region, or within none, is handed on whole; one that crosses a border is made byte by byte. Bytes beyond
 * the end of the block read as ones and are lost when written.
 */
export class Regions implements IoHandler {
  readonly size: number;
  readonly regions: readonly Region[];
  /** Answers where no region lies. */
  readonly #background: { readonly handler: IoHandler; readonly offset: number };

  /**
   * @param size of the block in bytes.
   * @param background answers where no region lies, with offsets of the block; by default reserved bytes.
   * @throws ConfigurationError `region-outside`, `region-overlap`.
   */
  constructor(size: number, regions: readonly Region[], background: IoHandler = RESERVED) {
    this.size = size;
    this.regions = [...regions].sort((a, b) => a.offset - b.offset);
    this.#background = { handler: background, offset: 0 };
    let end = 0;
    let last = '';
    for (const region of this.regions) {
      if (!Number.isInteger(region.offset) || !Number.isInteger(region.size) || region.size <= 0 || region.offset + region.size > size)
        throw new ConfigurationError('region-outside', `${region.name} does not fit a block of ${size} bytes`, region.offset);
      if (region.offset < end)
        throw new ConfigurationError('region-overlap', `${region.name} overlaps ${last || 'the start of the block'}`, region.offset);
      end = region.offset + region.size;
      last = region.name;
    }
  }

  read(offset: number, width: Width): number {
    const whole = this.#answerer(offset, width);
    if (whole !== undefined) return whole.handler.read(offset - whole.offset, width);
    let value = 0;
    for (let i = 0; i < width; i++) {
      const part = this.#answerer(offset + i, 1);
      value += (part === undefined ? 0xff : part.handler.read(offset + i - part.offset, 1)) * 2 ** (8 * i);
    }
    return value;
  }

  write(offset: number, width: Width, value: number): void {
    const whole = this.#answerer(offset, width);
    if (whole !== undefined) {
      whole.handler.write(offset - whole.offset, width, value);
      return;
    }
    for (let i = 0; i < width; i++) {
      const part = this.#answerer(offset + i, 1);
      part?.handler.write(offset + i - part.offset, 1, Math.floor(value / 2 ** (8 * i)) & 0xff);
    }
  }

  /** Who answers all of the bytes; undefined if nobody does alone. */
  #answerer(offset: number, width: number): { readonly handler: IoHandler; readonly offset: number } | undefined {
    const end = offset + width;
    if (offset < 0 || end > this.size) return undefined;
    for (const region of this.regions) {
      if (end <= region.offset) break;
      if (offset >= region.offset + region.size) continue;
      return offset >= region.offset && end <= region.offset + region.size ? region : undefined;
    }
    return this.#background;
  }
}
