import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Outcome, paravirt } from './paravirt.ts';
import { JUMP_INTO_NOWHERE, multibootKernel, romThatExits, romThatHalts, romThatLoops, romThatTripleFaults } from './small-programs.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'paravirt-small-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, contents: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

function expectTripleFault({ code, stderr }: Outcome): void {
  expect(stderr).toMatch(/triple fault/i);
  expect(stderr).toMatch(/\b[re]?ip\b/i);
  expect(stderr).toMatch(/\b[re]?sp\b/i);
  expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+/m); // no stack trace of ours
  expect(code).toBe(3);
}

describe('A ROM', () => {
  it('starts at the reset vector, prints on port 0xE9 and ends the run with its code', async () => {
    const bios = file('exit.rom', romThatExits('hello, rom', 0xf4, 0x10));
    const outcome = await paravirt('run', '--bios', bios, '--memory', '16M', '--exit-port', '0xf4', '--timeout', '60');
    expect(outcome.stdout).toContain('hello, rom');
    expect(outcome.code).toBe((0x10 << 1) | 1);
  });

  it('that triple faults is reported with registers', async () => {
    expectTripleFault(await paravirt('run', '--bios', file('triple.rom', romThatTripleFaults()), '--memory', '16M', '--timeout', '60'));
  });

  it('that halts with interrupts off ends the run', async () => {
    const outcome = await paravirt('run', '--bios', file('halt.rom', romThatHalts()), '--memory', '16M', '--timeout', '60');
    // Nothing can wake it: the run ends at once, without waiting for the time.
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/^paravirt: [^\n]+\n$/);
  });
});

describe('--timeout', () => {
  it('ends a guest that never does', async () => {
    const outcome = await paravirt('run', '--bios', file('loop.rom', romThatLoops()), '--memory', '16M', '--timeout', '1');
    expect(outcome.code).toBe(124);
    expect(outcome.stderr).toMatch(/^paravirt: [^\n]+\n$/);
  });
});

describe('A multiboot kernel', () => {
  it('runs in protected mode and ends the run with its code', async () => {
    const program = [0xb0, 0x21, 0xe6, 0xe9, 0xb0, 0x03, 0xe6, 0xf4, 0xf4]; // '!' to port 0xe9, 3 to port 0xf4
    const kernel = file('exit.elf', multibootKernel(program));
    const outcome = await paravirt('run', '--kernel', kernel, '--memory', '16M', '--exit-port', '0xf4', '--timeout', '60');
    expect(outcome.stdout).toContain('!');
    expect(outcome.code).toBe((3 << 1) | 1);
  });

  it('that jumps into nowhere is reported with registers', async () => {
    const kernel = file('nowhere.elf', multibootKernel(JUMP_INTO_NOWHERE));
    expectTripleFault(await paravirt('run', '--kernel', kernel, '--memory', '16M', '--timeout', '60'));
  });
});
