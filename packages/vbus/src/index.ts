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
export type { ConnectContext, DeviceClass, DeviceInterface, VbusConnection, VbusDevice } from './device.ts';
export { E2BIG, EBUSY, EEXIST, EFAULT, EINVAL, EIO, ENODEV, ENOENT, ENOMEM, ENOSPC, ENOTEMPTY, ENXIO } from './errno.ts';
export { EventBacklog, type VbusEvent, type WaitingEvent } from './event-backlog.ts';
export { type EventCounters, EventQueue, type EventQueueOptions, type EventQueueTrace, type EventSink } from './event-queue.ts';
export { IOQ_SIGNAL_OFFSET, Ioq, type IoqFault, IoqIndex, type IoqIndexName, type IoqOptions, ioqLength } from './ioq.ts';
export { IoqIterator, type IoqIteratorOptions, type IoqSeek } from './ioq-iterator.ts';
export { BufferMemory, BufferRegion, type ClientMemory, MappedMemory, MemoryRegion, type SharedRegion } from './shared-region.ts';
export { initShmSignal, isShmSignal, ShmSignal, type ShmSignalOptions, type Side, type SignalCounters } from './shm-signal.ts';
export { type FieldSize, type Structure, structure } from './structure.ts';
export { VENET_CLASS, VENET_TYPE, VENET_VERSION } from './venet/abi.ts';
export type { VenetOffloadPolicy } from './venet/capabilities.ts';
export { VenetCounters, type VenetDropReason, type VenetRing } from './venet/counters.ts';
export type { VenetSettings } from './venet/settings.ts';
export { Venet, type VenetClassOptions, type VenetEvent, type VenetOptions, venetClass } from './venet/venet.ts';
