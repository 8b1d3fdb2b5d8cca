/**
 * A client of a bus in a worker thread of Node: the thread, its memory and its host in one call, and the other end within the thread.
 *
 *   main     const { host, exited } = startWorkerClient({ bus, script: new URL('./driver.ts', import.meta.url) });
 *   driver   const client = workerClient();  client.start();  client.run(() => finished);
 */
import { setImmediate } from 'node:timers/promises';
import { isMainThread, Worker, type WorkerOptions, workerData } from 'node:worker_threads';
import { ConfigurationError } from '@paravirt/bus';
import { WorkerHost, type WorkerHostOptions } from '../connectors/worker.ts';
import { createChannel } from '../connectors/worker-channel.ts';
import { WorkerClient, type WorkerClientOptions } from '../connectors/worker-client.ts';

export interface WorkerThreadOptions extends Omit<WorkerHostOptions, 'buffer' | 'pause'> {
  /** The module that the thread runs. */
  readonly script: URL | string;
  /** The client's memory in bytes. Default: 16 MiB. */
  readonly memory?: number;
  /** For the module, as `workerClientData()` there. Copied. */
  readonly data?: unknown;
  /** As in Node's own `Worker`. */
  readonly execArgv?: WorkerOptions['execArgv'];
}

export interface WorkerThread {
  readonly worker: Worker;
  /** Serves already; closed when the thread ends. */
  readonly host: WorkerHost;
  /** The thread's exit code. Rejected with the error that ended it, if one did. */
  readonly exited: Promise<number>;
}

interface ThreadData {
  readonly vbusChannel: SharedArrayBuffer;
  readonly data: unknown;
}

const MEMORY = 16 << 20;

/** Starts the thread and serves it. @throws ConfigurationError `bad-size`. */
export function startWorkerClient(options: WorkerThreadOptions): WorkerThread {
  const { script, memory = MEMORY, data, execArgv, ...rest } = options;
  const buffer = createChannel(memory);
  const host = new WorkerHost({ ...rest, buffer, pause: () => setImmediate() });
  const threadData: ThreadData = { vbusChannel: buffer, data };
  const worker = new Worker(script, { workerData: threadData, ...(execArgv && { execArgv }) });
  const exited = new Promise<number>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', resolve);
  }).finally(() => host.close());
  void host.serve();
  return { worker, host, exited };
}

const isThreadData = (value: unknown): value is ThreadData => typeof value === 'object' && value !== null && 'vbusChannel' in value;

function threadData(): ThreadData {
  if (isMainThread || !isThreadData(workerData))
    throw new ConfigurationError('no-channel', 'this thread was not started by startWorkerClient', isMainThread);
  return workerData;
}

/** Within the thread: its end of the channel. Once. @throws ConfigurationError `no-channel`, and those of `WorkerClient`. */
export function workerClient(options: Omit<WorkerClientOptions, 'buffer' | 'pause'> = {}): WorkerClient {
  return new WorkerClient({ ...options, buffer: threadData().vbusChannel, pause: () => setImmediate() });
}

/** Within the thread: what `startWorkerClient` was given as `data`. @throws ConfigurationError `no-channel`. */
export const workerClientData = (): unknown => threadData().data;
