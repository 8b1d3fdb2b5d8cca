#!/usr/bin/env node
/** The command `paravirt`. What the user can set right ends with one line on standard error and exit code 2; anything else is a bug of ours. */
import { ConfigurationError } from '@paravirt/machine';
import { Command, CommanderError } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { addDisasmCommand } from './disasm/command.ts';
import { addImageCommand } from './image/command.ts';
import { addLabCommand } from './lab/command.ts';
import { addMonitorCommand } from './monitor/command.ts';
import { addRunCommand } from './run/command.ts';
import { EXIT } from './run/exit-code.ts';
import { flushed } from './run/output.ts';
import { UsageError } from './run/usage-error.ts';
import { prepareV8 } from './run/v8-flags.ts';
import { addTraceCommand } from './trace/command.ts';

if (process.argv[2] === 'run') prepareV8();

/** Commander's message in our form: one line. */
const oneLine = (message: string): string =>
  `${message
    .replace(/^error: /, 'paravirt: ')
    .trim()
    .replaceAll('\n', ' ')}\n`;

const program = new Command('paravirt')
  .description('x86 PCs in TypeScript')
  .version(manifest.version)
  .enablePositionalOptions()
  .exitOverride()
  .configureOutput({ outputError: (message, write) => write(oneLine(message)) });
addRunCommand(program);
addImageCommand(program);
addDisasmCommand(program);
addMonitorCommand(program);
addLabCommand(program);
addTraceCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else if (error instanceof UsageError || error instanceof ConfigurationError) {
    process.stderr.write(oneLine(`error: ${error.message}`));
    process.exitCode = EXIT.usage;
  } else throw error;
}
// Sockets of the guest's network may still be open: nothing of them matters any more.
await flushed(process.stdout, process.stderr);
process.exit();
