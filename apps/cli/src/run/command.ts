/** `paravirt run`. */
import type { Command } from 'commander';
import { checkOptions, defineOptions } from './options.ts';
import { run } from './run.ts';

/** Adds the command to `program`. Its exit code is process.exitCode; see run.ts for what may be thrown. */
export function addRunCommand(program: Command): void {
  defineOptions(program.command('run').description('boot a guest; its serial console is the terminal')).action(
    async (raw: Parameters<typeof checkOptions>[0]) => {
      process.exitCode = await run(checkOptions(raw));
    },
  );
}
