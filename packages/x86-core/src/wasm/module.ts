/** A small WebAssembly module encoder. [WebAssembly 2.0 §5.5] */

import { OP, TYPE_CODE, type ValueType } from './instructions.ts';
import { unsigned } from './leb128.ts';

export interface Signature {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** One function being written: code, locals, and the nesting depth of its blocks. */
export class FunctionBuilder {
  readonly signature: Signature;
  readonly code: number[] = [];
  readonly #locals: ValueType[] = [];
  readonly #free: Record<ValueType, number[]> = { i32: [], i64: [], v128: [], f32: [], f64: [] };
  #taken: { readonly type: ValueType; readonly index: number }[] = [];
  #depth = 0;

  constructor(signature: Signature) {
    this.signature = signature;
  }

  /** A local that nobody else uses until `release`. Its value is unspecified until it is set. */
  local(type: ValueType): number {
    const index = this.#free[type].pop() ?? this.signature.parameters.length + this.#locals.push(type) - 1;
    this.#taken.push({ type, index });
    return index;
  }

  release(type: ValueType, index: number): void {
    this.#taken = this.#taken.filter((t) => t.index !== index);
    this.#free[type].push(index);
  }

  /** A local that is never given back, and that nobody had before. */
  lasting(type: ValueType): number {
    return this.signature.parameters.length + this.#locals.push(type) - 1;
  }

  /** Puts code before all that was emitted. It opens no block. */
  prepend(code: readonly number[]): void {
    this.code.splice(0, 0, ...code);
  }

  /** From here on remembers the locals that are taken, until `releaseMarked` gives them all back. */
  mark(): void {
    this.#taken = [];
  }

  releaseMarked(): void {
    for (const { type, index } of this.#taken) this.#free[type].push(index);
    this.#taken = [];
  }

  /** Number of blocks that are open. A label made at depth d is reached by a branch of (depth − d). */
  get depth(): number {
    return this.#depth;
  }

  emit(...parts: readonly (number | readonly number[])[]): void {
    for (const part of parts) {
      if (typeof part === 'number') this.code.push(part);
      else for (const byte of part) this.code.push(byte);
    }
  }

  /** Opens a block, loop or if; gives its label. */
  open(opcode: number, type: ValueType | 'none' = 'none'): number {
    this.emit(opcode, type === 'none' ? 0x40 : TYPE_CODE[type]);
    return ++this.#depth;
  }

  /** A block that leaves `type` is opened by code made elsewhere. */
  else(): void {
    this.emit(OP.else);
  }

  close(): void {
    this.emit(OP.end);
    this.#depth--;
  }

  branch(label: number): void {
    this.emit(OP.br, unsigned(this.#depth - label));
  }

  branchIf(label: number): void {
    this.emit(OP.brIf, unsigned(this.#depth - label));
  }

  /** Body with local declarations and length, as the code section holds it. */
  encode(): number[] {
    const locals = this.#locals.flatMap((type) => [1, TYPE_CODE[type]]);
    const body = [...unsigned(this.#locals.length), ...locals, ...this.code, OP.end];
    return [...unsigned(body.length), ...body];
  }
}

export class ModuleBuilder {
  readonly #types: string[] = [];
  readonly #typeBytes: number[][] = [];
  readonly #imports: number[][] = [];
  readonly #functions: { readonly type: number; readonly builder: FunctionBuilder }[] = [];
  readonly #exports: number[][] = [];
  #importedFunctions = 0;
  #sealed = false;

  typeIndex(signature: Signature): number {
    const bytes = [
      0x60,
      ...vector(signature.parameters.map((t) => [TYPE_CODE[t]])),
      ...vector(signature.results.map((t) => [TYPE_CODE[t]])),
    ];
    const key = bytes.join();
    const found = this.#types.indexOf(key);
    if (found >= 0) return found;
    this.#typeBytes.push(bytes);
    return this.#types.push(key) - 1;
  }

  importMemory(module: string, name: string): void {
    this.#imports.push([...text(module), ...text(name), 0x02, 0x00, ...unsigned(1)]);
  }

  importTable(module: string, name: string): void {
    this.#imports.push([...text(module), ...text(name), 0x01, 0x70, 0x00, ...unsigned(1)]);
  }

  /** Imports come before all functions. */
  importFunction(module: string, name: string, signature: Signature): number {
    if (this.#sealed) throw new Error('imports come first');
    this.#imports.push([...text(module), ...text(name), 0x00, ...unsigned(this.typeIndex(signature))]);
    return this.#importedFunctions++;
  }

  /** Adds a function; its code may be written later. Gives its index. */
  function(signature: Signature, exportName?: string): { readonly index: number; readonly builder: FunctionBuilder } {
    const builder = new FunctionBuilder(signature);
    return { index: this.add(builder, exportName), builder };
  }

  /** Adds a function that is written already. */
  add(builder: FunctionBuilder, exportName?: string): number {
    this.#sealed = true;
    const index = this.#importedFunctions + this.#functions.push({ type: this.typeIndex(builder.signature), builder }) - 1;
    if (exportName !== undefined) this.#exports.push([...text(exportName), 0x00, ...unsigned(index)]);
    return index;
  }

  encode(): Uint8Array {
    const section = (id: number, items: readonly (readonly number[])[]): number[] => {
      if (items.length === 0) return [];
      const body = vector(items);
      return concat([id, ...unsigned(body.length)], body);
    };
    const parts = [
      [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      section(1, this.#typeBytes),
      section(2, this.#imports),
      section(
        3,
        this.#functions.map((f) => unsigned(f.type)),
      ),
      section(7, this.#exports),
      section(
        10,
        this.#functions.map((f) => f.builder.encode()),
      ),
    ];
    return Uint8Array.from(concat(...parts));
  }
}

function vector(items: readonly (readonly number[])[]): number[] {
  return concat(unsigned(items.length), ...items);
}

function concat(...parts: readonly (readonly number[])[]): number[] {
  const all: number[] = [];
  for (const part of parts) for (const byte of part) all.push(byte);
  return all;
}

function text(value: string): number[] {
  return [...unsigned(value.length), ...Array.from(value, (c) => c.charCodeAt(0))];
}
