/** The host's side of a user network in Node: sockets, names, and a file for a capture. */
export { type CaptureFile, openCaptureFile } from './node/capture-file.ts';
export { NodeHostNetwork } from './node/host-network.ts';
