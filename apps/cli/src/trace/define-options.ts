/** The options of `paravirt trace` as commander knows them: those of a card and a workload, and those of `paravirt run`. */
import { type Command, Option } from 'commander';
import { type checkOptions, defineOptions } from '../run/options.ts';

export const FORMATS = ['table', 'chrome', 'pcapng'] as const;
export type TraceFormat = (typeof FORMATS)[number];

type RawRunOptions = Parameters<typeof checkOptions>[0];

export interface RawTraceOptions extends RawRunOptions {
  readonly card?: string;
  readonly workload?: string;
  readonly profile?: string;
  readonly format: TraceFormat;
  readonly out?: string;
  readonly events: string;
}

export function defineTraceOptions(command: Command): Command {
  command
    .option(
      '--card <spec>',
      'without a guest: model=virtio-net|venet[,bus=pci|vbus][,wire=pci|hypercall][,interrupts=…][,doorbell=…][,suppression=…][,mitigation=…][,place=…][,aggregation=on|off]',
    )
    .option('--workload <spec>', 'without a guest: request-response[:COUNT[:SIZE]], ping, packets-up, bulk-down …')
    .option('--profile <name|file>', 'without a guest: what things cost (default: 2009)')
    .addOption(new Option('--format <name>', 'how the trace is written').choices([...FORMATS]).default('table'))
    .option('--out <file>', 'where it is written (default: standard output; a guest needs a file)')
    .option('--events <n>', 'events that are kept, from the first', '100000');
  return defineOptions(command);
}
