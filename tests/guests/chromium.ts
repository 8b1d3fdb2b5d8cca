/**
 * A headless Chromium, Debian's, spoken to in its DevTools protocol over a pipe: messages are JSON, each ended by a zero byte, in on the
 * child's descriptor 3 and out on its 4. It opens a page, says what is in it, draws it, and tells what went wrong and what was asked of the network.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const NAMES = ['chromium', 'chromium-browser'];
const PATIENCE_MS = 60_000;

type Message = { readonly [member: string]: unknown };
interface Waiting {
  readonly resolve: (result: Message) => void;
  readonly reject: (why: Error) => void;
}

export interface View {
  /** In CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly dark?: boolean;
}

/** @throws Error that says what to install */
function findChromium(): string {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of NAMES) {
      const path = join(directory, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // not there: the next one
      }
    }
  }
  throw new Error('There is no Chromium on the PATH: apt-get install chromium fonts-dejavu-core');
}

export class Chromium {
  /** Errors and warnings of the page: exceptions, console, what could not be loaded. */
  readonly problems: string[] = [];
  /** Addresses that the page asked for, its own included. */
  readonly requests: string[] = [];
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #waiting = new Map<number, Waiting>();
  #loaded: (() => void) | undefined;
  #session: string | undefined;
  #last = 0;

  /** Use `Chromium.start`. */
  private constructor() {
    const program = findChromium();
    this.#profile = mkdtempSync(join(tmpdir(), 'paravirt-chromium-'));
    const options = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--hide-scrollbars',
      '--disable-background-networking',
    ];
    this.#child = spawn(program, [...options, '--remote-debugging-pipe', `--user-data-dir=${this.#profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    this.#child.once('error', (error) => this.#fail(`${program} could not be started: ${error.message}`));
    this.#child.once('exit', (code) => this.#fail(`${program} ended with ${code}`));
    const [, , , into, out] = this.#child.stdio as unknown as [null, null, null, Writable, Readable];
    into.on('error', () => this.#fail('Chromium does not listen any more'));
    let text = '';
    out.setEncoding('utf8');
    out.on('data', (piece: string) => {
      const messages = (text + piece).split('\0');
      text = messages.pop() ?? '';
      for (const message of messages) this.#take(JSON.parse(message) as Message);
    });
  }

  static async start(): Promise<Chromium> {
    const chromium = new Chromium();
    try {
      const { targetId } = await chromium.#call('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = await chromium.#call('Target.attachToTarget', { targetId, flatten: true });
      chromium.#session = sessionId as string;
      for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await chromium.#call(`${domain}.enable`);
      return chromium;
    } catch (error) {
      await chromium.close();
      throw error;
    }
  }

  /** Shows a page as a screen of that size would; `problems` and `requests` begin anew. */
  async open(url: string, { width, height, dark = false }: View): Promise<void> {
    this.problems.length = 0;
    this.requests.length = 0;
    await this.#call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 });
    await this.#call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }] });
    const loaded = new Promise<void>((resolve) => {
      this.#loaded = resolve;
    });
    await this.#call('Page.navigate', { url });
    await loaded;
  }

  /** The value of an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#call('Runtime.evaluate', { expression, returnByValue: true });
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { readonly value: T }).value;
  }

  /** PNG of the page from `top` on, in CSS pixels. */
  async draw({ width, height }: View, top = 0): Promise<Buffer> {
    const clip = { x: 0, y: top, width, height, scale: 1 };
    const { data } = await this.#call('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true, clip });
    return Buffer.from(data as string, 'base64');
  }

  async close(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) resolve();
      else this.#child.once('exit', () => resolve());
    });
    this.#child.kill('SIGKILL');
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  #call(method: string, params: Message = {}): Promise<Message> {
    this.#last += 1;
    const id = this.#last;
    const inPage = this.#session === undefined || method.startsWith('Target.') ? {} : { sessionId: this.#session };
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Chromium does not answer ${method}`)), PATIENCE_MS);
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(id);
      };
      this.#waiting.set(id, {
        resolve: (result) => {
          done();
          resolve(result);
        },
        reject: (why) => {
          done();
          reject(why);
        },
      });
      (this.#child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...inPage })}\0`);
    });
  }

  #take({ id, result, error, method, params }: Message): void {
    if (typeof id === 'number') {
      const waiting = this.#waiting.get(id);
      if (error === undefined) waiting?.resolve((result ?? {}) as Message);
      else waiting?.reject(new Error(`Chromium refuses: ${JSON.stringify(error)}`));
      return;
    }
    const told = (params ?? {}) as Readonly<Record<string, { readonly [member: string]: unknown } | undefined>>;
    if (method === 'Page.loadEventFired') this.#loaded?.();
    else if (method === 'Runtime.exceptionThrown') this.problems.push(JSON.stringify(told['exceptionDetails']));
    else if (method === 'Runtime.consoleAPICalled') this.problems.push(JSON.stringify(params));
    else if (method === 'Log.entryAdded') this.problems.push(String(told['entry']?.['text']));
    else if (method === 'Network.requestWillBeSent') this.requests.push(String(told['request']?.['url']));
  }

  #fail(why: string): void {
    for (const { reject } of [...this.#waiting.values()]) reject(new Error(why));
  }
}
