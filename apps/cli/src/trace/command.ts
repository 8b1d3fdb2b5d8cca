/** `paravirt trace`; what it needs is loaded when it runs. */
import type { Command } from 'commander';
import { defineTraceOptions, type RawTraceOptions } from './define-options.ts';

/** Adds the command to `program`. Its exit code is process.exitCode; see trace.ts for what may be thrown. */
export function addTraceCommand(program: Command): void {
  const command = program
    .command('trace')
    .description('follow buffers and signals through the rings of a card: table, Chrome trace, or capture');
  defineTraceOptions(command).action(async (raw: RawTraceOptions) => {
    const [{ checkTraceOptions }, { trace }] = await Promise.all([import('./options.ts'), import('./trace.ts')]);
    process.stdout.on('error', () => {}); // a reader that has seen enough closes the pipe
    process.exitCode = await trace(checkTraceOptions(raw), {
      write: (data) => void process.stdout.write(data),
      tell: (line) => void process.stderr.write(`paravirt: ${line}\n`),
    });
  });
}
