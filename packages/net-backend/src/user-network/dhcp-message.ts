/**
 * The DHCP message [RFC 2131 §2] and its options [RFC 2132] as bytes: reading what a client sent without believing its lengths, and
 * building the answer.
 */
import { readU16, readU32, readU48, writeU16, writeU32, writeU48 } from '../frame/network-order.ts';

export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;

/** Values of option 53 [RFC 2132 §9.6]. */
export const DHCPDISCOVER = 1;
export const DHCPOFFER = 2;
export const DHCPREQUEST = 3;
export const DHCPDECLINE = 4;
export const DHCPACK = 5;
export const DHCPNAK = 6;
export const DHCPRELEASE = 7;
export const DHCPINFORM = 8;

/** Option codes [RFC 2132]. */
export const OPTION = {
  subnetMask: 1,
  router: 3,
  domainNameServer: 6,
  hostName: 12,
  domainName: 15,
  interfaceMtu: 26,
  broadcastAddress: 28,
  requestedAddress: 50,
  leaseTime: 51,
  messageType: 53,
  serverIdentifier: 54,
  renewalTime: 58,
  rebindingTime: 59,
  clientIdentifier: 61,
  tftpServerName: 66,
  bootfileName: 67,
} as const;
const OPTION_PAD = 0;
const OPTION_END = 255;

const BOOTREQUEST = 1;
const BOOTREPLY = 2;
const MAGIC_COOKIE = 0x6382_5363;
/** Offsets of the server's name, 64 bytes, and of the boot file's, 128 bytes. */
const SNAME = 44;
const FILE = 108;
/** Offset of the options: the fixed part and the cookie. */
const OPTIONS = 240;
/** BOOTP clients expect at least this much [RFC 951 §3]. */
const MIN_LENGTH = 300;

export interface DhcpRequest {
  readonly type: number;
  readonly xid: number;
  readonly broadcast: boolean;
  /** The client's address, 0 if it has none yet. */
  readonly ciaddr: number;
  readonly giaddr: number;
  readonly chaddr: number;
  /** Who asks: the client identifier, or the hardware address [RFC 2131 §4.2]. */
  readonly client: string;
  readonly requested: number | undefined;
  readonly server: number | undefined;
}

/** The message in a datagram; undefined when it is truncated, not for Ethernet, or an option runs past the end. */
export function parseDhcp(bytes: Uint8Array): DhcpRequest | undefined {
  if (bytes.length < OPTIONS || bytes[0] !== BOOTREQUEST || bytes[1] !== 1 || bytes[2] !== 6) return undefined;
  if (readU32(bytes, OPTIONS - 4) !== MAGIC_COOKIE) return undefined;
  const options = parseOptions(bytes);
  if (options === undefined) return undefined;
  const type = options.get(OPTION.messageType);
  if (type?.length !== 1) return undefined;
  const chaddr = readU48(bytes, 28);
  const identifier = options.get(OPTION.clientIdentifier);
  const address = (code: number): number | undefined => {
    const value = options.get(code);
    return value?.length === 4 ? readU32(value, 0) : undefined;
  };
  return {
    type: type[0] ?? 0,
    xid: readU32(bytes, 4),
    broadcast: (readU16(bytes, 10) & 0x8000) !== 0,
    ciaddr: readU32(bytes, 12),
    giaddr: readU32(bytes, 24),
    chaddr,
    client: identifier !== undefined && identifier.length >= 2 ? `id:${identifier.join('.')}` : `mac:${chaddr}`,
    requested: address(OPTION.requestedAddress),
    server: address(OPTION.serverIdentifier),
  };
}

/** A message that ends without the end option is taken, one whose option is cut off is not. */
function parseOptions(bytes: Uint8Array): Map<number, Uint8Array> | undefined {
  const options = new Map<number, Uint8Array>();
  for (let at = OPTIONS; at < bytes.length; ) {
    const code = bytes[at] ?? OPTION_END;
    if (code === OPTION_END) break;
    if (code === OPTION_PAD) {
      at++;
      continue;
    }
    const length = bytes[at + 1];
    if (length === undefined || at + 2 + length > bytes.length) return undefined;
    if (!options.has(code)) options.set(code, bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return options;
}

/** Options of an answer, in the order in which they are written. Numbers are 32 bits wide, others are given as bytes. */
export type DhcpOption = readonly [code: number, value: number | Uint8Array];

/** What a client boots: text for the fields sname (up to 63 characters) and file (up to 127), each of which ends in NUL [RFC 2131 §2]. */
export interface DhcpBoot {
  readonly server: string;
  readonly file: string;
}

/** The answer to a request. `yiaddr` is 0 for NAK and for the answer to INFORM. */
export function buildDhcpReply(
  request: DhcpRequest,
  type: number,
  yiaddr: number,
  server: number,
  options: readonly DhcpOption[],
  boot?: DhcpBoot,
): Uint8Array {
  const bytes = new Uint8Array(576); // what every client takes [RFC 2131 §2]
  bytes[0] = BOOTREPLY;
  bytes[1] = 1;
  bytes[2] = 6;
  writeU32(bytes, 4, request.xid);
  writeU16(bytes, 10, request.broadcast ? 0x8000 : 0);
  writeU32(bytes, 12, type === DHCPNAK ? 0 : request.ciaddr);
  writeU32(bytes, 16, yiaddr);
  writeU32(bytes, 20, type === DHCPNAK ? 0 : server);
  writeU48(bytes, 28, request.chaddr);
  if (boot !== undefined) {
    bytes.set(asciiBytes(boot.server), SNAME);
    bytes.set(asciiBytes(boot.file), FILE);
  }
  writeU32(bytes, OPTIONS - 4, MAGIC_COOKIE);
  let at = OPTIONS;
  const put = (code: number, value: Uint8Array): void => {
    bytes[at] = code;
    bytes[at + 1] = value.length;
    bytes.set(value, at + 2);
    at += 2 + value.length;
  };
  put(OPTION.messageType, Uint8Array.of(type));
  put(OPTION.serverIdentifier, fourBytes(server));
  for (const [code, value] of options) put(code, typeof value === 'number' ? fourBytes(value) : value);
  bytes[at++] = OPTION_END;
  return bytes.subarray(0, Math.max(at, MIN_LENGTH));
}

/** One byte for each character of a text that is ASCII. */
export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

function fourBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeU32(bytes, 0, value);
  return bytes;
}
