/** An x86 CPU, 16-, 32- and 64-bit. See README.md for one used alone. */
export { Cpu, type CpuOptions, type CpuState } from './cpu.ts';
export { CpuMemory, type CpuMemoryOptions } from './cpu-memory.ts';
export { type ListedInstruction, type ListingOptions, listing } from './decode/listing.ts';
export { ENGINES, type EngineName } from './engine-name.ts';
export type { EngineStatistics } from './engines/engine-statistics.ts';
export type { RegionInfo } from './engines/translator/region-info.ts';
export type { TranslatorStatistics } from './engines/translator/translator.ts';
export type {
  CpuidLeaf,
  Environment,
  HypercallHandler,
  HypercallState,
  InterruptController,
  MsrHandler,
  TimestampLine,
} from './environment.ts';
export type { GeneralRegister, Registers, SegmentRegister, SegmentRegisterName, TableRegister } from './registers.ts';
export { type ArchitecturalField, type DerivedField, type FieldName, STATE, type StateField } from './state.ts';
export { stateName } from './state-name.ts';
export type { Stop } from './stop.ts';
export { disassembleFunction, disassembleModule, type WasmNames } from './wasm/disassemble.ts';
export type { LinearMemory } from './wasm/runtime.ts';
