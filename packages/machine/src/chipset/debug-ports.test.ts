import { ConfigurationError } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { DebugConsole, ExitPort, PostCode } from './debug-ports.ts';
import { DmaRegisters } from './dma-registers.ts';

describe('Ports of programs under test', () => {
  it('the debug console reads E9h and takes text', () => {
    const bytes: number[] = [];
    const console = new DebugConsole((byte) => void bytes.push(byte));
    console.write(0, 1, 0x41);
    console.write(0, 2, 0x4342);
    expect([console.read(0, 1), bytes]).toEqual([0xe9, [0x41, 0x42, 0x43]]);
  });

  it('the exit port gives 2·value + 1, for 32-bit values too', () => {
    const codes: number[] = [];
    const port = new ExitPort((code) => void codes.push(code));
    for (const [width, value] of [
      [1, 0],
      [1, 0x10],
      [4, 0xffff_ffff],
    ] as const)
      port.write(0, width, value);
    expect([codes, port.read(0, 1)]).toEqual([[1, 33, 0x1_ffff_ffff], 0]);
  });

  it('the POST port remembers its last code', () => {
    const post = new PostCode();
    post.write(0, 1, 0x5a);
    expect([post.last, post.read(0, 1), post.read(0, 4)]).toEqual([0x5a, 0x5a, 0xffff_ff5a]);
  });
});

describe('[8237A] Registers', () => {
  it('hold what was written, within their block', () => {
    const dma = new DmaRegisters(0x10);
    dma.write(0x0f, 2, 0x1234);
    expect([dma.read(0x0f, 1), dma.read(0x0f, 2), dma.read(0, 4)]).toEqual([0x34, 0xff34, 0]);
    dma.reset();
    expect(dma.read(0x0f, 1)).toBe(0);
    expect(() => new DmaRegisters(0)).toThrow(ConfigurationError);
  });
});
