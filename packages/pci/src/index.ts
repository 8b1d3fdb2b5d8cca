/** PCI: configuration space, ranges, capabilities, interrupts of functions, and the bus that holds them. See README.md. */
export { BAR_IO_SPACE, BAR_MEMORY_64, BAR_PREFETCHABLE, Bar, type BarKind, type BarSpec } from './bar.ts';
export { BusMasterMemory } from './bus-master.ts';
export {
  CAPABILITIES_END,
  CAPABILITIES_START,
  CAPABILITY_MSI,
  CAPABILITY_MSIX,
  CAPABILITY_VENDOR_SPECIFIC,
  type Capability,
  type PlacedCapability,
  placeCapabilities,
  registerCapability,
  vendorCapability,
} from './capability.ts';
export {
  CONFIG_ADDRESS_ENABLE,
  CONFIG_MECHANISM_PORT,
  CONFIG_MECHANISM_PORTS,
  ConfigMechanism1,
  type ConfigMechanismOptions,
  configAddress,
} from './config-mechanism.ts';
export { CONFIG_SPACE_SIZE, ConfigSpace, type HeaderBehaviour } from './config-space.ts';
export { ECAM_BUS_SIZE, Ecam, type EcamOptions } from './ecam.ts';
export {
  type AssignedBar,
  assignAddresses,
  type FoundCapability,
  findCapabilities,
  findFunctions,
  moveBar,
  type ProbedBar,
  probeBars,
  setCommand,
  type Window,
  type Windows,
} from './enumeration.ts';
export { type FunctionWiring, type InterruptPin, PciFunction, type PciFunctionOptions } from './function.ts';
export { CLASS_HOST_BRIDGE, createHostBridge, type HostBridgeOptions } from './host-bridge.ts';
export {
  HOTPLUG_EJECT,
  HOTPLUG_INSERTED,
  HOTPLUG_PRESENT,
  HOTPLUG_REGISTERS_SIZE,
  HOTPLUG_REMOVAL,
  HOTPLUG_SLOTS,
  HotplugSlots,
  type HotplugSlotsOptions,
  type SlotState,
} from './hotplug.ts';
export { InterruptRouting, type InterruptRoutingOptions, type PerPirq, pirqOf, type RoutedPin } from './interrupt-routing.ts';
export {
  type MessagePort,
  MSI_64_BIT,
  MSI_CAPABILITY,
  MSI_CAPABILITY_32,
  MSI_ENABLE,
  MSI_MULTIPLE_MESSAGE_CAPABLE,
  MSI_MULTIPLE_MESSAGE_ENABLE,
  MSI_PER_VECTOR_MASKING,
  Msi,
  type Msi32Register,
  type MsiOptions,
  type MsiRegister,
} from './msi.ts';
export {
  MSIX_CAPABILITY,
  MSIX_ENABLE,
  MSIX_ENTRY_SIZE,
  MSIX_FUNCTION_MASK,
  MSIX_TABLE_SIZE,
  MSIX_VECTOR_MASK,
  MsiX,
  type MsixOptions,
  type MsixRegister,
} from './msix.ts';
export { type ConfigurationAccess, DEVICES, FUNCTIONS, type PciAddress, PciBus, type PciBusOptions } from './pci-bus.ts';
export { type Region, Regions } from './regions.ts';
export { type BarTopology, describeTopology, type FunctionTopology, formatAddress, topologyOf } from './topology.ts';
export {
  BASE_ADDRESS_REGISTERS,
  COMMAND_BUS_MASTER,
  COMMAND_INTERRUPT_DISABLE,
  COMMAND_IO_SPACE,
  COMMAND_MEMORY_SPACE,
  COMMAND_PARITY_ERROR_RESPONSE,
  COMMAND_SERR_ENABLE,
  COMMAND_WRITABLE,
  HEADER_TYPE_MULTI_FUNCTION,
  STATUS_CAPABILITIES_LIST,
  STATUS_CLEARABLE,
  STATUS_DETECTED_PARITY_ERROR,
  STATUS_INTERRUPT,
  STATUS_MASTER_DATA_PARITY_ERROR,
  STATUS_RECEIVED_MASTER_ABORT,
  STATUS_RECEIVED_TARGET_ABORT,
  STATUS_SIGNALED_SYSTEM_ERROR,
  STATUS_SIGNALED_TARGET_ABORT,
  TYPE_0_HEADER,
  type Type0Register,
} from './type0-header.ts';
