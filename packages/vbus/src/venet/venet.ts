/**
 * venet, the network card of virtual-bus: type "virtual-ethernet" on one end of a cable. [vbus §1.5, §2.6]
 *
 *   guest ↔ TX ring → Transmitter → EthernetPort → Receiver → RX ring ↔ guest
 *           event ring ← EventChannel (state of the link, completion)
 *           DEVCALL, DEVSHM ↔ VenetConnection
 *
 * This file has what is left when no driver is there: the cable, the administrator's attributes, and who may open the device.
 */
import { type Clock, ConfigurationError, NO_MITIGATION, type TraceSink } from '@paravirt/bus';
import type { EthernetPort, FrameOffload } from '@paravirt/net-backend';
import { ETHERNET_HEADER_SIZE } from '@paravirt/net-backend/frame';
import type { Attribute } from '../attributes.ts';
import type { ConnectContext, DeviceClass, DeviceInterface, VbusConnection, VbusDevice } from '../device.ts';
import { EBUSY, EINVAL } from '../errno.ts';
import type { IoqFault } from '../ioq.ts';
import { addSignalCounters, type SignalCounters } from '../shm-signal.ts';
import { VENET_CLASS, VENET_TYPE, VENET_VERSION } from './abi.ts';
import { venetAttributes } from './attributes.ts';
import { offeredCapabilities, type VenetOffloadPolicy } from './capabilities.ts';
import { VenetConnection, type VenetEndpoint } from './connection.ts';
import { VenetCounters, type VenetDropReason, type VenetRing } from './counters.ts';
import { isStationAddress } from './mac-address.ts';
import type { VenetNotificationOptions } from './notifications.ts';
import { Receiver } from './receiver.ts';
import { defaultSettings, type VenetSettings } from './settings.ts';
import { Transmitter } from './transmitter.ts';

export interface VenetOptions extends VenetNotificationOptions {
  /** The far end of the cable. The device sets its callbacks and keeps it for good. */
  readonly port: EthernetPort;
  /** Of the guest's card: six bytes, not multicast. */
  readonly mac: Uint8Array;
  /** Tells bursts from single packets, and times the mitigation. */
  readonly clock: Clock;
  /** Of the interface on the bus, for people. Default `venet`. */
  readonly name?: string;
  /** Of the host's end, shown only. Default: that of the guest with the last bit the other way. */
  readonly hostMac?: Uint8Array;
  /** What the attribute `ifname` shows. Default: the name. */
  readonly interfaceName?: string;
  /** Longest payload of a frame on the wire in bytes, 68 to 65535. Default 1500. */
  readonly mtu?: number;
  /** Default `port`. */
  readonly offloads?: VenetOffloadPolicy;
  /** The attribute `enabled` at the start. Default true. */
  readonly enabled?: boolean;
  readonly trace?: TraceSink<VenetEvent>;
}

export type VenetEvent =
  | { readonly kind: 'opened' | 'closed' }
  /** A driver took the link up or down. */
  | { readonly kind: 'link'; readonly up: boolean }
  /** The cable, or the administrator: what LINKSTATE tells. */
  | { readonly kind: 'carrier'; readonly up: boolean }
  /** A driver broke the rules of a ring; it stands still until the driver opens the device anew. */
  | { readonly kind: 'ring-broken'; readonly ring: VenetRing; readonly why: IoqFault }
  | { readonly kind: 'drop'; readonly reason: VenetDropReason };

/** In bytes; what IPv4 asks for, and what an IP packet can have. */
const MIN_MTU = 68;
const MAX_MTU = 65535;

export class Venet implements VbusDevice {
  readonly name: string;
  readonly counters: VenetCounters = new VenetCounters();
  /** May be changed at any time; the attributes do. */
  readonly settings: VenetSettings = defaultSettings();
  readonly attributes: readonly Attribute[];
  readonly interfaces: readonly DeviceInterface[];
  readonly #port: EthernetPort;
  readonly #trace: TraceSink<VenetEvent> | undefined;
  readonly #offloads: VenetOffloadPolicy;
  readonly #transmitter: Transmitter;
  readonly #receiver: Receiver;
  readonly #mac: Uint8Array;
  readonly #notifications: Pick<VenetEndpoint, 'place' | 'defer' | 'rings'>;
  #connection: VenetConnection | undefined = undefined;
  #onBus = false;
  #linkUp = true;
  #enabled: boolean;

  /** @throws ConfigurationError `bad-mac`, `bad-mtu` */
  constructor(options: VenetOptions) {
    const { port, mac, clock, name = 'venet', mtu = 1500, offloads = 'port', enabled = true, trace } = options;
    const { mitigation = NO_MITIGATION, place = 'inline', defer, ringTrace, ringName = name } = options;
    if (!isStationAddress(mac))
      throw new ConfigurationError('bad-mac', 'a MAC address has six bytes, is not multicast and not all zero', mac);
    if (!Number.isInteger(mtu) || mtu < MIN_MTU || mtu > MAX_MTU)
      throw new ConfigurationError('bad-mtu', `MTU ${mtu} is not within ${MIN_MTU} to ${MAX_MTU}`, mtu);
    this.name = name;
    this.#port = port;
    this.#mac = mac.slice();
    this.#offloads = offloads;
    this.#enabled = enabled;
    this.#trace = trace;
    this.#notifications = { place, defer, rings: { mitigation, clock, trace: ringTrace, card: ringName } };
    const { counters, settings } = this;
    const onDrop = (reason: VenetDropReason): void => this.#trace?.({ kind: 'drop', reason });
    const blocked = (): VenetDropReason | undefined => (this.#enabled ? (this.#linkUp ? undefined : 'txLinkDown') : 'txDisabled');
    this.#transmitter = new Transmitter({ port, counters, settings, clock, mitigation, mtu, blocked, onDrop });
    this.#receiver = new Receiver({ port, counters, mtu, onDrop });
    this.interfaces = [{ name, type: VENET_TYPE, connect: (context) => this.#connect(context) }];
    this.attributes = this.#describe(options.hostMac?.slice(), options.interfaceName ?? name);
    port.onReceive = (frame, offload) => this.#receive(frame, offload);
    port.onWritable = () => this.#transmitter.writable();
  }

  /** The address of the guest's card; a copy. */
  get mac(): Uint8Array {
    return this.#mac.slice();
  }

  /** A driver has the device open. */
  get opened(): boolean {
    return this.#connection !== undefined;
  }

  get linkUp(): boolean {
    return this.#linkUp;
  }

  /** Plugs the cable in or out. While it is out frames are dropped in both directions; a driver with LINKSTATE is told. */
  set linkUp(up: boolean) {
    const before = this.#carrier;
    this.#linkUp = up;
    this.#carrierChanged(before);
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  /** The attribute `enabled`: without it there is no interface on the host's side, and so no carrier. */
  set enabled(enabled: boolean) {
    const before = this.#carrier;
    this.#enabled = enabled;
    this.#carrierChanged(before);
  }

  /** The doorbells of each ring, of all drivers so far: `rung` to the guest, `wakeups` by it. */
  get doorbells(): Readonly<Record<VenetRing, Readonly<SignalCounters>>> {
    const { rx, tx, event, page } = this.counters.rings;
    const all = { rx: { ...rx }, tx: { ...tx }, event: { ...event }, page: { ...page } };
    for (const [ring, signal] of this.#connection?.signals ?? []) addSignalCounters(all[ring], signal.counters);
    return all;
  }

  busConnect(): number {
    if (this.#onBus) return -EBUSY;
    this.#onBus = true;
    return 0;
  }

  busDisconnect(): void {
    this.#connection?.close();
    this.#onBus = false;
  }

  /** The device is gone for good. */
  release(): void {
    this.busDisconnect();
    this.#port.onReceive = undefined;
    this.#port.onWritable = undefined;
  }

  #connect(context: ConnectContext): VbusConnection | number {
    if (context.version !== VENET_VERSION) return -EINVAL;
    if (this.#connection !== undefined) return -EBUSY;
    const device = this;
    this.#connection = new VenetConnection(
      {
        transmitter: this.#transmitter,
        receiver: this.#receiver,
        counters: this.counters,
        offered: offeredCapabilities(this.#port.offloads, this.#offloads),
        clientMac: this.#mac,
        ...this.#notifications,
        get carrier() {
          return device.#carrier;
        },
        linkChanged: (up) => this.#trace?.({ kind: 'link', up }),
        ringBroken: (ring, why) => this.#trace?.({ kind: 'ring-broken', ring, why }),
        closed: (connection) => this.#closed(connection),
      },
      context,
    );
    this.#trace?.({ kind: 'opened' });
    return this.#connection;
  }

  #closed(connection: VenetConnection): void {
    if (this.#connection !== connection) return;
    for (const [ring, signal] of connection.signals) addSignalCounters(this.counters.rings[ring], signal.counters);
    this.#connection = undefined;
    this.#trace?.({ kind: 'closed' });
  }

  /** The port's `onReceive`. Without a driver or a cable the frame is gone. */
  #receive(frame: Uint8Array, offload: FrameOffload | undefined): boolean {
    const reason = this.#receiveBlocked() ?? (frame.length < ETHERNET_HEADER_SIZE ? 'rxTooShort' : undefined);
    if (reason === undefined) return this.#receiver.receive(frame, offload);
    this.counters.drops[reason]++;
    this.#trace?.({ kind: 'drop', reason });
    return true;
  }

  #receiveBlocked(): VenetDropReason | undefined {
    if (!this.#enabled) return 'rxDisabled';
    if (!this.#linkUp) return 'rxLinkDown';
    return this.#connection?.linkUp === true ? undefined : 'rxNotReady';
  }

  get #carrier(): boolean {
    return this.#enabled && this.#linkUp;
  }

  #carrierChanged(before: boolean): void {
    if (this.#carrier === before) return;
    this.#trace?.({ kind: 'carrier', up: this.#carrier });
    this.#connection?.carrierChanged();
  }

  #describe(hostMac: Uint8Array | undefined, interfaceName: string): readonly Attribute[] {
    const device = this;
    return venetAttributes({
      settings: this.settings,
      interfaceName,
      get clientMac() {
        return device.#mac;
      },
      get hostMac() {
        return hostMac ?? device.#mac.map((byte, i) => (i === 5 ? byte ^ 1 : byte));
      },
      get opened() {
        return device.opened;
      },
      get enabled() {
        return device.enabled;
      },
      set enabled(enabled) {
        device.enabled = enabled;
      },
      setClientMac: (mac) => this.#mac.set(mac),
    });
  }
}

export interface VenetClassOptions extends Omit<VenetOptions, 'port' | 'mac' | 'name' | 'ringName'> {
  /** The cable of a device with this name. */
  readonly connect: (name: string) => EthernetPort;
  /** The address of a device with this name. Default: 52:54:00 and three bytes made of the name. */
  readonly mac?: (name: string) => Uint8Array;
  /** Default false: an administrator enables what he made. */
  readonly enabled?: boolean;
}

/** The device class "venet-tap". */
export function venetClass({ connect, mac = macOfName, enabled = false, ...rest }: VenetClassOptions): DeviceClass {
  let made = 0;
  return {
    name: VENET_CLASS,
    create: (name) => new Venet({ interfaceName: `venet${made++}`, ...rest, enabled, name, mac: mac(name), port: connect(name) }),
  };
}

/** Three bytes of FNV-1a over the name, behind the prefix that virtual cards use. */
function macOfName(name: string): Uint8Array {
  let hash = 0x811c_9dc5;
  for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x0100_0193);
  return Uint8Array.of(0x52, 0x54, 0, hash >>> 16, hash >>> 8, hash);
}
