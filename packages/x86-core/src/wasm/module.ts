/** A small WebAssembly module encoder. [WebAssembly 2.0 §5.5] */

import { OP, TYPE_CODE, type ValueType } from './instructions.ts';
import { unsigned } from './leb128.ts';

export interface Signature {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** Bytes that grow. */
class Bytes {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1024);
  length = 0;

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.length + more, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }

  push(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = byte;
  }

  append(bytes: readonly number[] | Uint8Array): void {
    this.#reserve(bytes.length);
    const to = this.#bytes;
    let at = this.length;
    for (let i = 0; i < bytes.length; i++) to[at++] = bytes[i] as number;
    this.length = at;
  }

  /** A view of what is there; good until more comes. */
  get view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.length);
  }
}

/** One function being written: code, locals, and the nesting depth of its blocks. */
export class FunctionBuilder {
  readonly signature: Signature;
  readonly #code = new Bytes();
  /** Where branches stand that hardly ever (0) or nearly always (1) go into the `if`. */
  readonly #hints: (readonly [offset: number, hint: 0 | 1])[] = [];
  #before: readonly number[] = [];
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
    this.#before = [...code, ...this.#before];
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

  /** Bytes of what was emitted so far. */
  get length(): number {
    return this.#code.length;
  }

  emit(...parts: readonly (number | readonly number[])[]): void {
    for (const part of parts) {
      if (typeof part === 'number') this.#code.push(part);
      else this.#code.append(part);
    }
  }

  /** Opens a block, loop or if; gives its label. */
  open(opcode: number, type: ValueType | 'none' = 'none'): number {
    this.emit(opcode, type === 'none' ? 0x40 : TYPE_CODE[type]);
    return ++this.#depth;
  }

  /** Opens an `if` whose condition hardly ever holds. */
  openUnlikely(): number {
    return this.#openHinted(0);
  }

  /** Opens an `if` whose condition nearly always holds. */
  openLikely(): number {
    return this.#openHinted(1);
  }

  #openHinted(hint: 0 | 1): number {
    this.#hints.push([this.#code.length, hint]);
    return this.open(OP.if);
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

  #declarations(): number[] {
    // Neighbours of one type are declared together.
    const groups: { type: ValueType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = groups.at(-1);
      if (last?.type === type) last.count++;
      else groups.push({ type, count: 1 });
    }
    const locals = groups.flatMap(({ type, count }) => [...unsigned(count), TYPE_CODE[type]]);
    return [...unsigned(groups.length), ...locals];
  }

  /** Branches with hints: offset in the body, as `encode` gives it but for its length, and 0 (hardly ever taken) or 1. */
  get hints(): readonly (readonly [offset: number, hint: 0 | 1])[] {
    const before = this.#declarations().length + this.#before.length;
    return this.#hints.map(([offset, hint]) => [before + offset, hint]);
  }

  /** Body with local declarations and length, as the code section holds it. */
  encode(): Uint8Array<ArrayBuffer> {
    const before = [...this.#declarations(), ...this.#before];
    const all = new Bytes();
    all.append(unsigned(before.length + this.#code.length + 1));
    all.append(before);
    all.append(this.#code.view);
    all.push(OP.end);
    return all.view;
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

  /** @param shared it is shared with other threads; such a memory has a maximum, here the largest */
  importMemory(module: string, name: string, shared = false): void {
    const limits = shared ? [0x03, ...unsigned(1), ...unsigned(65_536)] : [0x00, ...unsigned(1)];
    this.#imports.push([...text(module), ...text(name), 0x02, ...limits]);
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

  encode(): Uint8Array<ArrayBuffer> {
    const all = new Bytes();
    all.append([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
    const section = (id: number, items: readonly (readonly number[] | Uint8Array)[], name?: string): void => {
      if (items.length === 0) return;
      const count = name === undefined ? unsigned(items.length) : text(name);
      all.push(id);
      all.append(unsigned(items.reduce((sum, item) => sum + item.length, count.length)));
      all.append(count);
      for (const item of items) all.append(item);
    };
    section(1, this.#typeBytes);
    section(2, this.#imports);
    section(
      3,
      this.#functions.map((f) => unsigned(f.type)),
    );
    section(7, this.#exports);
    const hints = this.#branchHints();
    if (hints.length > 0) section(0, [hints], 'metadata.code.branch_hint');
    section(
      10,
      this.#functions.map((f) => f.builder.encode()),
    );
    return all.view;
  }

  /** Which way branches mostly go. [WebAssembly 3.0, Custom Annotations: Branch Hinting] */
  #branchHints(): number[] {
    const functions = this.#functions.flatMap(({ builder: { hints } }, i) => {
      if (hints.length === 0) return [];
      const bytes = hints.flatMap(([offset, hint]) => [...unsigned(offset), 1, hint]);
      return [[...unsigned(this.#importedFunctions + i), ...unsigned(hints.length), ...bytes]];
    });
    return functions.length === 0 ? [] : vector(functions);
  }
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function text(value: string): number[] {
  return [...unsigned(value.length), ...Array.from(value, (c) => c.charCodeAt(0))];
}
