/** A connection to a machine's monitor: JSON lines, answered in order. */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

export class MonitorClient {
  readonly #socket: Socket;
  readonly #waiting: { readonly done: (answer: Answer) => void; readonly fail: (why: Error) => void }[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    createInterface({ input: socket }).on('line', (line) => this.#waiting.shift()?.done(JSON.parse(line) as Answer));
    socket.on('error', (error) => this.#fail(error)).on('close', () => this.#fail(new Error('the monitor has hung up')));
  }

  /** Waits until somebody listens at `path`. */
  static async connect(path: string): Promise<MonitorClient> {
    for (let tries = 0; ; tries++) {
      try {
        return await new Promise((done, fail) => {
          const socket = connect(path, () => done(new MonitorClient(socket)));
          socket.once('error', fail);
        });
      } catch (error) {
        if (tries >= 300) throw error;
        await new Promise((done) => setTimeout(done, 100));
      }
    }
  }

  /** The result of a command; rejects with its code and message if it was not done. */
  async ask(command: string, ...more: readonly string[]): Promise<unknown> {
    const answer = await new Promise<Answer>((done, fail) => {
      this.#waiting.push({ done, fail });
      this.#socket.write(`${JSON.stringify({ command, arguments: more })}\n`);
    });
    if (answer.error !== undefined) throw new Error(`${command}: ${answer.error.code}: ${answer.error.message}`);
    return answer.result;
  }

  close(): void {
    this.#socket.destroy();
  }

  #fail(why: Error): void {
    for (const { fail } of this.#waiting.splice(0)) fail(why);
  }
}
