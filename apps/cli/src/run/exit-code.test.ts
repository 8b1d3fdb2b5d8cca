import { describe, expect, it } from 'vitest';
import { endingOf } from './exit-code.ts';

describe('Exit codes', () => {
  it('tell what the guest did', () => {
    expect(endingOf({ kind: 'shutdown', cause: 'power' }, undefined, false)).toMatchObject({ code: 0, message: undefined });
    expect(endingOf({ kind: 'exit', code: 33 }, undefined, false)).toMatchObject({ code: 33, registers: false });
    expect(endingOf({ kind: 'exit', code: 0x1ff }, undefined, false).code).toBe(255);
    expect(endingOf({ kind: 'shutdown', cause: 'triple-fault' }, undefined, false)).toEqual({
      code: 3,
      message: 'the guest had a triple fault',
      registers: true,
    });
    const unsupported = { kind: 'unsupported', rip: 0xffff_ffff_8100_0000n, bytes: Uint8Array.of(0x0f, 0x01, 0xd0) } as const;
    expect(endingOf(unsupported, undefined, false)).toEqual({
      code: 4,
      message: 'unsupported instruction 0f 01 d0 at 0xffffffff81000000',
      registers: true,
    });
    expect(endingOf({ kind: 'halt' }, undefined, false)).toMatchObject({ code: 1 });
  });

  it('tell what ended the run from outside', () => {
    const stopped = { kind: 'stopped' } as const;
    expect(endingOf(stopped, { kind: 'timeout', seconds: 2 }, false)).toMatchObject({
      code: 124,
      message: 'the guest still ran after 2 s',
    });
    expect(endingOf(stopped, { kind: 'signal', name: 'SIGTERM', number: 15 }, true).code).toBe(143);
    expect(endingOf(stopped, { kind: 'quit' }, false).code).toBe(0);
    expect(endingOf(stopped, { kind: 'output-closed' }, false).code).toBe(141);
  });

  it('with --expect are 0 for the text and 1 for everything else', () => {
    expect(endingOf({ kind: 'stopped' }, { kind: 'expected' }, true).code).toBe(0);
    expect(endingOf({ kind: 'shutdown', cause: 'power' }, undefined, true)).toMatchObject({
      code: 1,
      message: 'the expected text did not appear',
    });
    expect(endingOf({ kind: 'stopped' }, { kind: 'timeout', seconds: 2 }, true)).toMatchObject({
      code: 1,
      message: 'the guest still ran after 2 s; the expected text did not appear',
    });
    expect(endingOf({ kind: 'shutdown', cause: 'triple-fault' }, undefined, true)).toMatchObject({ code: 1, registers: true });
  });
});
