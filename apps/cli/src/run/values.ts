/** Values of options as users write them. Each throws UsageError for what it does not understand. */
import { UsageError } from './usage-error.ts';

const UNITS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** "512M", "1G", "65536K", in bytes; a number without unit counts MiB, as QEMU's `-m` does. */
export function parseMemory(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(?:([KMG])(?:i?B)?)?$/i.exec(text);
  const bytes = match === null ? Number.NaN : Number(match[1]) * (UNITS[(match[2] ?? 'M').toUpperCase()] ?? 0);
  if (!Number.isInteger(bytes) || bytes <= 0) throw new UsageError(`--memory ${text}: not an amount of memory; write 512M or 1G`);
  return bytes;
}

/** A port, 0 to 65535, decimal or 0x hexadecimal. */
export function parsePort(text: string): number {
  const port = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 0xffff)) throw new UsageError(`--exit-port ${text}: not a port; write 0xf4`);
  return port;
}

/** Seconds, more than 0, with fractions. */
export function parseSeconds(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds > 0) || seconds > 2 ** 31 / 1000) throw new UsageError(`--timeout ${text}: not a number of seconds`);
  return seconds;
}

/** Six bytes of a MAC address, "52:54:00:12:34:56"; multicast addresses and zero belong to no card. */
export function parseMac(text: string): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(text.split(/[:-]/), (byte) => Number.parseInt(byte, 16));
  const ok = /^[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5}$/i.test(text);
  if (!ok) throw new UsageError(`mac=${text}: not a MAC address; write 52:54:00:12:34:56`);
  if (((bytes[0] ?? 0) & 1) !== 0 || bytes.every((b) => b === 0)) throw new UsageError(`mac=${text}: no address of a single card`);
  return bytes;
}
