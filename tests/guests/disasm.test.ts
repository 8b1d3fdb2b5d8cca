/** `paravirt disasm`: code of a file, and of a guest that runs, with its translation. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { paravirt } from './paravirt.ts';
import { multibootKernel } from './small-programs.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'paravirt-disasm-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, contents: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

describe('paravirt disasm FILE', () => {
  it('shows every instruction', async () => {
    const code = file('code', Uint8Array.of(0xb8, 1, 0, 0, 0, 0x40, 0xeb, 0xfd));
    const { stdout, code: exit } = await paravirt('disasm', code, '--mode', '32', '--base', '0x100000');
    const lines = ['00100000  b8 01 00 00 00            mov eax, 0x1', '00100005  40                        inc eax'];
    expect(stdout).toBe([...lines, '00100006  eb fd                     jmp 0x100005', ''].join('\n'));
    expect(exit).toBe(0);
  });

  it('refuses in one line what it cannot show', async () => {
    for (const args of [
      [],
      ['/no/such/file'],
      [file('code', Uint8Array.of(0x90)), '--mode', '8'],
      ['--bios', '/no/such/file', '--budget', '1'],
    ]) {
      const outcome = await paravirt('disasm', ...args);
      expect(outcome).toMatchObject({ code: 2, stdout: '' });
      expect(outcome.stderr).toMatch(/^paravirt: [^\n]+\n$/);
    }
  });
});

describe('paravirt disasm --kernel', () => {
  /** next: inc eax; add ecx, eax; jmp next */
  const kernel = (): string => file('kernel', multibootKernel([0x40, 0x01, 0xc1, 0xeb, 0xfb]));

  it('shows the hottest code of a guest, and what it was translated to', async () => {
    const { stdout, code } = await paravirt('disasm', '--kernel', kernel(), '--budget', '20M', '--top', '1');
    expect(stdout).toMatch(/^region 0x100010, 32-bit code, 3 instructions, [\d,]+ entr(y|ies), /);
    const lines = ['00100010  40                        inc eax', '00100011  01 c1                     add ecx, eax'];
    for (const line of [...lines, '00100013  eb fb                     jmp 0x100010']) expect(stdout).toContain(`  ${line}\n`);
    expect(stdout).toMatch(/\nWebAssembly\n(.*\n)+.* loop \$\d+\n(.*\n)+.*i32\.add\n/);
    expect(code).toBe(0);
  });

  it('finds the region that holds an address, or says that there is none', async () => {
    const found = await paravirt('disasm', '--kernel', kernel(), '--budget', '20M', '--region', '0x100011');
    expect(found.stdout).toMatch(/^region 0x100010/);
    const none = await paravirt('disasm', '--kernel', kernel(), '--budget', '20M', '--region', '0x5000');
    expect(none).toMatchObject({ stdout: '', code: 1 });
    expect(none.stderr).toMatch(/no region holds 0x5000\n$/);
  });
});
