import { ENGINES } from '@paravirt/x86-core';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { checkOptions, defineOptions, type RunOptions } from './options.ts';

/** The options of a command line, or what is wrong with it. */
function parse(...args: readonly string[]): RunOptions {
  const command = defineOptions(new Command().exitOverride().configureOutput({ writeErr: () => {} }));
  command.parse(args, { from: 'user' });
  return checkOptions(command.opts());
}

describe('paravirt run', () => {
  it('needs one thing to boot', () => {
    expect(() => parse()).toThrow('nothing to boot: give --kernel FILE or --bios FILE');
    expect(() => parse('--kernel', 'k', '--bios', 'b')).toThrow('exclude each other');
    expect(() => parse('--bios', 'b', '--initrd', 'i')).toThrow('--initrd needs --kernel');
    expect(() => parse('--bios', 'b', '--append', 'a')).toThrow('--append needs --kernel');
  });

  it('has defaults', () => {
    expect(parse('--kernel', 'k')).toEqual({
      memory: 512 * 2 ** 20,
      kernel: 'k',
      initrd: undefined,
      append: undefined,
      bios: undefined,
      nets: [],
      vbus: [],
      stats: undefined,
      deterministic: false,
      timeout: undefined,
      expect: undefined,
      exitPort: undefined,
      engine: undefined,
      unknownOpcodes: 'fault',
      debugConsole: 'stdout',
      monitor: undefined,
      attended: false,
    });
  });

  it('takes a command line that looks like options', () => {
    expect(parse('--kernel', 'k', '--append', '--x --deterministic')).toMatchObject({
      append: '--x --deterministic',
      deterministic: false,
    });
  });

  it('takes --stats with and without a format, and --net as often as given', () => {
    expect(parse('--bios', 'b', '--stats').stats).toBe('text');
    expect(parse('--bios', 'b', '--stats=json').stats).toBe('json');
    expect(() => parse('--bios', 'b', '--stats=xml')).toThrow('known formats are text and json');
    expect(parse('--bios', 'b', '--net', 'user', '--net', 'user,mtu=1400').nets.map((n) => n.mtu)).toEqual([undefined, 1400]);
  });

  it('takes --vbus for each wire, with how its connector notifies', () => {
    expect(parse('--bios', 'b', '--vbus', 'pci,doorbell=mmio,interrupts=intx,aggregation=off', '--vbus', 'hypercall').vbus).toEqual([
      { wire: 'pci', options: { doorbell: 'mmio', interrupts: 'intx', aggregation: false } },
      { wire: 'hypercall', options: {} },
    ]);
  });

  it.each([
    ['usb', '--vbus usb: no such wire; known: pci, hypercall'],
    ['hypercal', 'no such wire (did you mean hypercall?)'],
    ['pci,doorbel=port', '--vbus: unknown key "doorbel" (did you mean doorbell?)'],
    ['pci,doorbell', '--vbus: doorbell needs a value: doorbell=…'],
    ['pci,doorbell=hypercall', '--vbus: no doorbell "hypercall"; known: port, mmio'],
    ['pci,interrupts=msix', '--vbus: no interrupts "msix" (did you mean msi?)'],
    ['pci,aggregation=no', '--vbus: no aggregation "no"; known: on, off'],
    ['pci,aggregation=on,aggregation=off', '--vbus: aggregation is given twice'],
    ['hypercall,doorbell=mmio', 'doorbell is for the bridge on the wire pci'],
  ])('refuses --vbus %s', (text, message) => {
    expect(() => parse('--bios', 'b', '--vbus', text)).toThrow(message);
  });

  it('refuses connectors that contradict each other', () => {
    expect(() => parse('--bios', 'b', '--vbus', 'pci,aggregation=on', '--vbus', 'hypercall,aggregation=off')).toThrow(
      '--vbus: aggregation is the same on all wires',
    );
  });

  it('knows the engines; refuses an empty --expect, an unknown engine and an unknown option', () => {
    expect(() => parse('--bios', 'b', '--expect', '')).toThrow('--expect: the text is empty');
    expect(() => parse('--bios', 'b', '--engine', 'fast')).toThrow(`Allowed choices are ${ENGINES.toReversed().join(', ')}`);
    for (const engine of ENGINES) expect(parse('--bios', 'b', '--engine', engine).engine).toBe(engine);
    expect(() => parse('--bios', 'b', '--memry', '1G')).toThrow("unknown option '--memry'");
  });
});
