/** The options of `paravirt run`, as commander gives them and as they are meant; those that make a machine serve other commands, too. */

import type { RunTrace } from '@paravirt/lab';
import { ENGINES, type EngineName } from '@paravirt/x86-core';
import { type Command, Option } from 'commander';
import { type NetOption, parseNet } from './net-option.ts';
import { UsageError } from './usage-error.ts';
import { parseMemory, parsePort, parseSeconds } from './values.ts';
import { parseVbus, type VbusOption, vbusOptions } from './vbus-option.ts';

/** What a machine is made of. */
export interface MachineOptions {
  /** Bytes. */
  readonly memory: number;
  /** Path; exactly one of `kernel` and `bios` is set. */
  readonly kernel: string | undefined;
  readonly initrd: string | undefined;
  readonly append: string | undefined;
  readonly bios: string | undefined;
  readonly nets: readonly NetOption[];
  /** Wires to a vbus beside those that the cards need, and how connectors notify. */
  readonly vbus: readonly VbusOption[];
  readonly deterministic: boolean;
  /** Somebody may act on the machine from outside while it runs. */
  readonly attended?: boolean;
  readonly exitPort: number | undefined;
  /** Undefined: the CPU's default. */
  readonly engine: EngineName | undefined;
  /** The CPU keeps and counts what it translates. */
  readonly observe?: boolean;
  readonly unknownOpcodes: 'fault' | 'stop';
  /** Makes what is told of the cards' rings; `now`: virtual ns. */
  readonly trace?: (now: () => bigint) => RunTrace;
}

export interface RunOptions extends MachineOptions {
  readonly stats: 'text' | 'json' | undefined;
  /** Seconds. */
  readonly timeout: number | undefined;
  readonly expect: string | undefined;
  readonly debugConsole: 'stdout' | 'stderr';
  /** Path of the monitor's socket. */
  readonly monitor: string | undefined;
}

/** What commander collects. */
export interface RawMachineOptions {
  readonly memory: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append?: string;
  readonly bios?: string;
  readonly net?: readonly string[];
  readonly vbus?: readonly string[];
  readonly deterministic?: true;
  readonly exitPort?: string;
  readonly engine?: EngineName;
  readonly unknownOpcodes: 'fault' | 'stop';
}

interface RawOptions extends RawMachineOptions {
  readonly stats?: string | true;
  readonly timeout?: string;
  readonly expect?: string;
  readonly debugConsole: 'stdout' | 'stderr';
  readonly monitor?: string;
}

const append = (value: string, previous: readonly string[] = []): readonly string[] => [...previous, value];

/** The options that make a machine. */
export function defineMachineOptions(command: Command): Command {
  return command
    .option('--kernel <file>', 'boot a Linux bzImage or a multiboot kernel')
    .option('--initrd <file>', 'initial RAM disk, or the boot module of a multiboot kernel')
    .option('--append <string>', 'kernel command line')
    .option('--bios <file>', 'start a firmware ROM at the reset vector instead of a kernel')
    .option('--memory <size>', 'RAM: 512M, 1G', '512M')
    .option(
      '--net <spec>',
      'network card, repeatable: user[,model=virtio-net|venet][,bus=pci|vbus][,wire=pci|hypercall][,interrupts=msix|msix-shared|msi|intx][,doorbell=mmio|port][,suppression=event-idx|flags|none|shm-signal][,mitigation=none|timer:TIME|packets:N:TIME|poll:TIME:ROUNDS][,place=inline|deferred|worker][,mac=…][,mtu=…][,forward=tcp:127.0.0.1:2222-:22][,pcap=FILE][,tftp=DIR][,bootfile=NAME]',
      append,
    )
    .option(
      '--vbus <spec>',
      'a virtual bus without a card yet, repeatable: pci[,doorbell=port|mmio][,interrupts=msi|intx][,aggregation=on|off] or hypercall[,aggregation=on|off]',
      append,
    )
    .option('--deterministic', 'time counts instructions: the same input gives the same run; piped input is read first')
    .option('--exit-port <port>', 'a write to this port ends the run with exit code (value << 1) | 1')
    .addOption(
      new Option('--engine <name>', 'how instructions are executed: by the fastest engine, unless you say').choices(ENGINES.toReversed()),
    )
    .addOption(
      new Option('--unknown-opcodes <what>', 'an instruction that the CPU lacks raises #UD, or ends the run with exit code 4')
        .choices(['fault', 'stop'])
        .default('fault'),
    );
}

export function defineOptions(command: Command): Command {
  return defineMachineOptions(command)
    .option('--stats [format]', 'at the end, tell what machine and engine did on standard error: text or json')
    .option('--monitor <path>', 'listen on a Unix socket for `paravirt monitor`')
    .option('--timeout <seconds>', 'end the run after this time, with exit code 124')
    .option('--expect <text>', 'end the run when the guest prints the text, with exit code 0; 1 if it ends without')
    .addOption(
      new Option('--debug-console <stream>', 'where text written to port 0xE9 goes').choices(['stdout', 'stderr']).default('stdout'),
    );
}

/** @throws UsageError */
export function checkMachineOptions(raw: RawMachineOptions): MachineOptions {
  if (raw.kernel === undefined && raw.bios === undefined) throw new UsageError('nothing to boot: give --kernel FILE or --bios FILE');
  if (raw.kernel !== undefined && raw.bios !== undefined) throw new UsageError('--kernel and --bios exclude each other');
  if (raw.kernel === undefined && raw.initrd !== undefined) throw new UsageError('--initrd needs --kernel');
  if (raw.kernel === undefined && raw.append !== undefined) throw new UsageError('--append needs --kernel');
  const vbus = (raw.vbus ?? []).map(parseVbus);
  // One for all wires: what contradicts itself is refused before anything is read.
  vbusOptions(vbus);
  return {
    memory: parseMemory(raw.memory),
    kernel: raw.kernel,
    initrd: raw.initrd,
    append: raw.append,
    bios: raw.bios,
    nets: (raw.net ?? []).map(parseNet),
    vbus,
    deterministic: raw.deterministic === true,
    exitPort: raw.exitPort === undefined ? undefined : parsePort(raw.exitPort),
    engine: raw.engine,
    unknownOpcodes: raw.unknownOpcodes,
  };
}

/** @throws UsageError */
export function checkOptions(raw: RawOptions): RunOptions {
  const machine = checkMachineOptions(raw);
  if (raw.expect === '') throw new UsageError('--expect: the text is empty');
  if (raw.stats !== undefined && raw.stats !== true && raw.stats !== 'json' && raw.stats !== 'text')
    throw new UsageError(`--stats=${raw.stats}: known formats are text and json`);
  return {
    ...machine,
    attended: raw.monitor !== undefined,
    monitor: raw.monitor,
    stats: raw.stats === true ? 'text' : raw.stats,
    timeout: raw.timeout === undefined ? undefined : parseSeconds(raw.timeout),
    expect: raw.expect,
    debugConsole: raw.debugConsole,
  };
}
