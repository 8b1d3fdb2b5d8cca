/** Bytes → a listing of instructions, one behind the other. */
import type { DecodeMode } from './decoded.ts';
import { decode, MAX_LENGTH } from './decoder.ts';
import { dataText, disassemble } from './disassemble.ts';

export interface ListedInstruction {
  /** Of the first byte. */
  readonly address: bigint;
  /** 1 to 15 bytes; a copy. */
  readonly bytes: Uint8Array;
  /** As `disassemble` writes it; for bytes that are no instruction of this processor a directive: `db 0xc5, 0xf8, 0x77`. */
  readonly text: string;
}

export interface ListingOptions {
  /** Size of the code segment: 64 in 64-bit mode. */
  readonly mode: DecodeMode['codeWidth'];
  /** Address of the first byte, from which targets are counted. Default: 0. */
  readonly address?: bigint;
}

/** Every byte is in exactly one entry, also what is cut off at the end. */
export function* listing(bytes: Uint8Array, { mode, address = 0n }: ListingOptions): Generator<ListedInstruction> {
  for (let at = 0; at < bytes.length; ) {
    const rest = bytes.subarray(at, at + MAX_LENGTH);
    const result = decode(rest, rest.length, { codeWidth: mode, stackWidth: mode });
    const taken = rest.slice(0, result?.length ?? rest.length);
    const here = address + BigInt(at);
    const known = result !== undefined && 'instruction' in result;
    yield { address: here, bytes: taken, text: known ? disassemble(result, here) : dataText(taken) };
    at += taken.length;
  }
}
