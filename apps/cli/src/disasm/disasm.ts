/**
 * `paravirt disasm`: a file of code as x86 text; or a guest, run for a number of instructions, and the regions that the translator made of its
 * code. Of the guest nothing is shown; messages of the command go to standard error.
 */
import { listing, type RegionInfo } from '@paravirt/x86-core';
import { EXIT } from '../run/exit-code.ts';
import { readFile } from '../run/files.ts';
import { withMachine } from '../run/machine.ts';
import { addressDigits, listingLines } from './listing-text.ts';
import type { FileForm, GuestForm } from './options.ts';
import { holding, hottest, regionText } from './region-text.ts';

/** Where the text goes; written to in pieces of some size. */
export type Write = (text: string) => void;

const LINES_PER_WRITE = 1000;

/** The exit code. @throws UsageError, ConfigurationError */
export async function disasm(options: FileForm | GuestForm, write: Write, tell: Write): Promise<number> {
  return options.kind === 'file' ? disasmFile(options, write) : disasmGuest(options, write, tell);
}

function disasmFile({ file, mode, base }: FileForm, write: Write): number {
  let lines: string[] = [];
  for (const line of listingLines(listing(readFile('FILE', file), { mode, address: base }), addressDigits(mode))) {
    lines.push(line);
    if (lines.length < LINES_PER_WRITE) continue;
    write(`${lines.join('\n')}\n`);
    lines = [];
  }
  if (lines.length > 0) write(`${lines.join('\n')}\n`);
  return EXIT.ok;
}

async function disasmGuest({ machine, budget, region, top }: GuestForm, write: Write, tell: Write): Promise<number> {
  return withMachine(machine, async ({ pc }) => {
    const stop = await pc.run({ retired: budget });
    const regions = [...pc.cpu.regions()];
    tell(`paravirt: ${pc.cpu.retired} instructions (${stop.kind}), ${regions.length} regions\n`);
    return show(regions, region, top, write, tell);
  });
}

function show(regions: readonly RegionInfo[], address: bigint | undefined, top: number, write: Write, tell: Write): number {
  const chosen = address === undefined ? hottest(regions, top) : holding(regions, address);
  for (const region of chosen) write(`${regionText(region)}\n`);
  if (chosen.length > 0) return EXIT.ok;
  tell(`paravirt: ${address === undefined ? 'nothing was translated' : `no region holds 0x${address.toString(16)}`}\n`);
  return EXIT.failed;
}
