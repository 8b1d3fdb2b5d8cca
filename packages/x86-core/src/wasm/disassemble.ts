/**
 * Functions of a WebAssembly module → text, one instruction a line, indented by blocks. The names are those of instructions.ts in the
 * text format's spelling, so it reads what the encoder of this folder writes; an instruction that it does not know ends the text. Blocks have
 * the numbers of the order in which they open, and a branch names the block that it leaves or repeats:
 *
 *   loop $1
 *     local.get 0
 *     br_if $1
 *   end $1
 */
import { ByteReader } from './byte-reader.ts';
import { ATOMIC_FENCE, EMPTY_BLOCK, OP, SIMD, TYPE_CODE, type ValueType } from './instructions.ts';
import type { Signature } from './module.ts';

/** Names to write instead of indices; what has none keeps its index. */
export interface WasmNames {
  readonly functions?: readonly string[];
  /** Parameters first. */
  readonly locals?: readonly string[];
  /** What lies at the constant offset of a memory access; written behind the instruction. */
  readonly place?: (offset: number) => string | undefined;
  /** What the instruction at an offset in the function's bytes begins; written on a line before it. */
  readonly origin?: (offset: number) => string | undefined;
}

const SIMD_PREFIX = 0xfd;
const BULK_PREFIX = 0xfc;
const ATOMIC_PREFIX = 0xfe;
/** [WebAssembly 2.0 §5.4.6] */
const BULK: Readonly<Record<number, string>> = { 10: 'memory.copy', 11: 'memory.fill' };

/** `i32Load8U` → `i32.load8_u`, `brIf` → `br_if`, `localGet` → `local.get`. */
function spelling(name: string): string {
  const [, kind = '', rest = ''] = /^(i\d+x\d+|f\d+x\d+|v128|[if]\d+|local|global|memory|table)?(.*)$/.exec(name) ?? [];
  const words = rest
    .replace(/^(Extract|Replace)/, '$1Lane')
    .replace(/[A-Z]/g, (letter, at: number) => (at === 0 ? letter : `_${letter}`))
    .toLowerCase();
  return kind === '' ? words : `${kind}.${words}`;
}

const namesOf = (codes: Readonly<Record<string, number>>, kind = ''): ReadonlyMap<number, string> =>
  new Map(Object.entries(codes).map(([name, code]) => [code, spelling(/^[if]\d+x/.test(name) ? name : kind + name)]));

const NAMES = namesOf(OP);
const SIMD_NAMES = namesOf(SIMD, 'v128');
const TYPES: ReadonlyMap<number, string> = new Map(Object.entries(TYPE_CODE).map(([name, code]) => [code, name]));

const typeName = (code: number): string => TYPES.get(code) ?? `type 0x${code.toString(16)}`;

/**
 * One function, as a code section holds it [WebAssembly 2.0 §5.5.13]: its length, local declarations, instructions.
 * @throws RangeError if the bytes end early.
 */
export function disassembleFunction(code: Uint8Array, names: WasmNames = {}): string {
  const reader = new ByteReader(code);
  const length = reader.unsigned();
  const start = reader.at;
  const body = new ByteReader(reader.bytes(length));
  const locals = localsOf(body);
  const lines = locals === '' ? [] : [locals];
  lines.push(...new Body(body, start, names).lines());
  return `${lines.map((line) => `  ${line}`).join('\n')}\n`;
}

/** The functions of a module, imported ones by a line. @throws RangeError if the bytes end early. */
export function disassembleModule(bytes: Uint8Array): string {
  const { types, imports, functions, exports, code } = sectionsOf(bytes);
  const names = [
    ...imports.map((i) => `${i.name}`),
    ...functions.map((_, i) => exports.get(imports.length + i) ?? `${imports.length + i}`),
  ];
  const heading = (index: number, type: number): string => `func $${names[index]}${signatureText(types[type])}`;
  const imported = imports.map((i, index) => `import ${heading(index, i.type)}\n`);
  const own = code.map(
    (body, i) => `${heading(imports.length + i, functions[i] ?? 0)}\n${disassembleFunction(body, { functions: names })}`,
  );
  return [...imported, ...own].join('\n');
}

/** Local declarations, in runs of one type. */
function localsOf(body: ByteReader): string {
  const runs = body.vector(() => ({ count: body.unsigned(), type: typeName(body.u8()) }));
  const counts: { count: number; type: string }[] = [];
  for (const { count, type } of runs) {
    const last = counts.at(-1);
    if (last?.type === type) last.count += count;
    else counts.push({ count, type });
  }
  return counts.length === 0 ? '' : `local ${counts.map(({ count, type }) => (count === 1 ? type : `${type} ×${count}`)).join(' ')}`;
}

function signatureText(signature: Signature | undefined): string {
  const list = (word: string, types: readonly ValueType[]): string => (types.length === 0 ? '' : ` (${word} ${types.join(' ')})`);
  return signature === undefined ? '' : list('param', signature.parameters) + list('result', signature.results);
}

/** The instructions of one function. */
class Body {
  readonly #r: ByteReader;
  /** Offset of the reader's first byte in the function's. */
  readonly #start: number;
  readonly #names: WasmNames;
  /** Numbers of the open blocks. */
  readonly #open: number[] = [];
  #blocks = 0;

  constructor(reader: ByteReader, start: number, names: WasmNames) {
    this.#r = reader;
    this.#start = start;
    this.#names = names;
  }

  *lines(): Generator<string> {
    while (!this.#r.atEnd) {
      const origin = this.#names.origin?.(this.#start + this.#r.at);
      if (origin !== undefined) yield `${indentation(this.#open.length)}; ${origin}`;
      const opcode = this.#r.u8();
      const depth = this.#open.length;
      if (opcode === OP.end) {
        const block = this.#open.pop();
        // The end of the function itself closes no block.
        if (block !== undefined) yield `${indentation(depth - 1)}end $${block}`;
        continue;
      }
      const text = this.#instruction(opcode);
      if (text === undefined) {
        yield `${indentation(depth)}unknown instruction 0x${opcode.toString(16)}`;
        return;
      }
      yield `${indentation(opcode === OP.else ? depth - 1 : depth)}${text}`;
    }
  }

  #instruction(opcode: number): string | undefined {
    if (opcode === SIMD_PREFIX) return this.#simd(this.#r.unsigned());
    if (opcode === BULK_PREFIX) return this.#bulk(this.#r.unsigned());
    if (opcode === ATOMIC_PREFIX) return this.#atomic(this.#r.unsigned());
    const name = NAMES.get(opcode);
    return name === undefined ? undefined : name + this.#immediates(opcode, name);
  }

  /** What follows the opcode. [WebAssembly 2.0 §5.4] */
  #immediates(opcode: number, name: string): string {
    const r = this.#r;
    switch (name) {
      case 'block':
      case 'loop':
      case 'if':
        return this.#opened();
      case 'br':
      case 'br_if':
        return ` ${this.#label()}`;
      case 'br_table': {
        const labels = r.vector(() => this.#label());
        return ` ${[...labels, this.#label()].join(' ')}`;
      }
      case 'call':
      case 'return_call':
        return ` $${this.#function()}`;
      case 'call_indirect':
      case 'return_call_indirect': {
        const type = r.unsigned();
        return ` type ${type} table ${r.unsigned()}`;
      }
      case 'local.get':
      case 'local.set':
      case 'local.tee':
        return ` ${this.#local()}`;
      case 'global.get':
      case 'global.set':
        return ` ${r.unsigned()}`;
      case 'i32.const':
      case 'i64.const':
        return ` ${r.signed()}`;
      case 'f32.const':
        return ` 0x${reversedHex(r.bytes(4))}`;
      case 'f64.const':
        return ` 0x${reversedHex(r.bytes(8))}`;
      case 'memory.size':
      case 'memory.grow':
        r.u8();
        return '';
      default:
        return isMemoryAccess(opcode) ? this.#memory() : '';
    }
  }

  /** A block that opens: its number, and the type that it leaves. */
  #opened(): string {
    const type = Number(this.#r.signed());
    const number = ++this.#blocks;
    this.#open.push(number);
    if (type >= 0) return ` $${number} type ${type}`;
    const code = type & 0x7f;
    return code === EMPTY_BLOCK ? ` $${number}` : ` $${number} ${typeName(code)}`;
  }

  #label(): string {
    const depth = this.#r.unsigned();
    return `$${this.#open.at(-1 - depth) ?? 'function'}`;
  }

  #function(): string {
    const index = this.#r.unsigned();
    return this.#names.functions?.[index] ?? `${index}`;
  }

  #local(): string {
    const index = this.#r.unsigned();
    const name = this.#names.locals?.[index];
    return name === undefined ? `${index}` : `$${name}`;
  }

  /** Alignment, which is a hint, and offset. */
  #memory(): string {
    this.#r.unsigned();
    const offset = this.#r.unsigned();
    const place = this.#names.place?.(offset);
    return (offset === 0 ? '' : ` offset=${offset}`) + (place === undefined ? '' : ` ; ${place}`);
  }

  #bulk(opcode: number): string | undefined {
    const name = BULK[opcode];
    if (name === undefined) return undefined;
    this.#r.bytes(name === 'memory.copy' ? 2 : 1);
    return name;
  }

  #atomic(opcode: number): string | undefined {
    if (opcode !== ATOMIC_FENCE[1]) return undefined;
    this.#r.u8();
    return 'atomic.fence';
  }

  #simd(opcode: number): string | undefined {
    const name = SIMD_NAMES.get(opcode);
    if (name === undefined) return undefined;
    const r = this.#r;
    if (opcode === SIMD.const) return `${name} 0x${reversedHex(r.bytes(16))}`;
    if (opcode === SIMD.shuffle) return `${name} ${r.bytes(16).join(' ')}`;
    if (/Extract|Replace/.test(SIMD_KEYS.get(opcode) ?? '')) return `${name} ${r.u8()}`;
    return name + (isVectorAccess(opcode) ? this.#memory() : '');
  }
}

const SIMD_KEYS: ReadonlyMap<number, string> = new Map(Object.entries(SIMD).map(([key, code]) => [code, key]));

const indentation = (depth: number): string => '  '.repeat(Math.max(0, depth));
/** Little-endian bytes as one number. */
const reversedHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
    .reverse()
    .join('');

/** [WebAssembly 2.0 §5.4.6] */
const isMemoryAccess = (opcode: number): boolean => opcode >= OP.i32Load && opcode <= OP.i64Store32;
/** [WebAssembly 2.0 §5.4.8] The loads and stores without a lane. */
const isVectorAccess = (opcode: number): boolean => opcode <= SIMD.store || opcode === SIMD.load32Zero || opcode === SIMD.load64Zero;

interface Sections {
  readonly types: readonly Signature[];
  /** Imported functions only. */
  readonly imports: readonly { readonly name: string; readonly type: number }[];
  /** Type of each function of the module. */
  readonly functions: readonly number[];
  /** Names of exported functions by index. */
  readonly exports: ReadonlyMap<number, string>;
  /** Code of each function, with its length in front. */
  readonly code: readonly Uint8Array[];
}

const HEADER = 8;
/** Kinds of imports and exports. [WebAssembly 2.0 §5.5.5] */
const KIND = { function: 0, table: 1, memory: 2 };

/** [WebAssembly 2.0 §5.5.2] */
function sectionsOf(bytes: Uint8Array): Sections {
  const reader = new ByteReader(bytes);
  reader.bytes(HEADER);
  const sections = new Map<number, ByteReader>();
  while (!reader.atEnd) {
    const id = reader.u8();
    sections.set(id, new ByteReader(reader.bytes(reader.unsigned())));
  }
  const items = <T>(id: number, item: (r: ByteReader) => T): T[] => {
    const r = sections.get(id);
    return r === undefined ? [] : r.vector(() => item(r));
  };
  const valueTypes = (r: ByteReader): ValueType[] => r.vector(() => typeName(r.u8()) as ValueType);
  return {
    types: items(1, (r) => {
      r.u8();
      return { parameters: valueTypes(r), results: valueTypes(r) };
    }),
    imports: items(2, importedFunction).filter((i) => i !== undefined),
    functions: items(3, (r) => r.unsigned()),
    exports: new Map(items(7, exportedFunction).filter((e) => e !== undefined)),
    code: items(10, (r) => {
      const start = r.at;
      const length = r.unsigned();
      const whole = length + r.at - start;
      r.at = start;
      return r.bytes(whole);
    }),
  };
}

function importedFunction(r: ByteReader): { readonly name: string; readonly type: number } | undefined {
  r.text();
  const name = r.text();
  const kind = r.u8();
  if (kind === KIND.function) return { name, type: r.unsigned() };
  if (kind === KIND.table) r.u8();
  // Limits: bit 0 says whether there is a maximum.
  const flags = r.u8();
  r.unsigned();
  if ((flags & 1) !== 0) r.unsigned();
  return undefined;
}

function exportedFunction(r: ByteReader): [number, string] | undefined {
  const name = r.text();
  const kind = r.u8();
  const index = r.unsigned();
  return kind === KIND.function ? [index, name] : undefined;
}
