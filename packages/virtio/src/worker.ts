/** A network card whose data path is in another thread: both ends, for Node and for browsers. See worker/virtio-net-worker.ts. */
export { HostClock } from './worker/host-clock.ts';
export { type NetThreadOptions, type NetThreadSetup, VirtioNetThread } from './worker/net-thread.ts';
export { type NodeWorker, nodeNetThread } from './worker/node-worker.ts';
export { type NetThread, type NetWorker, VirtioNetWorker, type VirtioNetWorkerOptions } from './worker/virtio-net-worker.ts';
