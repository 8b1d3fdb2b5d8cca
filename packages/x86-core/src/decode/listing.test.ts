import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listing } from './listing.ts';

const texts = (...args: Parameters<typeof listing>): string[] =>
  [...listing(...args)].map(({ address, text }) => `${address.toString(16)} ${text}`);

describe('listing', () => {
  it('goes from instruction to instruction and counts targets from their addresses', () => {
    const code = Uint8Array.of(0xb8, 1, 0, 0, 0, 0x48, 0xff, 0xc8, 0x75, 0xfb, 0xc3);
    expect(texts(code, { mode: 64, address: 0x40_1000n })).toEqual([
      '401000 mov eax, 0x1',
      '401005 dec rax',
      '401008 jnz 0x401005',
      '40100a ret',
    ]);
    expect(texts(code.subarray(5, 8), { mode: 32 })).toEqual(['0 dec eax', '1 dec eax']);
  });

  it('shows what is no instruction, and what is cut off, as data', () => {
    expect(texts(Uint8Array.of(0x0f, 0x0a, 0x90, 0xe8, 0x01), { mode: 64 })).toEqual(['0 db 0x0f, 0x0a', '2 nop', '3 db 0xe8, 0x01']);
    expect(texts(new Uint8Array(16).fill(0x66), { mode: 64 }).map((text) => text.slice(0, 4))).toEqual(['0 db', 'f db']);
  });

  it('has every byte once, whatever the bytes are', () => {
    const property = fc.property(
      fc.uint8Array({ maxLength: 64 }),
      fc.constantFrom(16 as const, 32 as const, 64 as const),
      (bytes, mode) => {
        const entries = [...listing(bytes, { mode })];
        expect(entries.flatMap((entry) => [...entry.bytes])).toEqual([...bytes]);
        expect(entries.every(({ text }) => text.length > 1)).toBe(true);
      },
    );
    fc.assert(property);
  });
});
