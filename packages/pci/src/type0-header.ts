/**
 * The type 00h configuration header as one table [PCI 3.0 Figure 6-1], and the bits of its command and status registers
 * [PCI 3.0 Tables 6-1 and 6-2]. The table holds what every function has in common; what a function's own base address registers and live
 * status bits do is behaviour that `PciFunction` attaches.
 */
import { type RegisterTable, registers, ro, rw, w1c } from '@paravirt/bus';

/** Responds to I/O accesses. [PCI 3.0 §6.2.2] */
export const COMMAND_IO_SPACE = 0x0001;
/** Responds to memory accesses. */
export const COMMAND_MEMORY_SPACE = 0x0002;
/** May act as a master: DMA and message-signalled interrupts. */
export const COMMAND_BUS_MASTER = 0x0004;
export const COMMAND_PARITY_ERROR_RESPONSE = 0x0040;
export const COMMAND_SERR_ENABLE = 0x0100;
/** May not assert its INTx# signal. */
export const COMMAND_INTERRUPT_DISABLE = 0x0400;

/** Command bits that a write stores; the others concern cycles that no function here generates and are hardwired to zero. */
export const COMMAND_WRITABLE: number =
  COMMAND_IO_SPACE |
  COMMAND_MEMORY_SPACE |
  COMMAND_BUS_MASTER |
  COMMAND_PARITY_ERROR_RESPONSE |
  COMMAND_SERR_ENABLE |
  COMMAND_INTERRUPT_DISABLE;

/** The function's INTx interrupt is pending, whether or not it may assert the signal. [PCI 3.0 §6.2.3] */
export const STATUS_INTERRUPT = 0x0008;
/** The byte at 34h points to a capability list. */
export const STATUS_CAPABILITIES_LIST = 0x0010;
export const STATUS_MASTER_DATA_PARITY_ERROR = 0x0100;
export const STATUS_SIGNALED_TARGET_ABORT = 0x0800;
export const STATUS_RECEIVED_TARGET_ABORT = 0x1000;
export const STATUS_RECEIVED_MASTER_ABORT = 0x2000;
export const STATUS_SIGNALED_SYSTEM_ERROR = 0x4000;
export const STATUS_DETECTED_PARITY_ERROR = 0x8000;

/** Status bits that writing a one clears. */
export const STATUS_CLEARABLE: number =
  STATUS_MASTER_DATA_PARITY_ERROR |
  STATUS_SIGNALED_TARGET_ABORT |
  STATUS_RECEIVED_TARGET_ABORT |
  STATUS_RECEIVED_MASTER_ABORT |
  STATUS_SIGNALED_SYSTEM_ERROR |
  STATUS_DETECTED_PARITY_ERROR;

/** In `headerType`: the device has more functions than this one. [PCI 3.0 §6.2.1] */
export const HEADER_TYPE_MULTI_FUNCTION = 0x80;

export type Type0Register =
  | 'vendorId'
  | 'deviceId'
  | 'command'
  | 'status'
  | 'revisionId'
  | 'progIf'
  | 'subclass'
  | 'baseClass'
  | 'cacheLineSize'
  | 'latencyTimer'
  | 'headerType'
  | 'bist'
  | 'baseAddress0'
  | 'baseAddress1'
  | 'baseAddress2'
  | 'baseAddress3'
  | 'baseAddress4'
  | 'baseAddress5'
  | 'cardbusCisPointer'
  | 'subsystemVendorId'
  | 'subsystemId'
  | 'expansionRomBaseAddress'
  | 'capabilitiesPointer'
  | 'reserved35'
  | 'reserved38'
  | 'interruptLine'
  | 'interruptPin'
  | 'minGrant'
  | 'maxLatency';

/** Names of the six base address registers, by number. */
export const BASE_ADDRESS_REGISTERS: readonly Type0Register[] = [
  'baseAddress0',
  'baseAddress1',
  'baseAddress2',
  'baseAddress3',
  'baseAddress4',
  'baseAddress5',
];

/** [PCI 3.0 Figure 6-1] Type 00h header. Sizes in bytes. A base address register stores what its `Bar` lets through. */
export const TYPE_0_HEADER: RegisterTable<Type0Register> = registers<Type0Register>(0x40, {
  vendorId: ro(2),
  deviceId: ro(2),
  command: rw(2, COMMAND_WRITABLE),
  status: w1c(2, STATUS_CLEARABLE),
  revisionId: ro(1),
  progIf: ro(1),
  subclass: ro(1),
  baseClass: ro(1),
  cacheLineSize: rw(1),
  latencyTimer: rw(1),
  headerType: ro(1),
  bist: ro(1),
  baseAddress0: rw(4),
  baseAddress1: rw(4),
  baseAddress2: rw(4),
  baseAddress3: rw(4),
  baseAddress4: rw(4),
  baseAddress5: rw(4),
  cardbusCisPointer: ro(4),
  subsystemVendorId: ro(2),
  subsystemId: ro(2),
  expansionRomBaseAddress: ro(4),
  capabilitiesPointer: ro(1),
  reserved35: ro(3),
  reserved38: ro(4),
  interruptLine: rw(1),
  interruptPin: ro(1),
  minGrant: ro(1),
  maxLatency: ro(1),
});
