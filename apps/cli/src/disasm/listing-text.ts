/** Instructions as lines: address, bytes, text. */
import type { ListedInstruction } from '@paravirt/x86-core';

/** As many bytes stand on a line; those of a longer instruction go on in the next one. */
const BYTES = 8;
const COLUMN = BYTES * 3;

/** @param digits Of an address. */
export function* listingLines(instructions: Iterable<ListedInstruction>, digits: number): Generator<string> {
  for (const { address, bytes, text } of instructions) {
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));
    for (let at = 0; at < hex.length; at += BYTES) {
      const line = [
        addressText(address + BigInt(at), digits),
        hex
          .slice(at, at + BYTES)
          .join(' ')
          .padEnd(COLUMN),
        at === 0 ? text : '',
      ];
      yield line.join('  ').trimEnd();
    }
  }
}

const addressText = (address: bigint, digits: number): string => address.toString(16).padStart(digits, '0');

/** Digits of an address in code of this size. */
export const addressDigits = (mode: 16 | 32 | 64): number => (mode === 64 ? 16 : 8);
