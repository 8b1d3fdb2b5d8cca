/**
 * The other half of a card with place `worker`: for the module that its thread runs, and for who starts the thread (`NetOptions.worker`).
 *
 *   new VirtioNetThread({ setup, port }).serve()      in the thread, with the `setup` that `NetWorker.start` was given
 */
export {
  HostClock,
  type NetThread,
  type NetThreadOptions,
  type NetThreadSetup,
  type NetWorker,
  type NodeWorker,
  nodeNetThread,
  VirtioNetThread,
  VirtioNetWorker,
} from '@paravirt/virtio/worker';
