/** The options of `paravirt disasm`. It has two forms: a file of code, or a guest that runs for a while and whose translation is shown. */
import { type Command, Option } from 'commander';
import { checkMachineOptions, defineMachineOptions, type MachineOptions, type RawMachineOptions } from '../run/options.ts';
import { UsageError } from '../run/usage-error.ts';

/** A file that holds nothing but code. */
export interface FileForm {
  readonly kind: 'file';
  readonly file: string;
  readonly mode: 16 | 32 | 64;
  /** Address of the first byte. */
  readonly base: bigint;
}

export interface GuestForm {
  readonly kind: 'guest';
  readonly machine: MachineOptions;
  /** Instructions to run. */
  readonly budget: bigint;
  /** Linear address of an instruction whose regions are shown; undefined: the hottest ones. */
  readonly region: bigint | undefined;
  readonly top: number;
}

export interface RawDisasmOptions extends RawMachineOptions {
  readonly mode?: '16' | '32' | '64';
  readonly base?: string;
  readonly budget?: string;
  readonly region?: string;
  readonly top?: string;
}

const DEFAULT_TOP = 5;

export function defineDisasmOptions(command: Command): Command {
  command
    .argument('[file]', 'code without a header; or give --kernel or --bios to see what a running guest was translated to')
    .addOption(new Option('--mode <bits>', 'of FILE: size of the code segment (default: 64)').choices(['16', '32', '64']))
    .option('--base <address>', 'of FILE: address of its first byte (default: 0)')
    .option('--budget <n>', 'instructions that the guest runs: 500000000, 500M, 2G')
    .option('--region <address>', 'show the regions that hold the instruction at this linear address')
    .option('--top <n>', `show as many regions, the hottest first (default: ${DEFAULT_TOP})`);
  return defineMachineOptions(command);
}

/** @throws UsageError */
export function checkDisasmOptions(file: string | undefined, raw: RawDisasmOptions): FileForm | GuestForm {
  const guest = raw.kernel !== undefined || raw.bios !== undefined;
  if (file !== undefined && guest) throw new UsageError('FILE excludes --kernel and --bios');
  if (file !== undefined) {
    const stray = (['budget', 'region', 'top'] as const).find((name) => raw[name] !== undefined);
    if (stray !== undefined) throw new UsageError(`--${stray} is for a guest that runs, not for a file`);
    return { kind: 'file', file, mode: Number(raw.mode ?? '64') as 16 | 32 | 64, base: parseAddress('--base', raw.base ?? '0') };
  }
  if (!guest) throw new UsageError('nothing to disassemble: give FILE, or --kernel FILE or --bios FILE and --budget N');
  if (raw.mode !== undefined || raw.base !== undefined) throw new UsageError('--mode and --base are for a file, not for a guest that runs');
  if (raw.budget === undefined) throw new UsageError('--budget N is missing: how many instructions to run before looking');
  if (raw.region !== undefined && raw.top !== undefined) throw new UsageError('--region and --top exclude each other');
  const machine = checkMachineOptions(raw);
  const { engine = 'translator' } = machine;
  if (engine !== 'translator') throw new UsageError(`--engine ${engine}: only the translator makes regions`);
  return {
    kind: 'guest',
    machine: { ...machine, engine, observe: true },
    budget: parseBudget(raw.budget),
    region: raw.region === undefined ? undefined : parseAddress('--region', raw.region),
    top: raw.top === undefined ? DEFAULT_TOP : parseTop(raw.top),
  };
}

/** Decimal or 0x hexadecimal, below 2^64. */
function parseAddress(option: string, text: string): bigint {
  const address = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? BigInt(text) : -1n;
  if (address < 0n || address >= 2n ** 64n) throw new UsageError(`${option} ${text}: not an address; write 0xffffffff81000000`);
  return address;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, G: 1e9 };

function parseBudget(text: string): bigint {
  const match = /^(\d+(?:\.\d+)?)([KMG]?)$/i.exec(text);
  const count = match === null ? Number.NaN : Number(match[1]) * (UNITS[(match[2] ?? '').toUpperCase()] ?? Number.NaN);
  if (!Number.isSafeInteger(count) || count < 1) throw new UsageError(`--budget ${text}: not a number of instructions; write 500M`);
  return BigInt(count);
}

function parseTop(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(count) || count < 1) throw new UsageError(`--top ${text}: not a number of regions`);
  return count;
}
