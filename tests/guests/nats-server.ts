/** A real NATS server with JetStream, on a port of the loopback that nobody else has, for as long as a test needs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where Debian's package has it, too, which is not in everybody's PATH. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;
/** In ms. */
const PATIENCE = 20_000;

export class NatsServer {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #store: string;

  private constructor(child: ChildProcess, store: string, port: string) {
    this.#child = child;
    this.#store = store;
    this.url = `nats://127.0.0.1:${port}`;
  }

  static async start(): Promise<NatsServer> {
    const store = mkdtempSync(join(tmpdir(), 'paravirt-nats-'));
    const child = spawn('nats-server', ['-js', '-sd', store, '-a', '127.0.0.1', '-p', '-1'], {
      env: { ...process.env, PATH },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    const port = await new Promise<string>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`nats-server (Debian package nats-server): ${why}\n${log}`));
      const timer = setTimeout(() => fail('it does not listen'), PATIENCE);
      child.on('error', ({ message }) => fail(message));
      child.on('exit', (code) => fail(`it ended with ${code}`));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        const [, number] = /client connections on 127\.0\.0\.1:(\d+)/.exec(log) ?? [];
        if (number === undefined || !log.includes('Server is ready')) return;
        clearTimeout(timer);
        resolve(number);
      });
    });
    return new NatsServer(child, store, port);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.on('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
    rmSync(this.#store, { recursive: true, force: true });
  }
}
