/** MAC addresses as attributes show them: "xx:xx:xx:xx:xx:xx". */

export const formatMacAddress = (mac: Uint8Array): string => [...mac].map((byte) => byte.toString(16).padStart(2, '0')).join(':');

/** Six bytes, undefined unless the text is exactly an address. */
export function parseMacAddress(text: string): Uint8Array | undefined {
  const match = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.exec(text);
  return match === null ? undefined : Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16));
}

/** Six bytes of one station: not multicast, not all zero. */
export const isStationAddress = (mac: Uint8Array): boolean =>
  mac.length === 6 && ((mac[0] ?? 0) & 1) === 0 && mac.some((byte) => byte !== 0);
