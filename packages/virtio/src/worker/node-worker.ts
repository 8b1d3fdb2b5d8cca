/** A worker thread of Node as the thread of a data path. What of it is used is written down here, so that nothing here needs Node. */
import type { NetThread } from './virtio-net-worker.ts';

/** The part of Node's `Worker` that is used. */
export interface NodeWorker {
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: () => void): unknown;
  terminate(): unknown;
}

/** `worker` runs a module that makes a `VirtioNetThread` and serves it. Whatever else it and this thread have to say to each other is theirs. */
export function nodeNetThread(worker: NodeWorker): NetThread {
  const thread: NetThread = { terminate: () => void worker.terminate(), onEnd: undefined };
  const end = (why: string): void => {
    const { onEnd } = thread;
    thread.onEnd = undefined;
    onEnd?.(why);
  };
  worker.on('error', (error) => end(`the thread of the data path failed: ${error instanceof Error ? error.message : String(error)}`));
  worker.on('exit', () => end('the thread of the data path has ended'));
  return thread;
}
