/**
 * Handlers and subroutines with a module of their own, made when an instruction of their shape is first met. The compiled modules serve
 * every CPU of the process; a CPU instantiates them with its own memory and helpers.
 */
import type { Instruction } from '../semantics/instruction.ts';
import type { Subroutine } from '../semantics/language.ts';
import type { SystemRoutine } from '../system/routine.ts';
import { i32Const, localGet } from '../wasm/instructions.ts';
import { FunctionBuilder, ModuleBuilder, type Signature } from '../wasm/module.ts';
import { type CompiledModule, isShared, type LinearMemory, WASM } from '../wasm/runtime.ts';
import { effectsOf, type Statics } from './effects.ts';
import { cleaned, typeOf } from './expression.ts';
import { OUTCOME, type Surroundings } from './handler-surroundings.ts';
import { HELPERS } from './interpreter-helpers.ts';
import { InterpreterLanguage } from './interpreter-language.ts';
import { type Shape, shapeKey } from './shape.ts';
import { caseName, caseSignature } from './system-cases.ts';

interface Made {
  readonly module: CompiledModule;
  readonly subroutines: readonly Subroutine[];
}

/** Modules made so far, for CPUs whose memory is shared or not. */
class Modules {
  readonly shared: boolean;
  readonly handlers: Map<Instruction, Map<number, Made>> = new Map();
  readonly subroutines: Map<Subroutine, Made> = new Map();

  constructor(shared: boolean) {
    this.shared = shared;
  }
}

const OF_SHARED_MEMORY = new Modules(true);
const OF_OWN_MEMORY = new Modules(false);
const routineNumbers = new Map<SystemRoutine, number>();
const routines: SystemRoutine[] = [];

/** System routine by the number that generated code calls it with. */
export const routineByNumber = (number: number): SystemRoutine => routines[number] as SystemRoutine;

/** The number of a system routine. */
export function routineNumber(routine: SystemRoutine): number {
  let number = routineNumbers.get(routine);
  if (number === undefined) {
    number = routines.push(routine) - 1;
    routineNumbers.set(routine, number);
  }
  return number;
}

/** As a WebAssembly function. */
export const signatureOf = (subroutine: Subroutine): Signature => ({
  parameters: subroutine.parameters.map(typeOf),
  results: subroutine.results.map(typeOf),
});

/** A module with one function, exported as `main`; what the function calls is imported as it is met. */
function singleFunctionModule(
  shared: boolean,
  signature: Signature,
  write: (builder: FunctionBuilder, around: Surroundings) => void,
): Made {
  const module = new ModuleBuilder();
  module.importMemory('env', 'memory', shared);
  const imported = new Map<string, number>();
  const called: Subroutine[] = [];
  const importOnce = (space: string, name: string, type: Signature): number => {
    let index = imported.get(`${space} ${name}`);
    if (index === undefined) {
      index = module.importFunction(space, name, type);
      imported.set(`${space} ${name}`, index);
    }
    return index;
  };
  const builder = new FunctionBuilder(signature);
  write(builder, {
    shared,
    helper: (name) => importOnce('helpers', name, HELPERS[name] as Signature),
    routine: routineNumber,
    commonCase: (common) => importOnce('helpers', caseName(common), caseSignature(common)),
    subroutine: (subroutine) => {
      if (!called.includes(subroutine)) called.push(subroutine);
      return importOnce('subroutines', subroutine.name, signatureOf(subroutine));
    },
  });
  module.add(builder, 'main');
  return { module: new WASM.Module(module.encode()), subroutines: called };
}

function handlerModule({ shared, handlers }: Modules, shape: Shape): Made {
  let byKey = handlers.get(shape.instruction);
  if (byKey === undefined) {
    byKey = new Map();
    handlers.set(shape.instruction, byKey);
  }
  const key = shapeKey(shape);
  let made = byKey.get(key);
  if (made === undefined) {
    made = singleFunctionModule(shared, { parameters: ['i32'], results: ['i32'] }, (builder, around) =>
      writeHandler(builder, shape, around),
    );
    byKey.set(key, made);
  }
  return made;
}

function writeHandler(builder: FunctionBuilder, shape: Shape, around: Surroundings): void {
  const { instruction, statics } = shape;
  const effects = effectsOf(
    instruction.body,
    statics,
    shape.operands.map((o) => ({ width: o.width, isMemory: o.kind === 'memory' })),
  );
  const operands = shape.operands.map((o, i) => ({ ...o, reads: effects.reads[i] === true, writes: effects.writes[i] === true }));
  const language = new InterpreterLanguage(builder, statics, operands, around);
  instruction.body(language, ...language.operands());
  if (shape.locked) language.fence();
  builder.emit(language.outcome === undefined ? i32Const(OUTCOME.next) : localGet(language.outcome));
}

const SUBROUTINE_STATICS: Statics = { width: 64, addressWidth: 64, stackWidth: 64, codeWidth: 64, repeatPrefix: 'none' };

function subroutineModule({ shared, subroutines }: Modules, subroutine: Subroutine): Made {
  let made = subroutines.get(subroutine);
  if (made === undefined) {
    made = singleFunctionModule(shared, signatureOf(subroutine), (builder, around) => {
      const language = new InterpreterLanguage(builder, SUBROUTINE_STATICS, [], around);
      const parameters = subroutine.parameters.map((width, i) => ({ type: typeOf(width), code: [0x20, i], clean: true, bound: true }));
      const results = subroutine.body(language, ...parameters);
      for (const [i, result] of results.entries()) builder.emit(cleaned(result, subroutine.results[i] ?? 64));
    });
    subroutines.set(subroutine, made);
  }
  return made;
}

/** Instances for one CPU. */
export class HandlerInstances {
  readonly #memory: LinearMemory;
  readonly #modules: Modules;
  readonly #helpers: Record<string, unknown>;
  readonly #subroutines = new Map<Subroutine, unknown>();

  /** @param helpers functions of HELPERS by name */
  constructor(memory: LinearMemory, helpers: Record<string, unknown>) {
    this.#memory = memory;
    this.#modules = isShared(memory) ? OF_SHARED_MEMORY : OF_OWN_MEMORY;
    this.#helpers = helpers;
  }

  /** The function (record) → outcome for a shape. */
  handler(shape: Shape): unknown {
    return this.#instantiate(handlerModule(this.#modules, shape));
  }

  /** The function of a subroutine. */
  subroutine(subroutine: Subroutine): unknown {
    let made = this.#subroutines.get(subroutine);
    if (made === undefined) {
      made = this.#instantiate(subroutineModule(this.#modules, subroutine));
      this.#subroutines.set(subroutine, made);
    }
    return made;
  }

  #instantiate(made: Made): unknown {
    const imports = Object.fromEntries(made.subroutines.map((s) => [s.name, this.subroutine(s)]));
    const instance = new WASM.Instance(made.module, { env: { memory: this.#memory }, helpers: this.#helpers, subroutines: imports });
    return instance.exports['main'];
  }
}
