/** virtual-bus: the container, its verbs, rings and doorbells, three connectors, and venet. See README.md. */
export * from './abi.ts';
export type { Attribute } from './attributes.ts';
export { type BusDevice, type BusListener, type HostDevice, Vbus, VbusHost } from './bus.ts';
export { busCall } from './bus-call.ts';
export {
  type ClientCounters,
  MAX_CALL_LENGTH,
  MAX_SHM_LENGTH,
  type SignalRequest,
  VbusClient,
  type VbusClientOptions,
  type VbusTrace,
} from './client.ts';
export type { ConnectorCounters } from './connectors/bridge-session.ts';
export {
  type HypercallRegisters,
  VBUS_CPUID_BASE,
  VBUS_CPUID_SIGNATURE,
  VBUS_DYNIRQ_LOGICAL,
  VBUS_HC_BRIDGECALL,
  VBUS_HC_BUSCALL,
  VBUS_HC_DYNIRQ_CLEAR,
  VBUS_HC_DYNIRQ_MASK,
  VBUS_HC_DYNIRQ_SET,
  VBUS_HC_EVENTQ,
  VBUS_HC_SHMSIGNAL,
  VBUS_HYPERCALL_DYNIRQ,
  VBUS_HYPERCALL_VERSION,
  VbusHypercalls,
  type VbusHypercallsOptions,
} from './connectors/hypercall.ts';
export { VbusPciBridge, type VbusPciBridgeOptions } from './connectors/pci-bridge.ts';
export type { ConnectorEvent } from './connectors/trace.ts';
export { ChannelMemory, WorkerHost, type WorkerHostOptions } from './connectors/worker.ts';
export { createChannel } from './connectors/worker-channel.ts';
export { WorkerClient, type WorkerClientOptions } from './connectors/worker-client.ts';
export type { Pause } from './connectors/worker-loop.ts';
export type { ConnectContext, DeviceClass, DeviceInterface, VbusConnection, VbusDevice } from './device.ts';
export * from './errno.ts';
export { EventBacklog, type VbusEvent, type WaitingEvent } from './event-backlog.ts';
export { type EventCounters, EventQueue, type EventQueueOptions, type EventQueueTrace, type EventSink } from './event-queue.ts';
export { IOQ_SIGNAL_OFFSET, Ioq, type IoqFault, IoqIndex, type IoqIndexName, type IoqOptions, ioqLength } from './ioq.ts';
export { IoqIterator, type IoqIteratorOptions, type IoqSeek } from './ioq-iterator.ts';
export { NorthArena } from './north/north-arena.ts';
export { NorthDevice } from './north/north-device.ts';
export { type AddedDevice, type NorthCounters, NorthSession, type NorthSessionOptions } from './north/north-session.ts';
export type { NorthWire } from './north/north-wire.ts';
export { BufferMemory, BufferRegion, type ClientMemory, MappedMemory, MemoryRegion, type SharedRegion } from './shared-region.ts';
export {
  addSignalCounters,
  initShmSignal,
  isShmSignal,
  noSignals,
  ShmSignal,
  type ShmSignalOptions,
  type Side,
  type SignalCounters,
} from './shm-signal.ts';
export { type FieldSize, type Structure, structure } from './structure.ts';
export { VbusTree } from './tree.ts';
export { VENET_CLASS, VENET_TYPE, VENET_VERSION } from './venet/abi.ts';
export type { VenetOffloadPolicy } from './venet/capabilities.ts';
export { VenetCounters, type VenetDropReason, type VenetRing } from './venet/counters.ts';
export type { VenetNotificationOptions } from './venet/notifications.ts';
export type { VenetSettings } from './venet/settings.ts';
export { Venet, type VenetClassOptions, type VenetEvent, type VenetOptions, venetClass } from './venet/venet.ts';
