/** For the tests of disassemble.ts: tables of encodings and their texts. */
import type { Decoded } from './decoded.ts';
import { decode } from './decoder.ts';
import { disassemble } from './disassemble.ts';

export type Bits = 16 | 32 | 64;

/** The address of every instruction in a table. */
export const ADDRESS = 0x1000n;

/** The instruction at the start of `bytes`, if there is one. */
export function decoded(bits: Bits, bytes: readonly number[]): Decoded | undefined {
  const result = decode(Uint8Array.from(bytes), bytes.length, { codeWidth: bits, stackWidth: bits });
  return result !== undefined && 'instruction' in result ? result : undefined;
}

/** Of a table with one `bytes | text` a line: what the bytes give instead, where it differs. */
export function differences(bits: Bits, table: string): string[] {
  return table
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [hex = '', text = ''] = line.split('|').map((part) => part.trim());
      const bytes = hex.split(' ').map((byte) => Number.parseInt(byte, 16));
      const instruction = decoded(bits, bytes);
      const ours = instruction === undefined ? 'no instruction' : disassemble(instruction, ADDRESS);
      return ours === text && instruction?.length === bytes.length ? [] : [`${hex}: ${ours}, not ${text}`];
    });
}
