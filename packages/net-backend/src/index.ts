export type { EthernetPort, FrameOffload, PortOffloads } from './ethernet-port.ts';
