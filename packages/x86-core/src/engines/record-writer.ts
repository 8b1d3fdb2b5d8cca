/**
 * Decoded instructions into records. The layout is in record.ts.
 *
 * UNCHECKED: addresses of records come from CodePages.
 */
import type { Decoded, DecodedOperand } from '../decode/decoded.ts';
import { SEGMENT_NUMBER, STATE } from '../state.ts';
import { NO_REGION, RECORD, SPECIAL } from './record.ts';

const segmentAddress = (number: number): number => STATE.linearBase.address + 8 * number;

export class RecordWriter {
  readonly #u8: Uint8Array;
  readonly #u16: Uint16Array;
  readonly #u32: Uint32Array;
  readonly #u64: BigUint64Array;

  constructor(buffer: ArrayBufferLike) {
    this.#u8 = new Uint8Array(buffer);
    this.#u16 = new Uint16Array(buffer, 0, buffer.byteLength >>> 1);
    this.#u32 = new Uint32Array(buffer, 0, buffer.byteLength >>> 2);
    this.#u64 = new BigUint64Array(buffer, 0, buffer.byteLength >>> 3);
  }

  /** A record that is no instruction; `next` and `length` as its kind wants them. */
  writeSpecial(address: number, handler: number, next: number): void {
    const half = address >>> 1;
    this.#u16[half + RECORD.handler / 2] = handler;
    this.#u16[half + RECORD.next / 2] = next;
    this.#u32[(address + RECORD.regionSlot) >>> 2] = NO_REGION;
    this.#u32[(address + RECORD.regionSlot + 4) >>> 2] = 0;
  }

  /** Where a region begins, `offset` bytes from the start of the page. */
  writeEntry(address: number, offset: number, slot: number, entry: number, distance: number): void {
    this.writeSpecial(address, SPECIAL.enterRegion, offset);
    this.#u32[(address + RECORD.regionSlot) >>> 2] = slot;
    this.#u32[(address + RECORD.regionEntry) >>> 2] = entry;
    this.#u32[(address + RECORD.regionDistance) >>> 2] = distance;
  }

  /** An instruction at the end of a page: its record, the addresses of its pages and the map of the first; all 0 until it is decoded. */
  writeCrossing(address: number, offset: number, record: number, first: number, second: number, map: number): void {
    this.writeSpecial(address, SPECIAL.crossing, offset);
    this.#u32[(address + RECORD.crossingRecord) >>> 2] = record;
    this.#u32[(address + RECORD.crossingFirst) >>> 2] = first;
    this.#u32[(address + RECORD.crossingSecond) >>> 2] = second;
    this.#u32[(address + RECORD.crossingMap) >>> 2] = map;
  }

  isCrossing(address: number): boolean {
    return this.#u16[(address + RECORD.handler) >>> 1] === SPECIAL.crossing;
  }

  isEntry(address: number): boolean {
    return this.#u16[(address + RECORD.handler) >>> 1] === SPECIAL.enterRegion;
  }

  /** Slot of the region that begins at an entry. */
  slotOf(address: number): number {
    return this.#u32[(address + RECORD.regionSlot) >>> 2]!;
  }

  /** The record of an instruction at `offset` of its page. */
  write(decoded: Decoded, handler: number, offset: number, address: number): void {
    const u16 = this.#u16;
    const half = address >>> 1;
    u16[half + RECORD.handler / 2] = handler;
    u16[half + RECORD.next / 2] = offset + decoded.length;
    this.#u8[address + RECORD.length] = decoded.length;
    this.#u8[address + RECORD.scale] = 0;
    u16[half + RECORD.base / 2] = STATE.zero.address;
    u16[half + RECORD.index / 2] = STATE.zero.address;
    u16[half + RECORD.segment / 2] = segmentAddress(SEGMENT_NUMBER[decoded.sourceSegment]);
    const quad = address >>> 3;
    let registers = 0;
    let immediates = 0;
    for (const o of decoded.operands) {
      if (o.kind === 'register') {
        const { address: field, size } = STATE[o.field];
        u16[half + RECORD.registers[registers++]! / 2] = field + o.index * size + o.displacement;
      } else if (o.kind === 'memory') this.#writeMemory(o, offset + decoded.length, address);
      else this.#u64[quad + (immediates++ === 0 ? RECORD.immediate : RECORD.displacement) / 8] = BigInt.asUintN(64, o.value);
    }
  }

  /** Whether the record was turned into "look again" since it was written. */
  isVoid(address: number): boolean {
    return this.#u16[(address + RECORD.handler) >>> 1] === SPECIAL.lookAgain;
  }

  /** Distance of the record's instruction from the start of its page. */
  offsetOf(address: number): number {
    return this.#u16[(address + RECORD.next) >>> 1]! - this.#u8[address + RECORD.length]!;
  }

  #writeMemory(o: Extract<DecodedOperand, { kind: 'memory' }>, next: number, address: number): void {
    const u16 = this.#u16;
    const half = address >>> 1;
    let { displacement } = o;
    if (o.base === 'rip') {
      u16[half + RECORD.base / 2] = STATE.ripBase.address;
      displacement += BigInt(next);
    } else if (o.base !== undefined) u16[half + RECORD.base / 2] = STATE.gpr.address + 8 * o.base;
    if (o.index !== undefined) u16[half + RECORD.index / 2] = STATE.gpr.address + 8 * o.index;
    u16[half + RECORD.segment / 2] = segmentAddress(SEGMENT_NUMBER[o.segment]);
    this.#u8[address + RECORD.scale] = o.scale;
    this.#u64[(address >>> 3) + RECORD.displacement / 8] = BigInt.asUintN(64, displacement);
  }
}
