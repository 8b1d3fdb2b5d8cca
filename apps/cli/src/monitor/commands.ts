/** The monitor's commands: one table, in which a command is one or two words, and what they do to a running machine. */
import { ConfigurationError } from '@paravirt/machine';
import { asText } from '../run/statistics.ts';
import { suggestion, UsageError } from '../run/usage-error.ts';
import { busCommands } from './bus-commands.ts';
import { CommandError } from './command-error.ts';
import { done, lines, type MonitorCommand, type MonitorTarget } from './monitor-command.ts';
import type { Answer, Json } from './protocol.ts';
import { vbusCommands } from './vbus-commands.ts';

const general: readonly MonitorCommand[] = [
  {
    name: 'help',
    usage: '',
    description: 'this list',
    arguments: [0, 0],
    run: () =>
      lines(
        COMMANDS.map(({ name, usage, description }) => ({ name, usage, description })),
        COMMANDS.map(({ name, usage, description }) => `${`${name} ${usage}`.padEnd(36)} ${description}`),
      ),
  },
  {
    name: 'stats',
    usage: '',
    description: 'what the machine did so far, as --stats tells it at the end',
    arguments: [0, 0],
    run: (target) => {
      const statistics = target.statistics();
      return { value: statistics as unknown as Json, text: asText(statistics) };
    },
  },
  {
    name: 'reset',
    usage: '',
    description: 'the reset button',
    arguments: [0, 0],
    run: ({ pc }) => {
      pc.reset();
      return done;
    },
  },
  {
    name: 'power',
    usage: '',
    description: 'the power button: the guest decides what to do',
    arguments: [0, 0],
    run: ({ pc }) => {
      pc.pressPowerButton();
      return done;
    },
  },
  {
    name: 'quit',
    usage: '',
    description: 'end the run at once',
    arguments: [0, 0],
    run: (target) => {
      target.quit();
      return done;
    },
  },
];

export const COMMANDS: readonly MonitorCommand[] = [...busCommands, ...vbusCommands, ...general];

/**
 * Runs the command of these words; none is nothing done.
 * @throws CommandError (rejects), for whatever goes wrong.
 */
export async function runCommand(target: MonitorTarget, words: readonly string[]): Promise<Answer> {
  const [first, second = ''] = words;
  if (first === undefined) return done;
  const command = COMMANDS.find(({ name }) => name === `${first} ${second}`) ?? COMMANDS.find(({ name }) => name === first);
  if (command === undefined) {
    const more = COMMANDS.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name);
    const known = more.length > 0 ? more : COMMANDS.map(({ name }) => name);
    throw new CommandError(
      'unknown-command',
      `no command "${more.length > 0 ? `${first} ${second}`.trim() : first}"${suggestion(words.slice(0, 2).join(' '), known)}`,
    );
  }
  const given = words.slice(command.name.split(' ').length);
  const [least, most] = command.arguments;
  if (given.length < least || given.length > most) throw new CommandError('usage', `usage: ${`${command.name} ${command.usage}`.trim()}`);
  try {
    return await command.run(target, given);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    if (error instanceof ConfigurationError) throw new CommandError(error.code, error.message);
    if (error instanceof UsageError) throw new CommandError('usage', error.message);
    throw new CommandError('internal', (error as Error | undefined)?.message ?? String(error));
  }
}
