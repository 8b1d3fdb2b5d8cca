import { createPc, type Pc } from '@paravirt/machine';
import { describe, expect, it } from 'vitest';
import { GuestFailure } from './guest-failure.ts';
import { GuestRun } from './guest-run.ts';
import { MARK_PORT, MARKS } from './marks.ts';

const ROM_SIZE = 0x1_0000;
const COM1 = 0x3f8;

/** Real-mode code: `out dx, al` to a port. */
const out = (port: number, value: number): number[] => [0xba, port & 0xff, port >>> 8, 0xb0, value, 0xee];
const say = (text: string): number[] => [...text].flatMap((character) => out(COM1, character.charCodeAt(0)));
/** Waits for a character from the serial port, and sends it back: `in` from the status, `test al, 1`, `jz`; data in and out. */
const ECHO = [0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xfb, 0xba, 0xf8, 0x03, 0xec, 0xee];
/** Asks for characters: RTS. */
const READY = out(0x3fc, 0x02);
/** `jmp $` and `cli; hlt`. */
const SPIN = [0xeb, 0xfe];
const STOP = [0xfa, 0xf4];

/** A machine whose ROM does this from the first instruction on; nothing else is in it. */
function machine(...code: readonly (readonly number[])[]): Pc {
  const bios = new Uint8Array(ROM_SIZE);
  bios.set(code.flat(), 0);
  // The reset vector: `jmp` to the beginning of the ROM.
  bios.set([0xe9, 0x0d, 0x00], 0xfff0);
  return createPc({ memory: 16 << 20, boot: { bios }, time: { mode: 'deterministic' }, attended: false, exitPort: MARK_PORT });
}

const BOUNDS = { time: 1_000_000_000n, instructions: 60_000n };
const guest = (...code: readonly (readonly number[])[]): GuestRun => new GuestRun(machine(...code), BOUNDS);

describe('The run of a guest', () => {
  it('goes on until a text is on the console', async () => {
    const run = guest(READY, say('# '), ECHO, ECHO, ECHO, say('LAB ok n=12\r\n'), SPIN);
    await run.untilOutput(/# /);
    run.type('ab\n');
    const [, number] = await run.untilOutput(/^LAB ok n=(\d+)\r?\n/m);
    expect(number).toBe('12');
    expect(run.output).toBe('ab\nLAB ok n=12\r\n');
  });

  it('stops right behind the instruction that makes a mark', async () => {
    const run = guest(out(MARK_PORT, MARKS.begin), [0x90, 0x90, 0x90], out(MARK_PORT, MARKS.end), SPIN);
    await run.untilMark(MARKS.begin);
    const before = run.pc.cpu.retired;
    await run.untilMark(MARKS.end);
    // Three NOPs, two MOVs, the OUT.
    expect(run.pc.cpu.retired - before).toBe(6n);
  });

  it('lets time pass', async () => {
    const run = guest(SPIN);
    await run.rest(100_000n);
    expect(run.pc.clock.now()).toBeGreaterThanOrEqual(100_000n);
    expect(run.pc.clock.now()).toBeLessThan(100_100n);
  });

  it('fails with what was waited for, and what the guest said last', async () => {
    const run = guest(say('# ls\r\nsh: not found\r\n/root # \u001b[6n'), SPIN);
    await expect(run.untilMark(MARKS.begin)).rejects.toThrow('no mark 1 by the guest (sh: not found)');
    await expect(run.untilMark(MARKS.begin)).rejects.toThrow(GuestFailure);
    expect(run.pc.cpu.retired).toBeLessThanOrEqual(120_100n);
  });

  it('fails at once when labnet has', async () => {
    const run = guest(say('LAB failed: no answer\r\n'), SPIN);
    await expect(run.untilMark(MARKS.end)).rejects.toThrow('the guest failed (LAB failed: no answer)');
    expect(run.pc.cpu.retired).toBeLessThan(60_000n);
  });

  it('fails when the guest stops, or makes another mark', async () => {
    await expect(guest(STOP).untilMark(MARKS.begin)).rejects.toThrow('the guest ended: halt');
    await expect(guest(out(MARK_PORT, MARKS.end), SPIN).untilMark(MARKS.begin)).rejects.toThrow('made mark 2 instead of 1');
  });

  it('keeps the end of a long output only', async () => {
    // One character again and again: `out dx, al`, `jmp` back.
    const run = guest(out(COM1, 0x78), [0xee, 0xeb, 0xfd]);
    await expect(run.untilOutput(/y/)).rejects.toThrow('no y on the console (xxx');
    expect(run.output.length).toBe(8192);
  });
});
