/** What every device and engine shares. See README.md for each used alone. */
export { type AccessTotal, AddressSpace, ALL_ONES, type IoHandler, type Mapping, type Width } from './address-space.ts';
export { type Clock, type Timer, VirtualClock } from './clock.ts';
export { ConfigurationError } from './errors.ts';
export { type GuestMemory, Ram, type RamRegion } from './guest-memory.ts';
export { type InterruptLine, type MessageInterrupts, RecordingLine, SharedLine } from './interrupt-line.ts';
export { formatMitigation, type Mitigation, NO_MITIGATION, parseMitigation } from './mitigation.ts';
export { Pickup, type PickupOptions } from './pickup.ts';
export {
  type Field,
  type FieldBehaviour,
  type FieldSpec,
  RegisterFile,
  type RegisterTable,
  registers,
  ro,
  rw,
  w1c,
} from './register-map.ts';
export type { NotificationOutcome, RingEvent } from './ring-trace.ts';
export { SignalHold, type SignalHoldOptions } from './signal-hold.ts';
export type { TraceSink } from './trace.ts';
