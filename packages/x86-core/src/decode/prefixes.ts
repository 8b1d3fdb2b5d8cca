/** Legacy prefixes and REX. [SDM 2A §2.1.1, §2.2.1] */
import type { SegmentName } from '../semantics/language.ts';

export interface Prefixes {
  /** 66h was seen. */
  operandSize: boolean;
  /** 67h was seen. */
  addressSize: boolean;
  lock: boolean;
  /** The last of F2h and F3h, 0 if none. */
  repeat: 0 | 0xf2 | 0xf3;
  segment: SegmentName | undefined;
  /** The REX byte, 0 if none: bit 3 W, bit 2 R, bit 1 X, bit 0 B. */
  rex: number;
  /** Bytes taken by all prefixes. */
  length: number;
}

const SEGMENT_OVERRIDE: Readonly<Record<number, SegmentName>> = { 0x26: 'ES', 0x2e: 'CS', 0x36: 'SS', 0x3e: 'DS', 0x64: 'FS', 0x65: 'GS' };

/** Reads prefixes from the start of `bytes`; stops at the opcode or at `available`. */
export function readPrefixes(bytes: Uint8Array, available: number, mode64: boolean): Prefixes {
  const p: Prefixes = { operandSize: false, addressSize: false, lock: false, repeat: 0, segment: undefined, rex: 0, length: 0 };
  for (; p.length < available; p.length++) {
    const byte = bytes[p.length] ?? 0;
    if (mode64 && (byte & 0xf0) === 0x40) {
      // REX counts only directly before the opcode; a legacy prefix behind it cancels it.
      p.rex = byte;
      continue;
    }
    if (byte === 0x66) p.operandSize = true;
    else if (byte === 0x67) p.addressSize = true;
    else if (byte === 0xf0) p.lock = true;
    else if (byte === 0xf2 || byte === 0xf3) p.repeat = byte;
    else {
      const segment = SEGMENT_OVERRIDE[byte];
      if (segment === undefined) break;
      // In 64-bit mode ES, CS, SS and DS overrides are null prefixes. [SDM 1, §3.3.7.1]
      if (!mode64 || segment === 'FS' || segment === 'GS') p.segment = segment;
    }
    p.rex = 0;
  }
  return p;
}
