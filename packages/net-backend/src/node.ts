/** The host's side of a user network in Node: sockets, names, a file for a capture, and a folder for TFTP. */
export { type CaptureFile, openCaptureFile } from './node/capture-file.ts';
export { NodeHostNetwork } from './node/host-network.ts';
export { tftpDirectory } from './node/tftp-directory.ts';
