import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checksumFits, completeChecksum } from './checksum.ts';
import { fold, readU16, sumWords } from './network-order.ts';
import { locateTcp } from './tcp-segmenter.ts';

describe('[RFC 1071 §3] Numerical Examples', () => {
  it('adds 0001 f203 f4f5 f6f7 to ddf2', () => {
    expect(fold(sumWords(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7), 0, 8))).toBe(0xddf2);
  });
});

describe('[RFC 1071 §1] Computing the Internet Checksum', () => {
  it('a completed checksum sums to FFFFh, at any place, of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 300 }), fc.nat(), fc.nat(), (bytes, someStart, someOffset) => {
        const start = someStart % (bytes.length - 1);
        const offset = (someOffset % (bytes.length - 1 - start)) & ~1;
        expect(checksumFits(start, offset, bytes.length)).toBe(true);
        bytes.fill(0, start + offset, start + offset + 2);
        completeChecksum(bytes, bytes.length, start, offset);
        expect(fold(sumWords(bytes, start, bytes.length))).toBe(0xffff);
        expect(readU16(bytes, start + offset)).toBeGreaterThan(0);
      }),
    );
  });

  it('folds a sum of 64 KiB of ones without losing a carry', () => {
    expect(fold(sumWords(new Uint8Array(65553).fill(0xff), 0, 65552))).toBe(0xffff);
    expect(fold(sumWords(new Uint8Array(65553).fill(0xff), 0, 65553))).toBe(0xff00);
  });
});

describe('[RFC 9293 §3.1] Header Format', () => {
  it('NET-06: finds headers in no random bytes that are not there, and none outside the frame', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 14, maxLength: 200 }),
        fc.constantFrom('tcp4' as const, 'tcp6' as const),
        fc.constantFrom(0x45, 0x46, 0x4f, 0x40, 0x60, 0x65),
        fc.option(fc.nat(0xffff), { nil: undefined }),
        (bytes, kind, version, transport) => {
          bytes.set(kind === 'tcp4' ? [8, 0] : [0x86, 0xdd], 12);
          if (bytes.length > 14) bytes[14] = version;
          const at = locateTcp(bytes, bytes.length, kind, transport);
          if (at !== undefined)
            expect(at.network < at.transport && at.transport + 20 <= at.payload && at.payload <= bytes.length).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
