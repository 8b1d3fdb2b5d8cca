import { HostNetwork, SocketAddress, HostTcpEvents, HostTcpSocket, HostTcpListener, HostUdpEvents, HostUdpSocket, DnsQuestion, DnsAnswer } from './index.js';

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

export { NodeHostNetwork, openCaptureFile };
export type { CaptureFile };
