/**
 * Names as the host resolves them: addresses through `getaddrinfo`, so that the host's own names and files count, everything else through
 * its DNS servers.
 */
import type { SrvRecord } from 'node:dns';
import { promises as dns } from 'node:dns';
import { encodeName, NOERROR, NOTIMP, NXDOMAIN, SERVFAIL, TYPE } from '../user-network/dns-message.ts';
import type { DnsAnswer, DnsQuestion, DnsRecord } from '../user-network/host-network.ts';

/** Seconds that an answer may be kept, where the host's resolver does not say. */
const TTL = 60;

/** Never rejects. */
export async function resolveName(question: DnsQuestion): Promise<DnsAnswer> {
  try {
    const data = await lookUp(question);
    if (data === undefined) return { code: NOTIMP, records: [] };
    const records: DnsRecord[] = [];
    for (const bytes of data) if (bytes !== undefined) records.push({ name: question.name, type: question.type, ttl: TTL, data: bytes });
    return { code: NOERROR, records };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'ENODATA') return { code: NOERROR, records: [] };
    return { code: code === 'ENOTFOUND' || code === 'EBADNAME' ? NXDOMAIN : SERVFAIL, records: [] };
  }
}

/** RDATA of the records, undefined in place of one that cannot be written; undefined for a type that the host cannot be asked for. */
async function lookUp({ name, type }: DnsQuestion): Promise<(Uint8Array | undefined)[] | undefined> {
  switch (type) {
    case TYPE.A:
    case TYPE.AAAA: {
      // Both families are asked for, so that a name with only the other one is not said to be missing.
      const found = await dns.lookup(name, { all: true });
      return found.filter((a) => a.family === 4 && type === TYPE.A).map((a) => Uint8Array.from(a.address.split('.'), Number));
    }
    case TYPE.PTR: {
      const address = reverseName(name);
      return (address === undefined ? await dns.resolvePtr(name) : await dns.reverse(address)).map(encodeName);
    }
    case TYPE.NS:
      return (await dns.resolveNs(name)).map(encodeName);
    case TYPE.CNAME:
      return (await dns.resolveCname(name)).map(encodeName);
    case TYPE.MX:
      return (await dns.resolveMx(name)).map(({ priority, exchange }) => withNumbers([priority], exchange));
    case TYPE.SRV:
      return (await dns.resolveSrv(name)).map((r: SrvRecord) => withNumbers([r.priority, r.weight, r.port], r.name));
    case TYPE.TXT:
      return (await dns.resolveTxt(name)).map(textData);
    case TYPE.SOA: {
      const soa = await dns.resolveSoa(name);
      return [soaData(soa.nsname, soa.hostmaster, [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minttl])];
    }
    default:
      return undefined;
  }
}

/** `4.3.2.1.in-addr.arpa` → 1.2.3.4 [RFC 1035 §3.5]. */
function reverseName(name: string): string | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/i.exec(name);
  return match ? `${match[4]}.${match[3]}.${match[2]}.${match[1]}` : undefined;
}

/** 16-bit numbers, then a name: MX [RFC 1035 §3.3.9] and SRV [RFC 2782]. */
function withNumbers(numbers: readonly number[], name: string): Uint8Array | undefined {
  const encoded = encodeName(name);
  return encoded && Uint8Array.from([...numbers.flatMap((n) => [(n >>> 8) & 0xff, n & 0xff]), ...encoded]);
}

/** Character strings of at most 255 bytes [RFC 1035 §3.3.14]. */
function textData(strings: readonly string[]): Uint8Array {
  const parts = strings.flatMap((text) => {
    const bytes = new TextEncoder().encode(text).subarray(0, 255);
    return [bytes.length, ...bytes];
  });
  return Uint8Array.from(parts);
}

/** [RFC 1035 §3.3.13] */
function soaData(server: string, mailbox: string, numbers: readonly number[]): Uint8Array | undefined {
  const names = [encodeName(server), encodeName(mailbox)];
  if (names.includes(undefined)) return undefined;
  const view = new DataView(new ArrayBuffer(numbers.length * 4));
  numbers.forEach((n, i) => {
    view.setUint32(4 * i, n);
  });
  return Uint8Array.from([...names.flatMap((n) => [...(n ?? [])]), ...new Uint8Array(view.buffer)]);
}
