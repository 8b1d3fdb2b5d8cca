/** A WebAssembly module of regions: what it imports is imported as the first region that needs it is written. */
import type { Subroutine } from '../../semantics/language.ts';
import type { CommonCase } from '../../system/common-case/language.ts';
import { call, i32Const, localGet, OP } from '../../wasm/instructions.ts';
import { unsigned } from '../../wasm/leb128.ts';
import { FunctionBuilder, ModuleBuilder, type Signature } from '../../wasm/module.ts';
import { type LinearMemory, WASM } from '../../wasm/runtime.ts';
import { signatureOf } from '../handler-module.ts';
import { HELPERS } from '../interpreter-helpers.ts';
import { transferName, transferSignature } from '../region-transfer.ts';
import { caseName, caseSignature } from '../system-cases.ts';
import type { MadeRegion } from './observer.ts';
import { REGION } from './region.ts';
import { type RegionModule, type RegionOptions, RegionWriter } from './region-writer.ts';

/** What the functions of the module find when it is made. */
export interface RegionEnvironment {
  readonly memory: LinearMemory;
  readonly regions: unknown;
  readonly helpers: Readonly<Record<string, unknown>>;
  subroutine(subroutine: Subroutine): unknown;
}

/** (slot, remaining) */
const ENTERED: Signature = { parameters: ['i32', 'i32'], results: [] };

interface Added {
  readonly slot: number;
  readonly writer: RegionWriter;
}

interface Observer {
  readonly entered: (slot: number, remaining: number) => void;
}

/** A function that tells that the region in `slot` is entered, and goes on in it. */
function telling(entered: number, slot: number, region: number): FunctionBuilder {
  const f = new FunctionBuilder(REGION);
  const [entry, base, remaining] = [localGet(0), localGet(1), localGet(2)];
  f.emit(i32Const(slot), remaining, call(entered), entry, base, remaining, OP.returnCall, unsigned(region));
  return f;
}

export class RegionModuleWriter implements RegionModule {
  readonly shared: boolean;
  readonly #module = new ModuleBuilder();
  readonly #indices = new Map<string | Subroutine, number>();
  readonly #helpers: string[] = [];
  readonly #subroutines: Subroutine[] = [];
  readonly #functions: FunctionBuilder[] = [];
  readonly #regions: Added[] = [];
  readonly #observer: Observer | undefined;

  /** @param observer is told when a region is entered */
  constructor(shared: boolean, observer?: Observer) {
    this.shared = shared;
    this.#observer = observer;
    this.#module.importMemory('env', 'memory', shared);
    this.#module.importTable('env', 'regions');
  }

  helper(name: string): number {
    return this.#exported(name, HELPERS[name] as Signature);
  }

  commonCase(common: CommonCase): number {
    return this.#exported(caseName(common), caseSignature(common));
  }

  transfer(common: CommonCase): number {
    return this.#exported(transferName(common), transferSignature(common));
  }

  /** A function of the interpreter's main module. */
  #exported(name: string, signature: Signature): number {
    return this.#import(name, () => {
      this.#helpers.push(name);
      return this.#module.importFunction('helpers', name, signature);
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
    const writer = new RegionWriter(f, this, options);
    this.#functions.push(f);
    this.#regions.push({ slot: options.slot, writer });
  }

  encode(): Uint8Array {
    const entered = this.#observer === undefined ? undefined : this.#module.importFunction('observer', 'entered', ENTERED);
    for (const [i, f] of this.#functions.entries()) {
      if (entered === undefined) this.#module.add(f, `${i}`);
      else this.#module.add(telling(entered, this.#regions[i]?.slot ?? 0, this.#module.add(f)), `${i}`);
    }
    return this.#module.encode();
  }

  /** What an observer keeps of the region that was added as number `i`. */
  about(i: number): Pick<MadeRegion, 'wasm' | 'marks' | 'functionNames' | 'localNames'> {
    const { f, marks, localNames } = (this.#regions[i] as Added).writer;
    const wasm = f.encode();
    // What was emitted stands at the end, before the function's own `end`.
    const start = wasm.length - 1 - f.length;
    return {
      wasm,
      marks: [...marks].map(([at, distance]) => ({ offset: start + at, distance })),
      functionNames: [...this.#indices.keys()].map((key) => (typeof key === 'string' ? key : key.name)),
      localNames,
    };
  }

  /** The functions, in the order in which they were added. `bytes` as `encode` gave them. */
  instantiate(bytes: Uint8Array, environment: RegionEnvironment): unknown[] {
    const { memory, regions } = environment;
    const { exports } = new WASM.Instance(new WASM.Module(bytes), {
      env: { memory, regions },
      ...(this.#observer === undefined ? {} : { observer: { entered: this.#observer.entered } }),
      helpers: Object.fromEntries(this.#helpers.map((name) => [name, environment.helpers[name]])),
      subroutines: Object.fromEntries(this.#subroutines.map((s, i) => [`${i}`, environment.subroutine(s)])),
    });
    return this.#functions.map((_, i) => exports[`${i}`]);
  }
}
