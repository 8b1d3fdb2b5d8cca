/** `--net user,model=…,bus=…,wire=…,mac=…,mtu=…,forward=…,pcap=…,tftp=…,bootfile=…`: one network card and the network behind it. */
import type { Wire } from '@paravirt/machine';
import { type Forward, parseForward } from '@paravirt/net-backend';
import { suggestion, UsageError } from './usage-error.ts';
import { parseMac } from './values.ts';

export interface NetOption {
  readonly model: 'virtio-net' | 'venet';
  readonly bus: 'pci' | 'vbus';
  /** How the guest reaches a vbus; undefined for a card on PCI. */
  readonly wire: Wire | undefined;
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
/** The wires to a vbus. */
export const WIRES: readonly Wire[] = ['pci', 'hypercall'];
const KEYS = ['model', 'bus', 'wire', 'mac', 'mtu', 'forward', 'pcap', 'tftp', 'bootfile'];
/** [virtio 1.2 §5.1.4.1] "The device MUST set mtu to between 68 and 65535 inclusive"; IPv4 needs 576. */
const MTU_MIN = 576;
const MTU_MAX = 65535;

/** A comma within a value is written twice. @throws UsageError */
export function parseNet(text: string): NetOption {
  const parts = text.split(/(?<!,),(?!,)/).map((part) => part.replaceAll(',,', ','));
  const [kind = '', ...settings] = parts;
  if (!KINDS.includes(kind)) throw new UsageError(`--net ${text}: no network "${kind}"${suggestion(kind, KINDS)}`);
  const seen = new Set<string>();
  const forwards: Forward[] = [];
  let model = 'virtio-net';
  let bus: 'pci' | 'vbus' | undefined;
  let wire: Wire | undefined;
  let mac: Uint8Array | undefined;
  let mtu: number | undefined;
  let pcap: string | undefined;
  let tftp: string | undefined;
  let bootFile: string | undefined;
  for (const setting of settings) {
    const equals = setting.indexOf('=');
    const key = equals < 0 ? setting : setting.slice(0, equals);
    const value = setting.slice(equals + 1);
    if (!KEYS.includes(key)) throw new UsageError(`--net: unknown key "${key}"${suggestion(key, KEYS)}`);
    if (equals < 0 || value === '') throw new UsageError(`--net: ${key} needs a value: ${key}=…`);
    if (key !== 'forward' && seen.has(key)) throw new UsageError(`--net: ${key} is given twice`);
    seen.add(key);
    if (key === 'model') model = oneOf(key, value, MODELS);
    if (key === 'bus') bus = oneOf(key, value, BUSES);
    if (key === 'wire') wire = oneOf(key, value, WIRES);
    if (key === 'mac') mac = parseMac(value);
    if (key === 'mtu') mtu = parseMtu(value);
    if (key === 'pcap') pcap = value;
    if (key === 'tftp') tftp = value;
    if (key === 'bootfile') bootFile = parseBootFile(value);
    if (key === 'forward') forwards.push(forward(value));
  }
  return { ...place(model, bus, wire), mac, mtu, forwards, pcap, tftp, bootFile };
}

function oneOf<T extends string>(key: string, value: string, known: readonly T[]): T {
  const found = known.find((each) => each === value);
  if (found === undefined) throw new UsageError(`--net: no ${key} "${value}"${suggestion(value, known)}`);
  return found;
}

/** Which card it is and where: what is not said follows from what is. */
function place(model: string, bus: 'pci' | 'vbus' | undefined, wire: Wire | undefined): Pick<NetOption, 'model' | 'bus' | 'wire'> {
  if (model === 'venet' && bus === 'pci') throw new UsageError('--net: model=venet is a device of the vbus, not of bus=pci');
  if (model === 'virtio-net-pci' && bus === 'vbus')
    throw new UsageError('--net: model=virtio-net-pci is on PCI; write model=virtio-net,bus=vbus');
  const on = bus ?? (model === 'venet' ? 'vbus' : 'pci');
  if (on === 'pci' && wire !== undefined) throw new UsageError('--net: wire= is for a card on the vbus: add bus=vbus or model=venet');
  return { model: model === 'venet' ? 'venet' : 'virtio-net', bus: on, wire: on === 'pci' ? undefined : (wire ?? 'pci') };
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
