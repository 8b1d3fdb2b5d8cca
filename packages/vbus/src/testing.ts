/** The north side in TypeScript: what a guest's drivers do, for tests and for measurements without a CPU. */
export {
  BRIDGE_DOORBELL_BASE,
  BRIDGE_MMIO_BASE,
  BRIDGE_PORT_BASE,
  BridgeDriver,
  type BridgeDriverOptions,
} from './testing/bridge-driver.ts';
export { BridgeRig, type BridgeRigOptions } from './testing/bridge-rig.ts';
export { CLIENT_FREE, ClientRig } from './testing/client-rig.ts';
export { DirectDevice, type DirectDeviceOptions } from './testing/direct-device.ts';
export type { DriverDevice, DriverMemory } from './testing/driver-device.ts';
export { EchoConnection, EchoDevice, type EchoUse } from './testing/echo-device.ts';
export { EventRingDriver, type EventRingDriverOptions, type ReadEvent } from './testing/event-ring-driver.ts';
export { LINUX_MODES, type VenetAgreement, VenetDriver, type VenetDriverOptions, type VenetInterrupt } from './testing/venet-driver.ts';
export { VenetEvents } from './testing/venet-events.ts';
export { type ReceivedFrame, type ReceiveMode, VenetPages, VenetReceive } from './testing/venet-receive.ts';
export { VenetRig, type VenetRigOptions } from './testing/venet-rig.ts';
export { SG_STRIDE, sgDescriptor, type TransmitMode, type TransmitWork, VenetTransmit } from './testing/venet-transmit.ts';
export * as venet from './venet/abi.ts';
