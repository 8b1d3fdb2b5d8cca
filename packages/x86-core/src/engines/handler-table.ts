/**
 * The interpreter's handlers for one CPU: which number a record holds for an instruction. Common shapes are cases of the main function;
 * any other gets a function of its own in the table when it is first met.
 */
import type { Decoded } from '../decode/decoded.ts';
import type { Instruction } from '../semantics/instruction.ts';
import type { Subroutine } from '../semantics/language.ts';
import { delivery } from '../system/common-case/delivery.ts';
import { ModuleBuilder } from '../wasm/module.ts';
import { type CompiledModule, type FunctionTable, isShared, type LinearMemory, WASM } from '../wasm/runtime.ts';
import { COMMON_SHAPES } from './common-shapes.ts';
import { HandlerInstances } from './handler-module.ts';
import { buildHelpers } from './interpreter-helpers.ts';
import { buildMain } from './interpreter-main.ts';
import { SPECIAL_COUNT } from './record.ts';
import { type Shape, shapeKey, shapeOf } from './shape.ts';
import { buildSystemCases, caseName } from './system-cases.ts';

/** Numbers by instruction and key of the shape. */
class Numbers {
  readonly #byInstruction = new Map<Instruction, Map<number, number>>();

  get(instruction: Instruction, key: number): number | undefined {
    return this.#byInstruction.get(instruction)?.get(key);
  }

  set(instruction: Instruction, key: number, number: number): void {
    let byKey = this.#byInstruction.get(instruction);
    if (byKey === undefined) {
      byKey = new Map();
      this.#byInstruction.set(instruction, byKey);
    }
    byKey.set(key, number);
  }
}

/** Cases of the main function do not depend on the address width. */
const caseKey = (shape: Shape): number => shapeKey({ ...shape, statics: { ...shape.statics, addressWidth: 64 } });
/** Number of the first handler that is called through the table. */
const FIRST_FUNCTION = SPECIAL_COUNT + COMMON_SHAPES.length;
const GROWTH = 256;

interface Main {
  readonly module: CompiledModule;
  readonly cases: Numbers;
}

/** By whether memory is shared. */
const mains = new Map<boolean, Main>();

/** The main module serves every CPU of the process whose memory is of this kind. */
function compileMain(shared: boolean): Main {
  const known = mains.get(shared);
  if (known !== undefined) return known;
  const module = new ModuleBuilder();
  module.importMemory('env', 'memory', shared);
  module.importTable('env', 'table');
  module.importTable('env', 'regions');
  const helpers = buildHelpers(module);
  buildMain(module, buildSystemCases(module, helpers), COMMON_SHAPES, shared);
  const cases = new Numbers();
  for (const [i, shape] of COMMON_SHAPES.entries()) cases.set(shape.instruction, caseKey(shape), SPECIAL_COUNT + i);
  const main = { module: new WASM.Module(module.encode()), cases };
  mains.set(shared, main);
  return main;
}

/** Functions that generated code imports: see IMPORTS in interpreter-helpers.ts. */
export type Imports = Readonly<Record<string, (...values: number[]) => number | undefined | never>>;

export class HandlerTable {
  /** The main function: runs records from the one at this address on. */
  readonly run: (record: number) => void;
  /** The common case of delivery: (vector, error code or −1, KIND) → done. */
  readonly deliver: (vector: number, errorCode: number, kind: number) => number;
  readonly #cases: Numbers;
  readonly #functions = new Numbers();
  readonly #table: FunctionTable = new WASM.Table({ element: 'anyfunc', initial: GROWTH });
  /** Regions of translated code, which the main function calls by their slots. */
  readonly regions: FunctionTable = new WASM.Table({ element: 'anyfunc', initial: GROWTH });
  /** Functions of HELPERS by name. */
  readonly helpers: Readonly<Record<string, unknown>>;
  readonly #instances: HandlerInstances;
  readonly #shared: boolean;
  /** Functions made so far. */
  count = 0;

  constructor(memory: LinearMemory, imports: Imports) {
    this.#shared = isShared(memory);
    const { module, cases } = compileMain(this.#shared);
    this.#cases = cases;
    const { exports } = new WASM.Instance(module, { env: { memory, table: this.#table, regions: this.regions, ...imports } });
    this.run = exports['run'] as (record: number) => void;
    this.deliver = exports[caseName(delivery)] as HandlerTable['deliver'];
    this.helpers = { ...exports, raise: imports['raise'], system: imports['system'], topMissed: imports['topMissed'] };
    this.#instances = new HandlerInstances(memory, this.helpers);
  }

  /** The function of a subroutine. */
  subroutine(subroutine: Subroutine): unknown {
    return this.#instances.subroutine(subroutine);
  }

  /** @param flat ES, SS and DS are flat, or it is 64-bit mode */
  numberOf(decoded: Decoded, flat: boolean): number {
    const shape = shapeOf(decoded, this.#shared);
    const { instruction, locked } = shape;
    const common = flat && !locked && mayBeCase(decoded) ? this.#cases.get(instruction, caseKey(shape)) : undefined;
    if (common !== undefined) return common;
    const key = shapeKey(shape);
    let number = this.#functions.get(instruction, key);
    if (number === undefined) {
      const index = this.count++;
      if (index >= this.#table.length) this.#table.grow(GROWTH);
      this.#table.set(index, this.#instances.handler(shape));
      number = FIRST_FUNCTION + index;
      this.#functions.set(instruction, key, number);
    }
    return number;
  }
}

/** Cases want flat segments and addresses of the natural width. */
function mayBeCase(decoded: Decoded): boolean {
  const memory = decoded.operands.find((o) => o.kind === 'memory');
  if (memory === undefined || memory.kind !== 'memory') return true;
  if (decoded.addressWidth !== decoded.codeWidth || decoded.codeWidth === 16) return false;
  return decoded.codeWidth === 64 || memory.segment === 'DS' || memory.segment === 'SS' || memory.segment === 'ES';
}
