/**
 * The driver's side, for tests of this package and of others: rings built in guest memory, drivers of the PCI and the vbus transport
 * and of the network device, and the plugs they need. Everything can also be done wrong on purpose.
 */
export {
  checksumsRight,
  plainFrame,
  pseudoHeaderSum,
  RecordingPort,
  type SentFrame,
  type TcpFrameOptions,
  tcpFrame,
  tcpOffsets,
} from '@paravirt/net-backend/testing';
export { CONTROL_QUEUE, RECEIVE_QUEUE, TRANSMIT_QUEUE } from './net/protocol.ts';
export { GuestArena } from './testing/guest-arena.ts';
export { NapiDriver } from './testing/napi-driver.ts';
export { NetDriver, type NetDriverOptions, type ReceivedFrame, type SendHeader, type SendOptions } from './testing/net-driver.ts';
export { NetRig, type NetRigOptions } from './testing/net-rig.ts';
export { NorthDriver, type NorthDriverOptions } from './testing/north-driver.ts';
export { type ConfigurationPath, PciDriver, type PciDriverOptions, type PciWiring } from './testing/pci-driver.ts';
export { PciSlot, type SentMessage } from './testing/pci-slot.ts';
export { RingRig, type RingRigOptions, WatchedRam } from './testing/ring-rig.ts';
export {
  type DriverBuffer,
  type RawDescriptor,
  SplitRingDriver,
  type SplitRingDriverOptions,
  type UsedElement,
} from './testing/split-ring-driver.ts';
export type { QueueOptions, TransportDriver } from './testing/transport-driver.ts';
export { VbusDriver, type VbusDriverOptions } from './testing/vbus-driver.ts';
export { VbusRig, type VbusRigOptions } from './testing/vbus-rig.ts';
