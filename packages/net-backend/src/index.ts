/** Ethernet ports, what wraps them, and a network that needs nothing but a program. See README.md for it used alone. */
export { type CaptureDirection, type CapturedPort, type CaptureFormat, type CaptureOptions, capture } from './capture-port.ts';
export { type CountedPort, counted, type PortCounters } from './counted.ts';
export type { EthernetPort, FrameOffload, PortOffloads, ReceiverOffloads } from './ethernet-port.ts';
export type { LaneOptions } from './lane.ts';
export { LoopbackPort } from './loopback.ts';
export { type PairedPort, type PairOptions, portPair } from './pair.ts';
export { pcap } from './pcap.ts';
export { pcapng } from './pcapng.ts';
export { type AddressOptions, type AddressPlan, formatIpv4, formatMac, parseIpv4 } from './user-network/address.ts';
export type { DropCounters } from './user-network/counters.ts';
export { type Forward, parseForward } from './user-network/forward.ts';
export type {
  DnsAnswer,
  DnsQuestion,
  DnsRecord,
  HostNetwork,
  HostTcpEvents,
  HostTcpFailure,
  HostTcpListener,
  HostTcpSocket,
  HostUdpEvents,
  HostUdpSocket,
  SocketAddress,
} from './user-network/host-network.ts';
export type { TcpConnectionInfo, TcpOptions } from './user-network/tcp/stack.ts';
export type { TcpState } from './user-network/tcp/state.ts';
export type { TftpFiles } from './user-network/tftp.ts';
export { USER_NETWORK_OFFLOADS, UserNetwork, type UserNetworkOptions, type UserNetworkStatistics } from './user-network/user-network.ts';
export { WrappedPort } from './wrapped-port.ts';
