export { HostClock, NetThread, NetThreadOptions, NetThreadSetup, NetWorker, NodeWorker, VirtioNetThread, VirtioNetWorker, nodeNetThread } from '@paravirt/virtio/worker';
