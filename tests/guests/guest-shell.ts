/** Commands for the shell that `paravirt.do=shell` gives: typed one by one, each with its output and exit status. */
import type { Paravirt } from './paravirt.ts';

/** Time for a command that should be quick, in seconds. */
const QUICK = 60;

export interface CommandOutcome {
  readonly status: number;
  readonly output: string;
}

export class GuestShell {
  readonly #run: Paravirt;
  #number = 0;

  constructor(run: Paravirt) {
    this.#run = run;
  }

  /** Runs `command` (one line) to its end. */
  async try(command: string, seconds: number = QUICK): Promise<CommandOutcome> {
    const number = ++this.#number;
    // What is typed is echoed, so the marks that are looked for may not be typed as such.
    this.#run.type(`echo begin-$((${number})); ${command}\necho end-$((${number}))-$?\n`);
    const marks = new RegExp(`^begin-${number}\r?\n(.*)^end-${number}-(\\d+)\r?$`, 'ms');
    await this.#run.expect(marks, seconds);
    const [, output = '', status = ''] = marks.exec(this.#run.stdout) ?? [];
    return { status: Number(status), output: withoutPrompt(output) };
  }

  /** As `try`; rejects if the command fails. */
  async run(command: string, seconds: number = QUICK): Promise<string> {
    const { status, output } = await this.try(command, seconds);
    if (status !== 0) throw new Error(`${command} ended with ${status}:\n${output}`);
    return output;
  }
}

/** Between the output and the mark is the prompt, with the echo of what asks for the mark. */
function withoutPrompt(text: string): string {
  const echo = text.lastIndexOf('echo end-$');
  const prompt = text.lastIndexOf('\n', echo) + 1;
  return (echo < 0 ? text : text.slice(0, prompt)).replaceAll('\r', '').trimEnd();
}
