/** A WebAssembly module of regions: what it imports is imported as the first region that needs it is written. */
import type { Subroutine } from '../../semantics/language.ts';
import { FunctionBuilder, ModuleBuilder, type Signature } from '../../wasm/module.ts';
import { WASM } from '../../wasm/runtime.ts';
import { signatureOf } from '../handler-module.ts';
import { HELPERS } from '../interpreter-helpers.ts';
import { REGION } from './region.ts';
import { type RegionModule, type RegionOptions, RegionWriter } from './region-writer.ts';

/** What the functions of the module find when it is made. */
export interface RegionEnvironment {
  readonly memory: unknown;
  readonly regions: unknown;
  readonly helpers: Readonly<Record<string, unknown>>;
  subroutine(subroutine: Subroutine): unknown;
}

export class RegionModuleWriter implements RegionModule {
  readonly #module = new ModuleBuilder();
  readonly #indices = new Map<string | Subroutine, number>();
  readonly #helpers: string[] = [];
  readonly #subroutines: Subroutine[] = [];
  readonly #functions: FunctionBuilder[] = [];

  constructor() {
    this.#module.importMemory('env', 'memory');
    this.#module.importTable('env', 'regions');
  }

  helper(name: string): number {
    return this.#import(name, () => {
      this.#helpers.push(name);
      return this.#module.importFunction('helpers', name, HELPERS[name] as Signature);
    });
  }

  subroutine(subroutine: Subroutine): number {
    return this.#import(subroutine, () => {
      const number = this.#subroutines.push(subroutine) - 1;
      return this.#module.importFunction('subroutines', `${number}`, signatureOf(subroutine));
    });
  }

  typeOf(signature: Signature): number {
    return this.#module.typeIndex(signature);
  }

  #import(key: string | Subroutine, make: () => number): number {
    let index = this.#indices.get(key);
    if (index === undefined) {
      index = make();
      this.#indices.set(key, index);
    }
    return index;
  }

  /** Writes a region. */
  add(options: RegionOptions): void {
    const f = new FunctionBuilder(REGION);
    new RegionWriter(f, this, options);
    this.#functions.push(f);
  }

  encode(): Uint8Array {
    for (const [i, f] of this.#functions.entries()) this.#module.add(f, `${i}`);
    return this.#module.encode();
  }

  /** The functions, in the order in which they were added. `bytes` as `encode` gave them. */
  instantiate(bytes: Uint8Array, environment: RegionEnvironment): unknown[] {
    const { memory, regions } = environment;
    const { exports } = new WASM.Instance(new WASM.Module(bytes), {
      env: { memory, regions },
      helpers: Object.fromEntries(this.#helpers.map((name) => [name, environment.helpers[name]])),
      subroutines: Object.fromEntries(this.#subroutines.map((s, i) => [`${i}`, environment.subroutine(s)])),
    });
    return this.#functions.map((_, i) => exports[`${i}`]);
  }
}
