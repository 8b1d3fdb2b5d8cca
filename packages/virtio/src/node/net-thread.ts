/** A worker thread of Node as the thread of a network card's data path. */
import type { Worker } from 'node:worker_threads';
import type { NetThread } from '../worker/virtio-net-worker.ts';

/** `worker` runs a module that makes a `VirtioNetThread` and serves it. Whatever else it and this thread have to say to each other is theirs. */
export function nodeNetThread(worker: Worker): NetThread {
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
