/**
 * A small encoder of the ACPI Machine Language: the terms that a DSDT needs. [ACPI 6.5 chapter 20 "ACPI
 * Machine Language (AML) Specification"] Every function returns the bytes of one term; terms nest as they do in ASL.
 *
 *   device('PCI0', name('_HID', eisaId('PNP0A03')), name('_ADR', integer(0)))
 */
import { ConfigurationError } from '@paravirt/bus';

/** The bytes of one or more terms. */
export type Aml = Uint8Array;

const ZERO_OP = 0x00;
const ONE_OP = 0x01;
const NAME_OP = 0x08;
const BYTE_PREFIX = 0x0a;
const WORD_PREFIX = 0x0b;
const DWORD_PREFIX = 0x0c;
const STRING_PREFIX = 0x0d;
const QWORD_PREFIX = 0x0e;
const SCOPE_OP = 0x10;
const BUFFER_OP = 0x11;
const PACKAGE_OP = 0x12;
const METHOD_OP = 0x14;
const DUAL_NAME_PREFIX = 0x2e;
const MULTI_NAME_PREFIX = 0x2f;
const EXT_OP_PREFIX = 0x5b;
const ROOT_CHAR = 0x5c;
const LOCAL0_OP = 0x60;
const ARG0_OP = 0x68;
const STORE_OP = 0x70;
const AND_OP = 0x7b;
const OPERATION_REGION_OP = 0x80;
const FIELD_OP = 0x81;
const DEVICE_OP = 0x82;
const NOTIFY_OP = 0x86;
const IF_OP = 0xa0;
const ELSE_OP = 0xa1;
const RETURN_OP = 0xa4;
/** [ACPI 6.5 §20.2.2] A target that is nothing. */
const NULL_NAME = 0x00;
/** [ACPI 6.5 §20.2.5.2] Region space; field flags. */
const SYSTEM_IO = 0x01;
const DWORD_ACCESS = 3;
const WRITE_AS_ZEROS = 2 << 5;

/** `count` bytes of an unsigned number, least significant first. */
export function littleEndian(value: number | bigint, count: number): Aml {
  const bytes = new Uint8Array(count);
  let rest = BigInt(value);
  for (let i = 0; i < count; i++) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** Terms one after the other. */
export function terms(...parts: readonly (Aml | readonly number[])[]): Aml {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * [ACPI 6.5 §20.2.4] PkgLength of a body of `length` bytes: it counts itself. One byte up to 63, else the low nibble in the lead byte
 * and 1 to 3 bytes more.
 */
export function packageLength(length: number): Aml {
  if (length + 1 <= 0x3f) return Uint8Array.of(length + 1);
  const extra = length + 2 < 1 << 12 ? 1 : length + 3 < 1 << 20 ? 2 : 3;
  const total = length + 1 + extra;
  return terms([(extra << 6) | (total & 0xf)], littleEndian(total >>> 4, extra));
}

const packaged = (...parts: readonly Aml[]): Aml => {
  const body = terms(...parts);
  return terms(packageLength(body.length), body);
};

/**
 * [ACPI 6.5 §20.2.2] A name path: segments of at most four characters A–Z, 0–9, _ joined by dots, `\` in front for the root.
 * @throws ConfigurationError `bad-name`.
 */
export function namePath(path: string): Aml {
  const root = path.startsWith('\\');
  const segments = (root ? path.slice(1) : path).split('.').filter((segment) => segment !== '');
  for (const segment of segments)
    if (!/^[A-Z_][A-Z0-9_]{0,3}$/.test(segment)) throw new ConfigurationError('bad-name', `${path} is not an ACPI name`, path);
  const characters = segments.flatMap((segment) => [...segment.padEnd(4, '_')].map((c) => c.charCodeAt(0)));
  const prefix =
    segments.length === 0
      ? [0]
      : segments.length === 1
        ? []
        : segments.length === 2
          ? [DUAL_NAME_PREFIX]
          : [MULTI_NAME_PREFIX, segments.length];
  return terms(root ? [ROOT_CHAR] : [], prefix, characters);
}

/** [ACPI 6.5 §20.2.3] An integer in its shortest form. */
export function integer(value: number | bigint): Aml {
  const n = BigInt(value);
  if (n === 0n) return Uint8Array.of(ZERO_OP);
  if (n === 1n) return Uint8Array.of(ONE_OP);
  if (n <= 0xffn) return terms([BYTE_PREFIX], littleEndian(n, 1));
  if (n <= 0xffffn) return terms([WORD_PREFIX], littleEndian(n, 2));
  if (n <= 0xffff_ffffn) return terms([DWORD_PREFIX], littleEndian(n, 4));
  return terms([QWORD_PREFIX], littleEndian(n, 8));
}

/** [ACPI 6.5 §20.2.3] A string of ASCII characters 1–127. */
export const string = (text: string): Aml =>
  terms(
    [STRING_PREFIX],
    [...text].map((c) => c.charCodeAt(0) & 0x7f),
    [0],
  );

/**
 * [ACPI 6.5 §19.3.4] An EISA id: three letters in 5 bits each and four hexadecimal digits, high byte first.
 * @throws ConfigurationError `bad-name`.
 */
export function eisaId(id: string): Aml {
  if (!/^[A-Z]{3}[0-9A-F]{4}$/.test(id)) throw new ConfigurationError('bad-name', `${id} is not an EISA id`, id);
  const letter = (i: number): number => id.charCodeAt(i) - 0x40;
  const vendor = (letter(0) << 10) | (letter(1) << 5) | letter(2);
  const product = Number.parseInt(id.slice(3), 16);
  return terms([DWORD_PREFIX, vendor >> 8, vendor & 0xff, product >> 8, product & 0xff]);
}

/** [ACPI 6.5 §20.2.5.1] */
export const name = (path: string, value: Aml): Aml => terms([NAME_OP], namePath(path), value);

export const scope = (path: string, ...body: readonly Aml[]): Aml => terms([SCOPE_OP], packaged(namePath(path), ...body));

/** [ACPI 6.5 §20.2.5.2] */
export const device = (path: string, ...body: readonly Aml[]): Aml => terms([EXT_OP_PREFIX, DEVICE_OP], packaged(namePath(path), ...body));

/** A method of `args` arguments, not serialized. */
export const method = (path: string, args: number, ...body: readonly Aml[]): Aml =>
  terms([METHOD_OP], packaged(namePath(path), Uint8Array.of(args), ...body));

/** [ACPI 6.5 §20.2.5.4] At most 255 elements. */
export const packageOf = (...elements: readonly Aml[]): Aml => terms([PACKAGE_OP], packaged(Uint8Array.of(elements.length), ...elements));

export const buffer = (bytes: Uint8Array): Aml => terms([BUFFER_OP], packaged(integer(bytes.length), bytes));

/** [ACPI 6.5 §20.2.5.3] */
export const when = (condition: Aml, ...body: readonly Aml[]): Aml => terms([IF_OP], packaged(condition, ...body));

/** Follows a `when`. */
export const otherwise = (...body: readonly Aml[]): Aml => terms([ELSE_OP], packaged(...body));

export const returns = (value: Aml): Aml => terms([RETURN_OP], value);

export const store = (value: Aml, target: Aml): Aml => terms([STORE_OP], value, target);

/** [ACPI 6.5 §20.2.6.1] Argument 0–6 of a method. */
export const arg = (index: number): Aml => Uint8Array.of(ARG0_OP + index);

/** [ACPI 6.5 §20.2.6.2] Local variable 0–7 of a method. */
export const local = (index: number): Aml => Uint8Array.of(LOCAL0_OP + index);

/** Bitwise AND of two integers, stored nowhere. */
export const and = (a: Aml, b: Aml): Aml => terms([AND_OP], a, b, [NULL_NAME]);

/** [ACPI 6.5 §20.2.5.3] Tells the operating system that something happened to a device: `value` as in [ACPI 6.5 §5.6.6]. */
export const notify = (path: string, value: Aml): Aml => terms([NOTIFY_OP], namePath(path), value);

/** Calls a method. It must be defined earlier in the table with as many arguments: the encoding does not tell their number. */
export const call = (path: string, ...args: readonly Aml[]): Aml => terms(namePath(path), ...args);

/** [ACPI 6.5 §20.2.5.2] An operation region of `size` I/O ports from `base`. */
export const portRegion = (path: string, base: number, size: number): Aml =>
  terms([EXT_OP_PREFIX, OPERATION_REGION_OP], namePath(path), [SYSTEM_IO], integer(base), integer(size));

/**
 * [ACPI 6.5 §20.2.5.2] The registers of a region as names: 32 bits each, one after the other, accessed as double words; bits that are not
 * written are written as zeros.
 */
export const doubleWords = (region: string, ...names: readonly string[]): Aml =>
  terms(
    [EXT_OP_PREFIX, FIELD_OP],
    packaged(
      namePath(region),
      Uint8Array.of(DWORD_ACCESS | WRITE_AS_ZEROS),
      ...names.map((path) => terms(namePath(path), Uint8Array.of(32))),
    ),
  );
