/**
 * What a translated region looks like from outside: for tools that show what the translator made. `Cpu.regions()` gives one for each region
 * that is in force, if the CPU was made to observe them; `paravirt disasm` prints them.
 */

import type { ListedInstruction } from '../../decode/listing.ts';

export interface RegionInfo {
  /** Linear address of the instruction from which the region was discovered. */
  readonly address: bigint;
  /** Size of the code segment: 64 in 64-bit mode. */
  readonly mode: 16 | 32 | 64;
  /** By linear address, each once, whatever number of blocks it is in. */
  readonly instructions: readonly ListedInstruction[];
  /**
   * The region's function as the code section of its module holds it [WebAssembly 2.0 §5.5.13]: length, local declarations, instructions.
   * Not to be written to.
   */
  readonly wasm: Uint8Array;
  /** Addresses of the instructions whose code begins at an offset in `wasm`. */
  readonly origins: ReadonlyMap<number, bigint>;
  /** Names of functions by the indices that calls in `wasm` have. */
  readonly functionNames: readonly string[];
  /** Names of its locals, parameters first; with holes, where a local has none. */
  readonly localNames: readonly string[];
  /** Times that the region was entered, from the interpreter or from another region. */
  readonly entries: number;
  /** x86 instructions retired in it. */
  readonly executed: number;
}
