export type { EthernetPort, FrameOffload, PortOffloads, ReceiverOffloads } from './ethernet-port.ts';
