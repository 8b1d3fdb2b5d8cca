/**
 * `paravirt lab`, `lab list`, `lab worker`. What they need is loaded when they run, so that the other commands start without it.
 */
import type { Command } from 'commander';
import { EXIT } from '../run/exit-code.ts';
import {
  checkLabOptions,
  checkWorkerOptions,
  defineLabOptions,
  defineWorkerOptions,
  type RawLabOptions,
  type RawWorkerOptions,
} from './options.ts';

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/** Adds the command to `program`. The exit code is process.exitCode; see lab.ts for what may be thrown. */
export function addLabCommand(program: Command): void {
  const command = program
    .command('lab')
    .description('measure PCI against virtual-bus: the claims of 2009 as experiments, and a report of what they show')
    .enablePositionalOptions();
  defineLabOptions(command).action(async (raw: RawLabOptions) => {
    const options = checkLabOptions(raw);
    process.stdout.on('error', () => {}); // a reader that has seen enough closes the pipe
    const { lab } = await import('./lab.ts');
    await untilInterrupted((signal) => lab(options, process, signal));
  });
  command
    .command('list')
    .description('the sections of the report, and how many points each measures')
    .action(async () => {
      const { sectionList } = await import('./section-list.ts');
      process.stdout.write(sectionList());
    });
  defineWorkerOptions(
    command.command('worker').description('measure for a `paravirt lab --nats URL` elsewhere, until it is stopped'),
  ).action(async (raw: RawWorkerOptions) => {
    const { address, count, quiet } = checkWorkerOptions(raw);
    const [{ work }, { buildIdentity, buildName }] = await Promise.all([import('./nats/worker.ts'), import('./build-identity.ts')]);
    const notice = (text: string): void => void (quiet || process.stderr.write(`paravirt: ${text}\n`));
    await untilInterrupted(async (signal) => {
      await work({ address, build: buildName(buildIdentity()), count, notice }, signal);
      return EXIT.ok;
    });
  });
  command.command('measure', { hidden: true }).action(async () => {
    const { measureForParent } = await import('./measuring-child.ts');
    await measureForParent();
  });
}

/** Runs something that a signal, or the end of a parent that started this process, asks to end; a second signal ends it at once. */
async function untilInterrupted(run: (signal: AbortSignal) => Promise<number>): Promise<void> {
  const controller = new AbortController();
  let received: keyof typeof SIGNALS | undefined;
  for (const name of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) {
    process.on(name, () => {
      if (received !== undefined) process.exit(EXIT.signal + SIGNALS[name]);
      received = name;
      controller.abort();
    });
  }
  process.on('disconnect', () => controller.abort());
  const code = await run(controller.signal);
  process.exitCode = received === undefined ? code : EXIT.signal + SIGNALS[received];
}
