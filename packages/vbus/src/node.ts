/** What needs Node: a client of the bus in a worker thread. */
export { startWorkerClient, type WorkerThread, type WorkerThreadOptions, workerClient, workerClientData } from './node/worker-thread.ts';
