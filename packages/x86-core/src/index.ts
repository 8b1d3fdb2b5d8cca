/** An x86 CPU, 16-, 32- and 64-bit. See README.md for one used alone. */
export { Cpu, type CpuOptions, type CpuState, type EngineName } from './cpu.ts';
export { CpuMemory, type CpuMemoryOptions } from './cpu-memory.ts';
export type { Environment, InterruptController, MsrHandler } from './environment.ts';
export type { GeneralRegister, Registers, SegmentRegister, SegmentRegisterName, TableRegister } from './registers.ts';
export { type ArchitecturalField, type DerivedField, type FieldName, STATE, type StateField } from './state.ts';
export type { Stop } from './stop.ts';
export type { LinearMemory } from './wasm/runtime.ts';
