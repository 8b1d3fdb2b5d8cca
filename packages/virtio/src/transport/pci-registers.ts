/**
 * The register blocks of the modern PCI transport, as the specification's structures. [virtio 1.2 §4.1.4] Offsets follow from the order;
 * 64-bit addresses are two 32-bit fields, which is how drivers must write them. [virtio 1.2 §4.1.3.1]
 */
import { type RegisterTable, registers, ro, rw } from '@paravirt/bus';

/** [virtio 1.2 §4.1.2] */
export const VIRTIO_PCI_VENDOR_ID = 0x1af4;
/** Added to the virtio device ID. [virtio 1.2 §4.1.2.1] */
export const VIRTIO_PCI_DEVICE_ID_BASE = 0x1040;

/** [virtio 1.2 §4.1.4] `cfg_type` of a capability. */
export const VIRTIO_PCI_CAP_COMMON_CFG = 1;
export const VIRTIO_PCI_CAP_NOTIFY_CFG = 2;
export const VIRTIO_PCI_CAP_ISR_CFG = 3;
export const VIRTIO_PCI_CAP_DEVICE_CFG = 4;
export const VIRTIO_PCI_CAP_PCI_CFG = 5;

/** [virtio 1.2 §4.1.5.1.2] No MSI-X vector is mapped. */
export const VIRTIO_MSI_NO_VECTOR = 0xffff;

/** [virtio 1.2 §4.1.4.5] Bits of the ISR status. */
export const ISR_QUEUE = 1;
export const ISR_CONFIG = 2;

export type CommonRegister =
  | 'deviceFeatureSelect'
  | 'deviceFeature'
  | 'driverFeatureSelect'
  | 'driverFeature'
  | 'configMsixVector'
  | 'numQueues'
  | 'deviceStatus'
  | 'configGeneration'
  | 'queueSelect'
  | 'queueSize'
  | 'queueMsixVector'
  | 'queueEnable'
  | 'queueNotifyOff'
  | 'queueDescLow'
  | 'queueDescHigh'
  | 'queueDriverLow'
  | 'queueDriverHigh'
  | 'queueDeviceLow'
  | 'queueDeviceHigh'
  | 'queueNotifyData'
  | 'queueReset';

/** [virtio 1.2 §4.1.4.3] struct virtio_pci_common_cfg. */
export const COMMON_CFG: RegisterTable<CommonRegister> = registers<CommonRegister>(0x3c, {
  deviceFeatureSelect: rw(4),
  deviceFeature: ro(4),
  driverFeatureSelect: rw(4),
  driverFeature: rw(4),
  configMsixVector: rw(2),
  numQueues: ro(2),
  deviceStatus: rw(1),
  configGeneration: ro(1),
  queueSelect: rw(2),
  queueSize: rw(2),
  queueMsixVector: rw(2),
  queueEnable: rw(2),
  queueNotifyOff: ro(2),
  queueDescLow: rw(4),
  queueDescHigh: rw(4),
  queueDriverLow: rw(4),
  queueDriverHigh: rw(4),
  queueDeviceLow: rw(4),
  queueDeviceHigh: rw(4),
  queueNotifyData: ro(2),
  queueReset: rw(2),
});

export type CapabilityRegister = 'capVndr' | 'capNext' | 'capLen' | 'cfgType' | 'bar' | 'id' | 'padding' | 'offset' | 'length';

const capability = {
  capVndr: ro(1),
  capNext: ro(1),
  capLen: ro(1),
  cfgType: ro(1),
  bar: ro(1),
  id: ro(1),
  padding: ro(2),
  offset: ro(4),
  length: ro(4),
};

/** [virtio 1.2 §4.1.4] struct virtio_pci_cap. */
export const PCI_CAP: RegisterTable<CapabilityRegister> = registers<CapabilityRegister>(16, capability);

/** [virtio 1.2 §4.1.4.4] struct virtio_pci_notify_cap. */
export const PCI_NOTIFY_CAP: RegisterTable<CapabilityRegister | 'notifyOffMultiplier'> = registers<
  CapabilityRegister | 'notifyOffMultiplier'
>(20, { ...capability, notifyOffMultiplier: ro(4) });

/** [virtio 1.2 §4.1.4.9] struct virtio_pci_cfg_cap up to its last field, `pci_cfg_data`: bar, offset and length are the driver's. */
export const PCI_CFG_CAP: RegisterTable<CapabilityRegister> = registers<CapabilityRegister>(16, {
  ...capability,
  bar: rw(1),
  offset: rw(4),
  length: rw(4),
});
