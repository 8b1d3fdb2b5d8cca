/** For tests of ports, of cards and of the user network: frames, ports that record, a guest's side, a host in memory, a bad cable, the contract of a port. */
export { describeEthernetPort, type PortFixture, type TestRunner } from './testing/describe-ethernet-port.ts';
export { checksumsRight, plainFrame, pseudoHeaderSum, type TcpFrameOptions, tcpFrame, tcpOffsets } from './testing/frames.ts';
export { ImpairedPort, type Impairment } from './testing/impaired-port.ts';
export { MemoryHost, MemoryPeer, type MemoryServer } from './testing/memory-host.ts';
export { RecordingPort, type SentFrame } from './testing/recording-port.ts';
export {
  type Ipv4Fields,
  type SegmentSpec,
  type TestDatagram,
  TestHost,
  type TestHostOptions,
  type TestPacket,
} from './testing/test-host.ts';
export { TestTcp, type TestTcpOptions, type TestTcpSegment } from './testing/test-tcp.ts';
export { type UserNetworkFixture, userNetworkFixture } from './testing/user-network-fixture.ts';
