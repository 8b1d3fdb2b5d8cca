/** The options of `paravirt run`, as commander gives them and as they are meant. */
import { type Command, Option } from 'commander';
import { type NetOption, parseNet } from './net-option.ts';
import { UsageError } from './usage-error.ts';
import { parseMemory, parsePort, parseSeconds } from './values.ts';

export interface RunOptions {
  /** Bytes. */
  readonly memory: number;
  /** Path; exactly one of `kernel` and `bios` is set. */
  readonly kernel: string | undefined;
  readonly initrd: string | undefined;
  readonly append: string | undefined;
  readonly bios: string | undefined;
  readonly nets: readonly NetOption[];
  readonly stats: 'text' | 'json' | undefined;
  readonly deterministic: boolean;
  /** Seconds. */
  readonly timeout: number | undefined;
  readonly expect: string | undefined;
  readonly exitPort: number | undefined;
  readonly engine: 'interpreter' | 'reference';
  readonly unknownOpcodes: 'fault' | 'stop';
  readonly debugConsole: 'stdout' | 'stderr';
}

/** What commander collects. */
interface RawOptions {
  readonly memory: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append?: string;
  readonly bios?: string;
  readonly net?: readonly string[];
  readonly stats?: string | true;
  readonly deterministic?: true;
  readonly timeout?: string;
  readonly expect?: string;
  readonly exitPort?: string;
  readonly engine: 'interpreter' | 'reference';
  readonly unknownOpcodes: 'fault' | 'stop';
  readonly debugConsole: 'stdout' | 'stderr';
}

const append = (value: string, previous: readonly string[] = []): readonly string[] => [...previous, value];

export function defineOptions(command: Command): Command {
  return command
    .option('--kernel <file>', 'boot a Linux bzImage or a multiboot kernel')
    .option('--initrd <file>', 'initial RAM disk, or the boot module of a multiboot kernel')
    .option('--append <string>', 'kernel command line')
    .option('--bios <file>', 'start a firmware ROM at the reset vector instead of a kernel')
    .option('--memory <size>', 'RAM: 512M, 1G', '512M')
    .option(
      '--net <spec>',
      'network card, repeatable: user[,model=virtio-net-pci][,mac=…][,mtu=…][,forward=tcp:127.0.0.1:2222-:22][,pcap=FILE][,tftp=DIR][,bootfile=NAME]',
      append,
    )
    .option('--stats [format]', 'at the end, tell what the machine did on standard error: text or json')
    .option('--deterministic', 'time counts instructions: the same input gives the same run; piped input is read first')
    .option('--timeout <seconds>', 'end the run after this time, with exit code 124')
    .option('--expect <text>', 'end the run when the guest prints the text, with exit code 0; 1 if it ends without')
    .option('--exit-port <port>', 'a write to this port ends the run with exit code (value << 1) | 1')
    .addOption(new Option('--engine <name>', 'how instructions are executed').choices(['interpreter', 'reference']).default('interpreter'))
    .addOption(
      new Option('--unknown-opcodes <what>', 'an instruction that the CPU lacks raises #UD, or ends the run with exit code 4')
        .choices(['fault', 'stop'])
        .default('fault'),
    )
    .addOption(
      new Option('--debug-console <stream>', 'where text written to port 0xE9 goes').choices(['stdout', 'stderr']).default('stdout'),
    );
}

/** @throws UsageError */
export function checkOptions(raw: RawOptions): RunOptions {
  if (raw.kernel === undefined && raw.bios === undefined) throw new UsageError('nothing to boot: give --kernel FILE or --bios FILE');
  if (raw.kernel !== undefined && raw.bios !== undefined) throw new UsageError('--kernel and --bios exclude each other');
  if (raw.kernel === undefined && raw.initrd !== undefined) throw new UsageError('--initrd needs --kernel');
  if (raw.kernel === undefined && raw.append !== undefined) throw new UsageError('--append needs --kernel');
  if (raw.expect === '') throw new UsageError('--expect: the text is empty');
  if (raw.stats !== undefined && raw.stats !== true && raw.stats !== 'json' && raw.stats !== 'text')
    throw new UsageError(`--stats=${raw.stats}: known formats are text and json`);
  return {
    memory: parseMemory(raw.memory),
    kernel: raw.kernel,
    initrd: raw.initrd,
    append: raw.append,
    bios: raw.bios,
    nets: (raw.net ?? []).map(parseNet),
    stats: raw.stats === true ? 'text' : raw.stats,
    deterministic: raw.deterministic === true,
    timeout: raw.timeout === undefined ? undefined : parseSeconds(raw.timeout),
    expect: raw.expect,
    exitPort: raw.exitPort === undefined ? undefined : parsePort(raw.exitPort),
    engine: raw.engine,
    unknownOpcodes: raw.unknownOpcodes,
    debugConsole: raw.debugConsole,
  };
}
