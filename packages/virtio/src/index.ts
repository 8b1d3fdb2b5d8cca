/** virtio: split virtqueues, what a device and its driver agree on, the modern PCI transport, and devices. See README.md. */
export type { DriverSession, QueueKind, QueuePurpose, VirtioDevice } from './device.ts';
export {
  ACKNOWLEDGE,
  DEVICE_NEEDS_RESET,
  DeviceStatus,
  DRIVER,
  DRIVER_OK,
  type DriverProgress,
  FAILED,
  FEATURES_OK,
  type StatusActions,
  type StatusWrite,
} from './device-status.ts';
export { RNG_CLASS_CODE, VirtioRng, type VirtioRngOptions } from './entropy/virtio-rng.ts';
export {
  FeatureNegotiation,
  type FeatureRefusal,
  type FeatureRequirement,
  type FeatureSet,
  featureSet,
  hasFeature,
  RING_FEATURES,
  VIRTIO_F_EVENT_IDX,
  VIRTIO_F_INDIRECT_DESC,
  VIRTIO_F_RING_RESET,
  VIRTIO_F_VERSION_1,
} from './features.ts';
export { type DropReason, NetCounters } from './net/counters.ts';
export { NET_CLASS_CODE, type OffloadPolicy, VirtioNet, type VirtioNetOptions } from './net/virtio-net.ts';
export {
  type ChainFault,
  ChainReader,
  ChainWriter,
  DescriptorChain,
  VIRTQ_DESC_F_INDIRECT,
  VIRTQ_DESC_F_NEXT,
  VIRTQ_DESC_F_WRITE,
} from './queue/chain.ts';
export { QueueCounters } from './queue/counters.ts';
export {
  checkLayout,
  descriptorAreaSize,
  deviceAreaSize,
  driverAreaSize,
  isQueueSize,
  type LayoutFault,
  MAX_QUEUE_SIZE,
  type QueueLayout,
} from './queue/layout.ts';
export {
  NotificationSuppression,
  needEvent,
  type Suppression,
  VIRTQ_AVAIL_F_NO_INTERRUPT,
  VIRTQ_USED_F_NO_NOTIFY,
} from './queue/notification.ts';
export { type QueueArea, QueueSetup } from './queue/setup.ts';
export { type QueueFault, SplitQueue, type SplitQueueOptions } from './queue/split.ts';
export type { NotificationOptions } from './queue-notifications.ts';
export { type QueueRefusal, type SessionInterrupts, type VirtioEvent, VirtioSession, type VirtioSessionOptions } from './session.ts';
export { VirtioPci, type VirtioPciInterrupts, type VirtioPciOptions } from './transport/pci.ts';
export { VirtioVbus, type VirtioVbusOptions, virtioClass } from './transport/vbus.ts';
export { VIRTIO_VBUS_TYPE, VIRTIO_VBUS_VERSION } from './transport/vbus-abi.ts';
