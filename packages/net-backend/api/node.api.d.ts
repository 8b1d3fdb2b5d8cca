import { HostNetwork, SocketAddress, HostTcpEvents, HostTcpSocket, HostTcpListener, HostUdpEvents, HostUdpSocket, DnsQuestion, DnsAnswer, TftpFiles } from './index.js';

interface CaptureFile {
    /** For `CaptureOptions.sink`. Throws what the file system says. */
    readonly sink: (blocks: Uint8Array) => void;
    /** Idempotent. */
    close(): void;
}
/** Creates or empties the file. @throws ConfigurationError `capture-file` if that is not possible. */
declare function openCaptureFile(path: string): CaptureFile;

declare class NodeHostNetwork implements HostNetwork {
    #private;
    /** TCP sockets that are open, for statistics. */
    get openSockets(): number;
    connectTcp(to: SocketAddress, events: HostTcpEvents): HostTcpSocket;
    listenTcp(at: SocketAddress, accept: (socket: HostTcpSocket, peer: SocketAddress) => HostTcpEvents): Promise<HostTcpListener>;
    openUdp(events: HostUdpEvents): HostUdpSocket;
    resolve(question: DnsQuestion, answer: (answer: DnsAnswer) => void): void;
}

/**
 * Regular files of at most 64 MiB in a folder and below it, as they are when a transfer begins. A symbolic link counts as what it leads
 * to, which must be in the folder too. @throws ConfigurationError `tftp-directory` when there is no such folder.
 */
declare function tftpDirectory(path: string): TftpFiles;

export { NodeHostNetwork, openCaptureFile, tftpDirectory };
export type { CaptureFile };
