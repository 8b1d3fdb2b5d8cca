/** The assembled PC: chipset, boot protocols, run loop. See README.md. */
export { ConfigurationError } from '@paravirt/bus';
export { errnoName, type VbusHost, type VbusTree } from '@paravirt/vbus';
export type { BiosImage } from './boot/bios.ts';
export { loadBios } from './boot/bios.ts';
export type { BootProgram, StartSegment, StartState } from './boot/boot-program.ts';
export { memoryMapOf } from './boot/e820.ts';
export { loadKernel } from './boot/kernel.ts';
export { type LinuxOptions, loadLinux } from './boot/linux.ts';
export { loadMultiboot, type MultibootOptions } from './boot/multiboot.ts';
export type { MemoryMapEntry, Placement } from './boot/placement.ts';
export {
  CARD_DOORBELLS,
  CARD_INTERRUPTS,
  CARD_PLACES,
  CARD_SUPPRESSIONS,
  type CardDoorbell,
  type CardInterrupts,
  type CardOptions,
  type CardPlace,
  type CardPosition,
  type CardSuppression,
  type CardWords,
  checkCard,
  checkVbus,
  VBUS_DOORBELLS,
  VBUS_INTERRUPTS,
  type VbusOptions,
} from './card-options.ts';
export type { CardCounts, CardReport, ConnectorReport, Directions } from './card-report.ts';
export type { ConsolePort } from './console.ts';
export type { AccessCount, ExitCounters, ExitKinds, ExitReport, NamedCount } from './exits.ts';
export { type Host, platformHost, type Sleep } from './host.ts';
export type { NetworkCard, NetworkCards, Removal } from './network-cards.ts';
export { createPc, type Pc } from './pc.ts';
export {
  type BiosBoot,
  DETERMINISTIC_START_MS,
  defaultMac,
  type KernelBoot,
  MEMORY_MAX,
  MEMORY_MIN,
  NETS_MAX,
  type NetOptions,
  type PcOptions,
  type TimeOptions,
} from './pc-options.ts';
export { type ExitKind, type Prices, priceOf, type Work } from './prices.ts';
export type { PcStop, StopCondition } from './run-loop.ts';
export type { Wire } from './virtual-bus.ts';
