/** `paravirt disasm`. */
import type { Command } from 'commander';
import { disasm } from './disasm.ts';
import { checkDisasmOptions, defineDisasmOptions, type RawDisasmOptions } from './options.ts';

/** Adds the command to `program`. Its exit code is process.exitCode; see disasm.ts for what may be thrown. */
export function addDisasmCommand(program: Command): void {
  const command = program.command('disasm').description("show code: of a file, or a running guest's with its translation");
  defineDisasmOptions(command).action(async (file: string | undefined, raw: RawDisasmOptions) => {
    const options = checkDisasmOptions(file, raw);
    // A reader that has seen enough closes the pipe.
    process.stdout.on('error', () => {});
    process.exitCode = await disasm(
      options,
      (text) => void process.stdout.write(text),
      (text) => void process.stderr.write(text),
    );
  });
}
