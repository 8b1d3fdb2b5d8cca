/**
 * What an administrator sees and sets of a venet device, in the place where sysfs had it. [vbus §1.2] Numbers
 * are decimal. A store answers 0 or −EINVAL, −EBUSY, and then changes nothing.
 */
import type { Attribute } from '../attributes.ts';
import { EBUSY, EINVAL } from '../errno.ts';
import { formatMacAddress, isStationAddress, parseMacAddress } from './mac-address.ts';
import type { VenetSettings } from './settings.ts';

/** The device behind the attributes. */
export interface VenetAdministration {
  readonly clientMac: Uint8Array;
  readonly hostMac: Uint8Array;
  readonly interfaceName: string;
  readonly settings: VenetSettings;
  /** A driver has the device open. */
  readonly opened: boolean;
  enabled: boolean;
  setClientMac(mac: Uint8Array): void;
}

/** Largest value of the numbers: what an unsigned int held. */
const MAX_NUMBER = 0xffff_ffff;

function parseNumber(text: string): number | undefined {
  const number = /^[0-9]{1,10}$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
  return number <= MAX_NUMBER ? number : undefined;
}

export function venetAttributes(device: VenetAdministration): readonly Attribute[] {
  const number = (name: string, key: keyof VenetSettings): Attribute => ({
    name,
    show: () => `${device.settings[key]}`,
    store: (text) => {
      const value = parseNumber(text);
      if (value === undefined) return -EINVAL;
      device.settings[key] = value;
      return 0;
    },
  });
  return [
    {
      name: 'client_mac',
      show: () => formatMacAddress(device.clientMac),
      store: (text) => {
        const mac = parseMacAddress(text);
        if (mac === undefined || !isStationAddress(mac)) return -EINVAL;
        if (device.opened) return -EBUSY;
        device.setClientMac(mac);
        return 0;
      },
    },
    { name: 'host_mac', show: () => formatMacAddress(device.hostMac) },
    {
      name: 'enabled',
      show: () => (device.enabled ? '1' : '0'),
      store: (text) => {
        const value = parseNumber(text);
        if (value !== 0 && value !== 1) return -EINVAL;
        device.enabled = value === 1;
        return 0;
      },
    },
    { name: 'ifname', show: () => (device.enabled ? device.interfaceName : '<disabled>') },
    number('burstthresh', 'burstThreshold'),
    number('txmitigation', 'transmitMitigation'),
    number('zcthresh', 'zeroCopyThreshold'),
  ];
}
