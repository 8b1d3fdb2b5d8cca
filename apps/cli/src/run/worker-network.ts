/**
 * One `--net` with place=worker: its network is in the thread of the card's data path (net-worker.ts). Here is what this thread keeps of it:
 * the thread itself, whether the network is there, and what went through.
 */
import { Worker } from 'node:worker_threads';
import { ConfigurationError, type NetOptions } from '@paravirt/machine';
import { type NetThread, type NetThreadSetup, nodeNetThread } from '@paravirt/machine/worker';
import { USER_NETWORK_OFFLOADS } from '@paravirt/net-backend';
import type { NetOption } from './net-option.ts';
import type { FrameCount } from './statistics.ts';

/** What the thread is started with. */
export interface NetWorkerData {
  readonly setup: NetThreadSetup;
  readonly option: NetOption;
  /** Time of day at the start of the guest. */
  readonly startMs: number;
  /** Frames and bytes sent, frames and bytes received, as doubles. */
  readonly counts: SharedArrayBuffer;
}

/** What the thread says, once: its network is there, or why it is not. */
export type NetWorkerWord = { readonly kind: 'open' } | { readonly kind: 'refused'; readonly code: string; readonly message: string };

/** Plain accesses of the guest are plain accesses of the host: their order is that of x86 only where the host is one. */
const HOSTS = ['x64', 'ia32'];

export class WorkerNetwork {
  readonly #option: NetOption;
  readonly #startMs: number;
  readonly #counts: Float64Array = new Float64Array(new SharedArrayBuffer(4 * 8));
  readonly #opened: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  #worker: Worker | undefined = undefined;

  /** @param startMs Time of day at the start of the guest. @throws ConfigurationError `weak-memory`. */
  constructor(option: NetOption, startMs: number) {
    if (!HOSTS.includes(process.arch))
      throw new ConfigurationError(
        'weak-memory',
        `place=worker needs a host with the memory order of x86, not ${process.arch}`,
        process.arch,
      );
    this.#option = option;
    this.#startMs = startMs;
    this.#opened.promise.catch(() => {});
  }

  get card(): NetOptions {
    const { model, bus, options, mac, mtu } = this.#option;
    return {
      model,
      bus,
      ...options,
      worker: { offloads: USER_NETWORK_OFFLOADS, start: (setup) => this.#start(setup) },
      ...(mac === undefined ? {} : { mac }),
      ...(mtu === undefined ? {} : { mtu }),
    };
  }

  #start(setup: NetThreadSetup): NetThread {
    const workerData: NetWorkerData = {
      setup,
      option: this.#option,
      startMs: this.#startMs,
      counts: this.#counts.buffer as SharedArrayBuffer,
    };
    const worker = new Worker(SCRIPT, { workerData });
    worker.on('message', (word: NetWorkerWord) => {
      if (word.kind === 'open') this.#opened.resolve();
      else this.#opened.reject(new ConfigurationError(word.code, word.message));
    });
    worker.on('error', (error) => this.#opened.reject(error));
    worker.on('exit', () => this.#opened.reject(new ConfigurationError('no-worker', 'the thread of the network has ended')));
    this.#worker = worker;
    return nodeNetThread(worker);
  }

  /** Waits until the network is there, forwards included. @throws ConfigurationError (rejects), `port-in-use` among others. */
  open(): Promise<void> {
    return this.#worker === undefined ? Promise.resolve() : this.#opened.promise;
  }

  close(): void {
    void this.#worker?.terminate();
  }

  frames(card: string): FrameCount {
    const [transmittedFrames = 0, transmittedBytes = 0, receivedFrames = 0, receivedBytes = 0] = this.#counts;
    return { card, transmittedFrames, transmittedBytes, receivedFrames, receivedBytes };
  }
}

/** Beside this file, in the sources as in the bundle. */
const SCRIPT = new URL(import.meta.url.endsWith('.ts') ? './net-worker.ts' : './net-worker.js', import.meta.url);
