/**
 * Register blocks as the datasheet prints them: a table of fields in order, offsets derived, the sum of the sizes checked. Reads and
 * writes of any width at any offset are worked out here once, byte by byte, so that no device has to.
 *
 *   const TYPE_0 = registers(4, { vendorId: ro(2), command: rw(2, 0x0007) });
 *   const file = new RegisterFile(TYPE_0, { vendorId: 0x1af4 });
 *   file.read(0, 4);
 */
import type { IoHandler, Width } from './address-space.ts';
import { ConfigurationError } from './errors.ts';

export interface FieldSpec {
  /** In bytes. */
  readonly size: number;
  /** Bits that a write stores. */
  readonly writable: bigint;
  /** Bits that a write of one clears. */
  readonly clearable: bigint;
}

const ones = (size: number): bigint => (1n << BigInt(8 * size)) - 1n;

/** Read-only field of `size` bytes. */
export const ro = (size: number): FieldSpec => ({ size, writable: 0n, clearable: 0n });
/** Field whose bits in `mask` (default: all) a write stores. */
export const rw = (size: number, mask?: number | bigint): FieldSpec => ({
  size,
  writable: mask === undefined ? ones(size) : BigInt(mask),
  clearable: 0n,
});
/** Field whose bits in `mask` are cleared by writing ones to them. */
export const w1c = (size: number, mask: number | bigint): FieldSpec => ({ size, writable: 0n, clearable: BigInt(mask) });

export interface Field extends FieldSpec {
  readonly name: string;
  readonly offset: number;
}

export interface RegisterTable<Name extends string> {
  /** In bytes. */
  readonly size: number;
  readonly fields: Readonly<Record<Name, Field>>;
  /** Field that holds the byte at each offset. */
  readonly byOffset: readonly Field[];
}

/** @throws ConfigurationError `register-table` unless the sizes add up to `size`. */
export function registers<Name extends string>(size: number, specs: Readonly<Record<Name, FieldSpec>>): RegisterTable<Name> {
  const byOffset: Field[] = [];
  const fields = {} as Record<Name, Field>;
  for (const name of Object.keys(specs) as Name[]) {
    const field: Field = { name, offset: byOffset.length, ...specs[name] };
    fields[name] = field;
    for (let i = 0; i < field.size; i++) byOffset.push(field);
  }
  if (byOffset.length !== size)
    throw new ConfigurationError('register-table', `register sizes add up to ${byOffset.length}, not ${size}`, size);
  return { size, fields, byOffset };
}

/**
 * What a field does beyond storing. Values are unsigned, at most 4 bytes. `read` replaces the stored value and is called once per access
 * that touches the field; `write` is called once per access with the whole new value (bytes not written keep what was stored or read),
 * after masks were applied and the value stored.
 */
export interface FieldBehaviour {
  read?(): number;
  write?(value: number): void;
}

export class RegisterFile<Name extends string> implements IoHandler {
  readonly table: RegisterTable<Name>;
  /** Raw contents; writes here bypass masks and behaviour. */
  readonly bytes: Uint8Array;
  readonly #behaviour: Partial<Record<string, FieldBehaviour>>;

  constructor(
    table: RegisterTable<Name>,
    initial: Partial<Record<Name, number>> = {},
    behaviour: Partial<Record<Name, FieldBehaviour>> = {},
  ) {
    this.table = table;
    this.bytes = new Uint8Array(table.size);
    this.#behaviour = behaviour;
    for (const name of Object.keys(initial) as Name[]) this.set(name, initial[name] ?? 0);
  }

  /** Stored value of a field of at most 4 bytes (of a larger one: its low 4 bytes). */
  get(name: Name): number {
    const { offset, size } = this.table.fields[name];
    return this.#stored(offset, Math.min(size, 4));
  }

  /** Stores a value as the device, past masks and behaviour. */
  set(name: Name, value: number): void {
    const { offset, size } = this.table.fields[name];
    for (let i = 0; i < size; i++) this.bytes[offset + i] = i < 4 ? value >>> (8 * i) : 0;
  }

  /** Bytes beyond the end read as ones. */
  read(offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; ) {
      const field = this.table.byOffset[offset + i];
      if (field === undefined) {
        value += 0xff * 2 ** (8 * i++);
        continue;
      }
      const behaviour = this.#behaviour[field.name];
      const start = offset + i - field.offset;
      const count = Math.min(width - i, field.size - start);
      const live = behaviour?.read?.call(behaviour);
      for (let k = 0; k < count; k++) {
        const byte = live === undefined ? (this.bytes[offset + i + k] ?? 0) : Math.floor(live / 2 ** (8 * (start + k))) & 0xff;
        value += byte * 2 ** (8 * (i + k));
      }
      i += count;
    }
    return value;
  }

  /** Bytes beyond the end are lost. */
  write(offset: number, width: Width, value: number): void {
    for (let i = 0; i < width; ) {
      const field = this.table.byOffset[offset + i];
      if (field === undefined) {
        i++;
        continue;
      }
      const start = offset + i - field.offset;
      const count = Math.min(width - i, field.size - start);
      const behaviour = this.#behaviour[field.name];
      const live = behaviour?.read !== undefined && count < field.size ? behaviour.read() : undefined;
      if (live !== undefined) for (let k = 0; k < field.size; k++) this.bytes[field.offset + k] = Math.floor(live / 2 ** (8 * k)) & 0xff;
      for (let k = 0; k < count; k++) {
        const byte = Math.floor(value / 2 ** (8 * (i + k))) & 0xff;
        const shift = BigInt(8 * (start + k));
        const writable = Number((field.writable >> shift) & 0xffn);
        const clearable = Number((field.clearable >> shift) & 0xffn);
        const at = offset + i + k;
        this.bytes[at] = (((this.bytes[at] ?? 0) & ~writable) | (byte & writable)) & ~(byte & clearable);
      }
      behaviour?.write?.(this.#stored(field.offset, Math.min(field.size, 4)));
      i += count;
    }
  }

  #stored(offset: number, size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value += (this.bytes[offset + i] ?? 0) * 2 ** (8 * i);
    return value;
  }
}
