/**
 * Runs the built command `paravirt` as a user does, and talks to it: what it prints is collected, `expect` waits for a text on the guest's
 * console, `type` sends keys. With PARAVIRT_FROM_SOURCES=1 the command runs from its sources instead, without a build.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const CLI = join(import.meta.dirname, '..', '..', 'apps', 'cli');
const COMMAND =
  process.env['PARAVIRT_FROM_SOURCES'] === '1'
    ? { program: join(CLI, 'src', 'main.ts'), options: ['--conditions=@paravirt/source'] }
    : { program: join(CLI, 'dist', 'main.js'), options: [] };

export interface Outcome {
  /** Undefined if a signal ended the process. */
  readonly code: number | undefined;
  /** The guest's console. */
  readonly stdout: string;
  readonly stderr: string;
}

interface Waiter {
  readonly text: string | RegExp;
  readonly found: () => void;
  readonly failed: (why: Error) => void;
}

export class Paravirt {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #waiters = new Set<Waiter>();
  /** How it ended; never rejects. */
  readonly finished: Promise<Outcome>;

  constructor(args: readonly string[]) {
    const { program, options } = COMMAND;
    if (!existsSync(program)) throw new Error(`${program} does not exist: run pnpm build first`);
    this.#child = spawn(process.execPath, [...options, program, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stdin.on('error', () => undefined); // the guest may be gone before it reads
    this.#child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
      this.stdout += chunk;
      for (const waiter of this.#waiters) if (this.#seen(waiter.text)) waiter.found();
    });
    this.#child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr += chunk;
    });
    this.finished = new Promise((done) => {
      this.#child.on('close', (code) => {
        for (const { text, failed } of this.#waiters) failed(new Error(`ended with ${code} before ${text}\n${this.#tail()}`));
        done({ code: code ?? undefined, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Waits until the console has shown `text`, also if that was before. Rejects when the run ends or the time is up without it. */
  expect(text: string | RegExp, seconds: number): Promise<void> {
    return new Promise((done, fail) => {
      if (this.#seen(text)) return done();
      const settle = (then: () => void): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        then();
      };
      const late = new Error(`not seen within ${seconds} s: ${text}`);
      const timer = setTimeout(() => settle(() => fail(new Error(`${late.message}\n${this.#tail()}`))), seconds * 1000);
      const waiter: Waiter = { text, found: () => settle(done), failed: (why) => settle(() => fail(why)) };
      this.#waiters.add(waiter);
    });
  }

  /** Keys for the guest's console. */
  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Nothing more will be typed. */
  endInput(): void {
    this.#child.stdin.end();
  }

  /** Ends the process if it still runs. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    // A child of its own that outlives it would keep the pipes open.
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
    await this.finished;
  }

  #seen(text: string | RegExp): boolean {
    return typeof text === 'string' ? this.stdout.includes(text) : text.test(this.stdout);
  }

  #tail(): string {
    return `--- console ends with\n${this.stdout.slice(-2000)}\n--- standard error ends with\n${this.stderr.slice(-1000)}`;
  }
}

/** Runs it to its end with nothing on standard input. */
export async function paravirt(...args: readonly string[]): Promise<Outcome> {
  const run = new Paravirt(args);
  run.endInput();
  return run.finished;
}

export type Architecture = 'x86_64' | 'i686';

export interface Image {
  readonly kernel: string;
  readonly initrd: string;
  readonly append: string;
}

/** The Debian guest, made once and kept in the user's cache. */
export async function debianImage(arch: Architecture): Promise<Image> {
  const { code, stdout, stderr } = await paravirt('image', 'debian', '--arch', arch, '--json');
  if (code !== 0) throw new Error(`paravirt image debian --arch ${arch} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Image;
}

/** Options that boot an image with more on its kernel command line. */
export const boot = (image: Image, parameters: string): readonly string[] => [
  'run',
  '--kernel',
  image.kernel,
  '--initrd',
  image.initrd,
  '--append',
  `${image.append} ${parameters}`,
];

/** What `--stats=json` printed: the last line that is a JSON object. */
export function statistics({ stdout, stderr }: Outcome): Record<string, unknown> {
  const line = `${stdout}\n${stderr}`.split('\n').findLast((text) => text.startsWith('{'));
  if (line === undefined) throw new Error(`no statistics in:\n${stderr}`);
  return JSON.parse(line) as Record<string, unknown>;
}
