/**
 * Runs one guest from options to exit code: console, statistics, and everything that can end the run. Whatever happens, the
 * terminal is restored, sockets are closed and all output is written before the code is returned.
 */
import type { NetworkCard, Pc } from '@paravirt/machine';
import { MonitorServer } from '../monitor/server.ts';
import { type Cause, type Ending, endingOf } from './exit-code.ts';
import { firstInput } from './first-input.ts';
import { Keyboard } from './keyboard.ts';
import { withMachine } from './machine.ts';
import { parseNet } from './net-option.ts';
import type { Networks } from './networks.ts';
import type { RunOptions } from './options.ts';
import { flushed } from './output.ts';
import { asJson, asText, type Statistics } from './statistics.ts';
import { TextSearch } from './text-search.ts';

const SIGNALS = [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const;

/** The exit code. @throws UsageError, ConfigurationError for options and files that cannot be used; nothing was started then. */
export async function run(options: RunOptions): Promise<number> {
  return withMachine(options, ({ pc, networks }) => runPc(pc, options, networks));
}

async function runPc(pc: Pc, options: RunOptions, networks: Networks): Promise<number> {
  let cause: Cause | undefined;
  const end = (why: Cause): void => {
    cause ??= why;
    pc.stop();
  };
  connectOutput(pc, options, end);

  const input = process.stdin;
  const first = options.deterministic ? await firstInput(input) : new Uint8Array(0);
  const keyboard = new Keyboard({ input, process, send: (bytes) => pc.console.write(bytes), quit: () => end({ kind: 'quit' }), first });
  pc.console.onWritable = (): void => keyboard.flush();
  if (input.isTTY === true) process.stderr.write('paravirt: press Ctrl-A X to quit\n');

  const onSignal = SIGNALS.map(([name, number]) => [name, (): void => end({ kind: 'signal', name, number })] as const);
  for (const [name, listener] of onSignal) process.on(name, listener);
  const { timeout } = options;
  const timer = timeout === undefined ? undefined : setTimeout(() => end({ kind: 'timeout', seconds: timeout }), timeout * 1000);
  const started = performance.now();
  const statistics = (): Statistics => collect(pc, networks, (performance.now() - started) / 1000);
  let monitor: MonitorServer | undefined;
  try {
    if (options.monitor !== undefined) {
      const addCard = (spec: string): Promise<NetworkCard> =>
        networks.add(
          parseNet(spec),
          (net) => pc.cards.add(net),
          (card) => void pc.cards.remove(card.name, true),
        );
      monitor = await MonitorServer.listen(options.monitor, { pc, addCard, statistics, quit: () => end({ kind: 'quit' }) });
    }
    const stop = await pc.run();
    const ending = endingOf(stop, cause, options.expect !== undefined);
    keyboard.close();
    report(pc, ending);
    await monitor?.close();
    if (options.stats !== undefined) process.stderr.write(options.stats === 'json' ? asJson(statistics()) : asText(statistics()));
    await flushed(process.stdout, process.stderr);
    return ending.code;
  } finally {
    await monitor?.close();
    clearTimeout(timer);
    keyboard.close();
    for (const [name, listener] of onSignal) process.off(name, listener);
  }
}

/** The serial console to standard output, the debug console where the user wants it; both are searched for the expected text. */
function connectOutput(pc: Pc, options: RunOptions, end: (why: Cause) => void): void {
  const watch = (): ((bytes: Uint8Array) => void) => {
    if (options.expect === undefined) return () => {};
    const search = new TextSearch(options.expect);
    return (bytes) => {
      if (search.push(bytes)) end({ kind: 'expected' });
    };
  };
  const [serialSeen, debugSeen] = [watch(), watch()];
  pc.console.onOutput = (bytes): void => {
    process.stdout.write(bytes);
    serialSeen(bytes);
  };
  const debug = options.debugConsole === 'stderr' ? process.stderr : process.stdout;
  pc.onDebugOutput = (bytes): void => {
    debug.write(bytes);
    debugSeen(bytes);
  };
  // EPIPE and the like: the reader is gone, and with it the reason to run.
  process.stdout.on('error', () => end({ kind: 'output-closed' }));
  process.stderr.on('error', () => {});
}

function report(pc: Pc, ending: Ending): void {
  if (ending.message !== undefined) process.stderr.write(`paravirt: ${ending.message}\n`);
  if (ending.registers) process.stderr.write(pc.describeCpu());
}

function collect(pc: Pc, networks: Networks, hostSeconds: number): Statistics {
  const exits = pc.exits.toJSON();
  return {
    ...exits,
    engine: { name: pc.cpu.engine, ...pc.cpu.statistics },
    hostSeconds,
    millionInstructionsPerSecond: exits.instructions / hostSeconds / 1e6,
    frames: networks.frames(),
    // In KiB, as getrusage gives it.
    peakMemory: process.resourceUsage().maxRSS * 1024,
  };
}
