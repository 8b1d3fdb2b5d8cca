import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RegionInfo } from '@paravirt/x86-core';
import { afterAll, describe, expect, it } from 'vitest';
import { disasm } from './disasm.ts';
import { holding, hottest, regionText } from './region-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'paravirt-disasm-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('paravirt disasm FILE', () => {
  /** What is written for a file of these bytes. */
  async function textOf(mode: 16 | 32 | 64, base: bigint, ...bytes: number[]): Promise<string> {
    const file = join(folder, 'code');
    writeFileSync(file, Uint8Array.from(bytes));
    let text = '';
    const code = await disasm(
      { kind: 'file', file, mode, base },
      (piece) => {
        text += piece;
      },
      () => {},
    );
    expect(code).toBe(0);
    return text;
  }

  it('is one line an instruction, more for long ones', async () => {
    const bytes = [0x48, 0x89, 0xe5, 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 0xeb, 0xf1, 0x0f];
    expect(await textOf(64, 0xffff_ffff_8100_0000n, ...bytes)).toBe(
      [
        'ffffffff81000000  48 89 e5                  mov rbp, rsp',
        'ffffffff81000003  48 b8 01 02 03 04 05 06   mov rax, 0x807060504030201',
        'ffffffff8100000b  07 08',
        'ffffffff8100000d  eb f1                     jmp 0xffffffff81000000',
        'ffffffff8100000f  0f                        db 0x0f',
        '',
      ].join('\n'),
    );
  });

  it('writes long files whole', async () => {
    const lines = (await textOf(32, 0n, ...new Array<number>(2500).fill(0x90))).split('\n');
    expect([lines.length, lines[2499], lines[2500]]).toEqual([2501, '000009c3  90                        nop', '']);
  });

  it('refuses a file that is not there', async () => {
    const missing = disasm(
      { kind: 'file', file: join(folder, 'none'), mode: 64, base: 0n },
      () => {},
      () => {},
    );
    await expect(missing).rejects.toThrow('there is no such file');
  });
});

/** A region of `dec eax; jnz`. */
const region = (address: bigint, counts: Pick<RegionInfo, 'entries' | 'executed'>): RegionInfo => ({
  address,
  mode: 32,
  instructions: [
    { address, bytes: Uint8Array.of(0x48), text: 'dec eax' },
    { address: address + 1n, bytes: Uint8Array.of(0x75, 0xfd), text: `jnz 0x${address.toString(16)}` },
  ],
  // local.get 1; call 0; loop; br 0; end; end
  wasm: Uint8Array.of(11, 0, 0x20, 1, 0x10, 0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b),
  origins: new Map([[6, address + 1n]]),
  functionNames: ['fillTlb'],
  localNames: ['entry', 'eax'],
  ...counts,
});

describe('paravirt disasm --kernel', () => {
  const regions = [
    region(0x1000n, { entries: 900, executed: 1800 }),
    region(0x2000n, { entries: 1, executed: 5_000_000 }),
    region(0x3000n, { entries: 10, executed: 20 }),
  ];

  it('shows the hottest regions first', () => {
    expect(hottest(regions, 2).map((r) => r.address)).toEqual([0x2000n, 0x1000n]);
    expect(hottest(regions, 9)).toHaveLength(3);
  });

  it('finds a region by any byte of its instructions', () => {
    expect(holding(regions, 0x1002n).map((r) => r.address)).toEqual([0x1000n]);
    expect(holding(regions, 0x1003n)).toEqual([]);
  });

  it('shows counters, x86 and WebAssembly of a region', () => {
    expect(regionText(region(0x2000n, { entries: 1, executed: 5_000_000 }))).toBe(
      [
        'region 0x2000, 32-bit code, 2 instructions, 1 entry, 5,000,000 instructions executed, 12 bytes of WebAssembly',
        '',
        'x86',
        '  00002000  48                        dec eax',
        '  00002001  75 fd                     jnz 0x2000',
        '',
        'WebAssembly',
        '  local.get $eax',
        '  call $fillTlb',
        '  ; 00002001  jnz 0x2000',
        '  loop $1',
        '    br $1',
        '  end $1',
        '',
      ].join('\n'),
    );
  });
});
