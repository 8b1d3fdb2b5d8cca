/**
 * `--net user,KEY=VALUE…`: one network card and the network behind it. Keys of the card: model, bus, wire, mac, mtu, and how it and its
 * driver notify each other: interrupts, doorbell, suppression, mitigation, place. Of the network: forward, pcap, tftp, bootfile.
 */
import { ConfigurationError, parseMitigation } from '@paravirt/bus';
import {
  CARD_DOORBELLS,
  CARD_INTERRUPTS,
  CARD_PLACES,
  CARD_SUPPRESSIONS,
  type CardOptions,
  type CardPosition,
  checkCard,
  type Wire,
} from '@paravirt/machine';
import { type Forward, parseForward } from '@paravirt/net-backend';
import { oneOf, settings } from './settings.ts';
import { suggestion, UsageError } from './usage-error.ts';
import { parseMac } from './values.ts';
import { WIRES } from './vbus-option.ts';

export interface NetOption {
  readonly model: 'virtio-net' | 'venet';
  readonly bus: 'pci' | 'vbus';
  /** How the guest reaches a vbus; undefined for a card on PCI. */
  readonly wire: Wire | undefined;
  /** How the card and its driver notify each other; what is not said is not in here. */
  readonly options: CardOptions;
  /** Six bytes; undefined: chosen by the card's number. */
  readonly mac: Uint8Array | undefined;
  /** In bytes; undefined: 1500, and not told to the guest. */
  readonly mtu: number | undefined;
  readonly forwards: readonly Forward[];
  /** File that gets every frame. */
  readonly pcap: string | undefined;
  /** Folder whose files the gateway gives by TFTP. */
  readonly tftp: string | undefined;
  /** What DHCP tells the guest to boot. */
  readonly bootFile: string | undefined;
}

const KINDS = ['user'];
const MODELS = ['virtio-net', 'virtio-net-pci', 'venet'];
const BUSES = ['pci', 'vbus'] as const;
const OPTION_KEYS = ['interrupts', 'doorbell', 'suppression', 'mitigation', 'place'];
const KEYS = ['model', 'bus', 'wire', ...OPTION_KEYS, 'mac', 'mtu', 'forward', 'pcap', 'tftp', 'bootfile'];
/** [virtio 1.2 §5.1.4.1] "The device MUST set mtu to between 68 and 65535 inclusive"; IPv4 needs 576. */
const MTU_MIN = 576;
const MTU_MAX = 65535;

/** A comma within a value is written twice. @throws UsageError */
export function parseNet(text: string): NetOption {
  const parts = text.split(/(?<!,),(?!,)/).map((part) => part.replaceAll(',,', ','));
  const [kind = '', ...rest] = parts;
  if (!KINDS.includes(kind)) throw new UsageError(`--net ${text}: no network "${kind}"${suggestion(kind, KINDS)}`);
  const forwards: Forward[] = [];
  let model = 'virtio-net';
  let bus: 'pci' | 'vbus' | undefined;
  let wire: Wire | undefined;
  let mac: Uint8Array | undefined;
  let mtu: number | undefined;
  let pcap: string | undefined;
  let tftp: string | undefined;
  let bootFile: string | undefined;
  let options: CardOptions = {};
  for (const { key, value } of settings('--net', rest, KEYS, ['forward'])) {
    if (key === 'model') model = oneOf('--net', key, value, MODELS);
    if (key === 'bus') bus = oneOf('--net', key, value, BUSES);
    if (key === 'wire') wire = oneOf('--net', key, value, WIRES);
    if (OPTION_KEYS.includes(key)) options = { ...options, ...cardOption(key, value) };
    if (key === 'mac') mac = parseMac(value);
    if (key === 'mtu') mtu = parseMtu(value);
    if (key === 'pcap') pcap = value;
    if (key === 'tftp') tftp = value;
    if (key === 'bootfile') bootFile = parseBootFile(value);
    if (key === 'forward') forwards.push(forward(value));
  }
  const where = position(model, bus, wire);
  checkTogether({ ...where, ...options });
  return { ...where, wire: where.wire, options, mac, mtu, forwards, pcap, tftp, bootFile };
}

function cardOption(key: string, value: string): CardOptions {
  if (key === 'interrupts') return { interrupts: oneOf('--net', key, value, CARD_INTERRUPTS) };
  if (key === 'doorbell') return { doorbell: oneOf('--net', key, value, CARD_DOORBELLS) };
  if (key === 'suppression') return { suppression: oneOf('--net', key, value, CARD_SUPPRESSIONS) };
  if (key === 'place') return { place: oneOf('--net', key, value, CARD_PLACES) };
  return asUsage(() => ({ mitigation: parseMitigation(value) }));
}

const checkTogether = (card: CardPosition & CardOptions): void => asUsage(() => checkCard(card));

/** What the machine would say, as a word about `--net`. */
function asUsage<T>(use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (error instanceof ConfigurationError) throw new UsageError(`--net: ${error.message}`);
    throw error;
  }
}

/** Which card it is and where: what is not said follows from what is. */
function position(
  model: string,
  bus: 'pci' | 'vbus' | undefined,
  wire: Wire | undefined,
): { readonly model: 'virtio-net' | 'venet'; readonly bus: 'pci' | 'vbus'; readonly wire?: Wire } {
  if (model === 'venet' && bus === 'pci') throw new UsageError('--net: model=venet is a device of the vbus, not of bus=pci');
  if (model === 'virtio-net-pci' && bus === 'vbus')
    throw new UsageError('--net: model=virtio-net-pci is on PCI; write model=virtio-net,bus=vbus');
  const on = bus ?? (model === 'venet' ? 'vbus' : 'pci');
  if (on === 'pci' && wire !== undefined) throw new UsageError('--net: wire= is for a card on the vbus: add bus=vbus or model=venet');
  return { model: model === 'venet' ? 'venet' : 'virtio-net', bus: on, ...(on === 'pci' ? {} : { wire: wire ?? 'pci' }) };
}

function forward(text: string): Forward {
  try {
    return parseForward(text);
  } catch (error) {
    throw new UsageError(`--net forward=${text}: ${(error as Error).message}`);
  }
}

/** The field of DHCP has 128 bytes with the NUL at its end [RFC 2131 §2]. */
function parseBootFile(text: string): string {
  if (!/^[ -~]{1,127}$/.test(text)) throw new UsageError(`--net bootfile=${text}: not a name of 1 to 127 ASCII characters`);
  return text;
}

function parseMtu(text: string): number {
  const mtu = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(mtu >= MTU_MIN && mtu <= MTU_MAX)) throw new UsageError(`--net mtu=${text}: not a number from ${MTU_MIN} to ${MTU_MAX}`);
  return mtu;
}
