/**
 * C structures as tables: fields in order, offsets and size worked out by natural alignment as x86-64 does it, which is the ABI on every
 * guest. (32-bit guests of before 2012 aligned u64 to 4 bytes and so spoke another ABI; a 32-bit driver must align to 8.) [vbus PCI-2]
 *
 *   const CALL = structure(16, { vector: 4, len: 4, datap: 8 });
 *   memory.readU64(address + CALL.offset.datap);
 */
import { ConfigurationError } from '@paravirt/bus';

/** Bytes of an integer; its alignment too. */
export type FieldSize = 1 | 2 | 4 | 8;

export interface Structure<Name extends string> {
  /** In bytes, padding at the end included. */
  readonly size: number;
  /** Bytes from the start to each field. */
  readonly offset: Readonly<Record<Name, number>>;
}

/** @throws ConfigurationError `structure-size` unless the fields make up `size` bytes. */
export function structure<Name extends string>(size: number, fields: Readonly<Record<Name, FieldSize>>): Structure<Name> {
  const offset = {} as Record<Name, number>;
  const align = (at: number, to: number): number => Math.ceil(at / to) * to;
  let end = 0;
  let widest = 1;
  for (const name of Object.keys(fields) as Name[]) {
    const width = fields[name];
    offset[name] = align(end, width);
    end = offset[name] + width;
    widest = Math.max(widest, width);
  }
  if (align(end, widest) !== size)
    throw new ConfigurationError('structure-size', `the fields make up ${align(end, widest)} bytes, not ${size}`, size);
  return { size, offset };
}
