import { Worker, WorkerOptions } from 'node:worker_threads';
import { WorkerHost, WorkerHostOptions, WorkerClientOptions, WorkerClient } from './index.js';
import '@paravirt/bus';
import './north-session.js';

interface WorkerThreadOptions extends Omit<WorkerHostOptions, 'buffer' | 'pause'> {
    /** The module that the thread runs. */
    readonly script: URL | string;
    /** The client's memory in bytes. Default: 16 MiB. */
    readonly memory?: number;
    /** For the module, as `workerClientData()` there. Copied. */
    readonly data?: unknown;
    /** As in Node's own `Worker`. */
    readonly execArgv?: WorkerOptions['execArgv'];
}
interface WorkerThread {
    readonly worker: Worker;
    /** Serves already; closed when the thread ends. */
    readonly host: WorkerHost;
    /** The thread's exit code. Rejected with the error that ended it, if one did. */
    readonly exited: Promise<number>;
}
/** Starts the thread and serves it. @throws ConfigurationError `bad-size`. */
declare function startWorkerClient(options: WorkerThreadOptions): WorkerThread;
/** Within the thread: its end of the channel. Once. @throws ConfigurationError `no-channel`, and those of `WorkerClient`. */
declare function workerClient(options?: Omit<WorkerClientOptions, 'buffer' | 'pause'>): WorkerClient;
/** Within the thread: what `startWorkerClient` was given as `data`. @throws ConfigurationError `no-channel`. */
declare const workerClientData: () => unknown;

export { startWorkerClient, workerClient, workerClientData };
export type { WorkerThread, WorkerThreadOptions };
