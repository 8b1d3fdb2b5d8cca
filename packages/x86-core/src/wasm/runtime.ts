/**
 * The part of the WebAssembly JavaScript interface that is used here, typed by hand: the package depends on no DOM or Node types.
 */
export interface LinearMemory {
  readonly buffer: ArrayBufferLike;
}

/** Other threads may have it, too. A module that imports it says so, and the other way round. */
export const isShared = ({ buffer }: LinearMemory): boolean =>
  typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer;

export interface FunctionTable {
  readonly length: number;
  set(index: number, value: unknown): void;
  grow(delta: number): number;
}

interface Runtime {
  readonly Memory: new (descriptor: { initial: number; maximum?: number; shared?: boolean }) => LinearMemory;
  readonly Table: new (descriptor: { element: 'anyfunc'; initial: number; maximum?: number }) => FunctionTable;
  readonly Module: new (bytes: Uint8Array) => CompiledModule;
  readonly Instance: new (
    module: CompiledModule,
    imports: Record<string, Record<string, unknown>>,
  ) => { readonly exports: Record<string, unknown> };
}

/** A compiled module; opaque. */
export type CompiledModule = object;

export const WASM: Runtime = (globalThis as unknown as { WebAssembly: Runtime }).WebAssembly;
