/**
 * Resource descriptors of _CRS. [ACPI 6.5 §6.4 "Resource Data Types for ACPI"] Each function returns one descriptor; `resourceTemplate`
 * closes a list of them with the end tag and wraps it into a buffer.
 */
import { type Aml, buffer, littleEndian, terms } from './aml.ts';

/** [ACPI 6.5 §6.4.2.9] The checksum byte 0 means that it is not to be checked. */
const END_TAG: readonly number[] = [0x79, 0x00];

export const resourceTemplate = (...descriptors: readonly Aml[]): Aml => buffer(terms(...descriptors, END_TAG));

/** [ACPI 6.5 §6.4.2.5] I/O ports [base, base + size), fixed, 16-bit decode. */
export const ioPorts = (base: number, size: number): Aml => terms([0x47, 0x01], littleEndian(base, 2), littleEndian(base, 2), [0x01, size]);

/** [ACPI 6.5 §6.4.2.1] An ISA interrupt 0–15: edge-triggered, active high, not shared. */
export const isaInterrupt = (irq: number): Aml => terms([0x22], littleEndian(1 << irq, 2));

/** [ACPI 6.5 Table 6.47] Resource types, and the flags: minimum and maximum are fixed. */
const MEMORY = 0;
const IO = 1;
const BUS = 2;
const FIXED = 0x0c;
/** [ACPI 6.5 Table 6.49, 6.48] Read-write, not cacheable; the entire I/O range. */
const READ_WRITE = 0x01;
const ENTIRE_RANGE = 0x03;

/** [ACPI 6.5 §6.4.3.5] Address space descriptor: granularity, minimum, maximum, translation, length in fields of `bytes`. */
function window(tag: number, bytes: 2 | 4, type: number, typeFlags: number, first: number, last: number): Aml {
  const fields = [0, first, last, 0, last - first + 1].map((value) => littleEndian(value, bytes));
  return terms([tag], littleEndian(3 + 5 * bytes, 2), [type, FIXED, typeFlags], ...fields);
}

/** Bus numbers that a bridge passes on; both inclusive. */
export const busWindow = (first: number, last: number): Aml => window(0x88, 2, BUS, 0, first, last);

/** I/O ports that a bridge passes on. */
export const ioWindow = (first: number, last: number): Aml => window(0x88, 2, IO, ENTIRE_RANGE, first, last);

/** Memory below 4 GiB that a bridge passes on. */
export const memoryWindow = (first: number, last: number): Aml => window(0x87, 4, MEMORY, READ_WRITE, first, last);
