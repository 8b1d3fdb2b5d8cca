/** `paravirt monitor`. */
import type { Command } from 'commander';
import { EXIT } from '../run/exit-code.ts';
import { runClient } from './client.ts';

/** Adds the command to `program`. Exit code 1: a command was not done. */
export function addMonitorCommand(program: Command): void {
  program
    .command('monitor')
    .description('talk to a machine that was started with --monitor PATH; without a command, line by line')
    .argument('<path>', 'the socket')
    .argument('[command...]', 'what to do; "help" lists what there is')
    .option('--json', 'ask and answer in JSON')
    .passThroughOptions()
    .action(async (path: string, command: readonly string[], options: { readonly json?: true }) => {
      const { stdin: input, stdout: output, stderr: errors } = process;
      const done = await runClient({ path, command, json: options.json === true, input, output, errors });
      process.exitCode = done ? EXIT.ok : EXIT.failed;
    });
}
