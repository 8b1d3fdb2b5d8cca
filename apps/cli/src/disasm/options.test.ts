import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { checkDisasmOptions, defineDisasmOptions, type FileForm, type GuestForm } from './options.ts';

/** The options of a command line, or what is wrong with it. */
function parse(...args: readonly string[]): FileForm | GuestForm {
  const command = defineDisasmOptions(new Command().exitOverride().configureOutput({ writeErr: () => {} }));
  command.parse(args, { from: 'user' });
  return checkDisasmOptions(command.args[0], command.opts());
}

describe('paravirt disasm FILE', () => {
  it('is 64-bit code at address 0 unless told otherwise', () => {
    expect(parse('code')).toEqual({ kind: 'file', file: 'code', mode: 64, base: 0n });
    expect(parse('code', '--mode', '16', '--base', '0x7c00')).toEqual({ kind: 'file', file: 'code', mode: 16, base: 0x7c00n });
    expect(parse('code', '--base', '0xffffffff81000000')).toMatchObject({ base: 0xffff_ffff_8100_0000n });
  });

  it('takes no options of the other form', () => {
    expect(() => parse('code', '--bios', 'b')).toThrow('FILE excludes --kernel and --bios');
    expect(() => parse('code', '--budget', '1')).toThrow('--budget is for a guest that runs, not for a file');
  });

  it('refuses what is no address', () => {
    for (const base of ['-1', 'ffff', '0x', '0x10000000000000000', ''])
      expect(() => parse('code', '--base', base), base).toThrow('not an address');
  });
});

describe('paravirt disasm --kernel', () => {
  const guest = (...args: readonly string[]): FileForm | GuestForm => parse('--kernel', 'k', '--budget', '1', ...args);

  it('runs a budget of instructions with the translator', () => {
    expect(guest()).toMatchObject({ kind: 'guest', budget: 1n, region: undefined, top: 5, machine: { kernel: 'k', engine: 'translator' } });
    expect(parse('--kernel', 'k', '--budget', '1.5G', '--top', '3')).toMatchObject({ budget: 1_500_000_000n, top: 3 });
    expect(guest('--region', '0xc1000000')).toMatchObject({ region: 0xc100_0000n });
  });

  it('needs something to run, and for how long', () => {
    expect(() => parse()).toThrow('nothing to disassemble');
    expect(() => parse('--kernel', 'k')).toThrow('--budget N is missing');
    for (const budget of ['0', '-5', '1.5', '5x', '1e300'])
      expect(() => parse('--kernel', 'k', '--budget', budget), budget).toThrow('--budget');
  });

  it('refuses other engines, and what contradicts itself', () => {
    expect(() => guest('--engine', 'interpreter')).toThrow('--engine interpreter: only the translator makes regions');
    expect(() => guest('--region', '1', '--top', '1')).toThrow('exclude each other');
    expect(() => guest('--mode', '32')).toThrow('--mode and --base are for a file');
    expect(() => guest('--bios', 'b')).toThrow('exclude each other');
  });
});
