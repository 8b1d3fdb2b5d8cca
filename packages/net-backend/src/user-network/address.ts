/**
 * IPv4 addresses (numbers 0 to 2^32 - 1), MAC addresses (numbers below 2^48), and which addresses of the guest's network mean what. The
 * defaults are the ones that users of QEMU's user networking know.
 */
import { ConfigurationError } from '@paravirt/bus';

/** The number, or undefined unless the text is four decimal numbers 0–255 without leading zeros. */
export function parseIpv4(text: string): number | undefined {
  const match = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/.exec(text);
  if (!match) return undefined;
  let address = 0;
  for (const part of match.slice(1)) {
    const value = Number(part);
    if (value > 255) return undefined;
    address = address * 256 + value;
  }
  return address;
}

export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`;
}

/** `52:55:0a:00:02:02`. */
export function formatMac(mac: number): string {
  return mac
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?!$)/g, '$&:');
}

export const BROADCAST_MAC = 0xffff_ffff_ffff;
export const BROADCAST_ADDRESS = 0xffff_ffff;

/** Whether a frame may come from it: not the group bit, not all zeros [IEEE 802-2014 §8.2]. */
export function isUnicastMac(mac: number): boolean {
  return mac !== 0 && Math.floor(mac / 0x100_0000_0000) % 2 === 0;
}

/** What the user may choose; dotted text. */
export interface AddressOptions {
  /** Network and prefix length, 8 to 29. Default `10.0.2.0/24`. */
  readonly network?: string;
  /** The router, and the host's own loopback. Default: the second address of the network, 10.0.2.2. */
  readonly gateway?: string;
  /** The DNS server. Default: the third address, 10.0.2.3. */
  readonly dns?: string;
  /** The first lease. Default: the fifteenth address, 10.0.2.15. */
  readonly firstLease?: string;
}

/** The addresses of one user network. */
export interface AddressPlan {
  readonly network: number;
  readonly mask: number;
  readonly broadcast: number;
  readonly gateway: number;
  readonly dns: number;
  readonly firstLease: number;
  /** Last address that is leased, inclusive. */
  readonly lastLease: number;
  /** The one station that answers for gateway and DNS server. */
  readonly mac: number;
}

/** Addresses that DHCP gives at most; a larger network has more addresses than a machine has cards. */
const MAX_LEASES = 240;

function address(text: string, plan: { network: number; mask: number; broadcast: number }, what: string): number {
  const value = parseIpv4(text);
  if (value === undefined || (value & plan.mask) >>> 0 !== plan.network || value === plan.network || value === plan.broadcast) {
    throw new ConfigurationError('bad-address', `The ${what} is no address of a station in ${formatIpv4(plan.network)}: ${text}`, text);
  }
  return value;
}

/** @throws ConfigurationError `bad-address` when something is no address, outside the network, or given twice. */
export function planAddresses(options: AddressOptions = {}): AddressPlan {
  const text = options.network ?? '10.0.2.0/24';
  const [base = '', prefixText = ''] = text.split('/');
  const network = parseIpv4(base);
  const prefix = /^\d{1,2}$/.test(prefixText) ? Number(prefixText) : 0;
  const mask = (0xffff_ffff << (32 - prefix)) >>> 0;
  if (network === undefined || prefix < 8 || prefix > 29 || (network & mask) >>> 0 !== network) {
    throw new ConfigurationError('bad-address', `No network with a prefix of 8 to 29: ${text}`, text);
  }
  const bounds = { network, mask, broadcast: (network | ~mask) >>> 0 };
  const size = bounds.broadcast - network;
  const gateway = address(options.gateway ?? formatIpv4(network + 2), bounds, 'gateway');
  const dns = address(options.dns ?? formatIpv4(network + 3), bounds, 'DNS server');
  const firstLease = address(options.firstLease ?? formatIpv4(network + (size > 15 ? 15 : 4)), bounds, 'first lease');
  if (new Set([gateway, dns, firstLease]).size !== 3) {
    throw new ConfigurationError('bad-address', 'Gateway, DNS server and first lease must differ', formatIpv4(gateway));
  }
  return {
    ...bounds,
    gateway,
    dns,
    firstLease,
    lastLease: Math.min(bounds.broadcast - 1, firstLease + MAX_LEASES - 1),
    // 52:55 and the gateway's address: locally administered [IEEE 802-2014 §8.4], and recognisable in a capture.
    mac: 0x5255_0000_0000 + gateway,
  };
}

/** Whether the address can be a guest's: a station of the network that is not ours. */
export function isGuestAddress(plan: AddressPlan, value: number): boolean {
  return (
    (value & plan.mask) >>> 0 === plan.network &&
    value !== plan.network &&
    value !== plan.broadcast &&
    value !== plan.gateway &&
    value !== plan.dns
  );
}

/**
 * Whether the guest may ask us to forward to it: a unicast address of the world outside [RFC 6890 §2.2.2]. Not the guest's own network,
 * not 0/8, not 127/8 (the host's loopback is reached as the gateway only), not multicast, not class E, not broadcast.
 */
export function isOutsideAddress(plan: AddressPlan, value: number): boolean {
  const top = value >>> 24;
  return (value & plan.mask) >>> 0 !== plan.network && top !== 0 && top !== 127 && top < 224;
}
