/**
 * The packets of TFTP [RFC 1350 §5] with the option extension [RFC 2347] as bytes: reading a request without believing that its strings
 * end, and building what a server sends. What the options mean is in RFC 2348 (blksize) and RFC 2349 (timeout, tsize).
 */
import { writeU16 } from '../frame/network-order.ts';

/** Where requests go [RFC 1350 §4]. */
export const TFTP_PORT = 69;

/** Opcodes [RFC 1350 §5, RFC 2347]. */
export const RRQ = 1;
export const WRQ = 2;
export const DATA = 3;
export const ACK = 4;
export const ERROR = 5;
export const OACK = 6;

/** Error codes and what is said with them [RFC 1350 appendix]. */
export const TFTP_ERROR = {
  fileNotFound: [1, 'File not found'],
  accessViolation: [2, 'Access violation'],
  illegalOperation: [4, 'Illegal TFTP operation'],
  unknownTransferId: [5, 'Unknown transfer ID'],
} as const;
export type TftpError = keyof typeof TFTP_ERROR;

/** Bytes before the data of a block, and of a whole acknowledgement. */
export const TFTP_HEADER = 4;
/** Longest request [RFC 2347 "Packet Formats"]. */
const MAX_REQUEST = 512;
/** Without the option: bytes in a block [RFC 1350 §2]. */
const DEFAULT_BLOCK_SIZE = 512;
/** [RFC 2348]: "Valid values range between "8" and "65464" octets, inclusive." */
const MIN_BLOCK_SIZE = 8;
const MAX_BLOCK_SIZE = 65_464;
/** Seconds [RFC 2349]. */
const MIN_TIMEOUT = 1;
const MAX_TIMEOUT = 255;

/** A request to read or write. */
export interface TftpRequest {
  /** Everything after the opcode, one character for each byte: equal for a request that was repeated on its way. */
  readonly text: string;
  /** One character for each byte, never NUL; as the client wrote it. */
  readonly name: string;
  /** In lower case: `octet`, `netascii` or `mail`, if the client keeps to the standard. */
  readonly mode: string;
  /** By name in lower case; of one that is given twice, the first. */
  readonly options: ReadonlyMap<string, string>;
}

/** The request in a datagram; undefined when it is too long, a string does not end, or an option has no value. */
export function parseTftpRequest(bytes: Uint8Array): TftpRequest | undefined {
  if (bytes.length > MAX_REQUEST) return undefined;
  const text = String.fromCharCode(...bytes.subarray(2));
  if (!text.endsWith('\0')) return undefined;
  const [name = '', mode, ...rest] = text.slice(0, -1).split('\0');
  if (mode === undefined || rest.length % 2 !== 0) return undefined;
  const options = new Map<string, string>();
  for (let i = 0; i < rest.length; i += 2) {
    const option = (rest[i] ?? '').toLowerCase();
    if (!options.has(option)) options.set(option, rest[i + 1] ?? '');
  }
  return { text, name, mode: mode.toLowerCase(), options };
}

/** What a transfer goes by, and the options that are acknowledged, in the order in which they are written. */
export interface TftpTerms {
  /** Bytes in a block. */
  readonly blockSize: number;
  /** Seconds before a packet is sent again, if the client chose. */
  readonly timeout: number | undefined;
  readonly accepted: readonly (readonly [name: string, value: number])[];
}

/**
 * Settles the options of a request for a file of `size` bytes. One that is unknown, no decimal number or out of its range is passed over,
 * as if it had not been given [RFC 2347 "Negotiation Protocol"]. `largest` bounds a block, in bytes, and is at least 512.
 */
export function settleTftpOptions(options: ReadonlyMap<string, string>, size: number, largest: number): TftpTerms {
  const accepted: [string, number][] = [];
  const requested = decimal(options.get('blksize'), MIN_BLOCK_SIZE, MAX_BLOCK_SIZE);
  const blockSize = Math.min(requested ?? DEFAULT_BLOCK_SIZE, largest);
  if (requested !== undefined) accepted.push(['blksize', blockSize]); // not above what was asked for, but it may be below
  const timeout = decimal(options.get('timeout'), MIN_TIMEOUT, MAX_TIMEOUT);
  if (timeout !== undefined) accepted.push(['timeout', timeout]);
  if (decimal(options.get('tsize'), 0, Number.MAX_SAFE_INTEGER) !== undefined) accepted.push(['tsize', size]);
  return { blockSize, timeout, accepted };
}

function decimal(text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

/** Acknowledges options. */
export function buildOptionAcknowledgement(accepted: TftpTerms['accepted']): Uint8Array {
  return packet(OACK, accepted.map(([name, value]) => `${name}\0${value}\0`).join(''));
}

export function buildTftpError(error: TftpError): Uint8Array {
  const [code, message] = TFTP_ERROR[error];
  return packet(ERROR, `\0${String.fromCharCode(code)}${message}\0`);
}

/** Block number `block`, from 1; the 16 bits of the packet begin again at 0 after 65 535, as clients expect of a long file. */
export function buildTftpData(block: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(TFTP_HEADER + data.length);
  writeU16(bytes, 0, DATA);
  writeU16(bytes, 2, block);
  bytes.set(data, TFTP_HEADER);
  return bytes;
}

/** An opcode and text of one byte for each character. */
function packet(opcode: number, text: string): Uint8Array {
  const bytes = new Uint8Array(2 + text.length);
  writeU16(bytes, 0, opcode);
  for (let i = 0; i < text.length; i++) bytes[2 + i] = text.charCodeAt(i);
  return bytes;
}
