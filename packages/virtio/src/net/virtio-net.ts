/**
 * The network device. [virtio 1.2 §5.1] One pair of queues and a control queue, on one end of a cable:
 *
 *   driver ↔ transmit queue → Transmitter → EthernetPort → Receiver → receive queue ↔ driver
 *            control queue → ControlQueue → ReceiveFilter
 *
 * This file has what is left: feature bits, configuration space, link state and the order of things.
 */
import { ConfigurationError, type Width } from '@paravirt/bus';
import type { EthernetPort, FrameOffload } from '@paravirt/net-backend';
import { ETHERNET_HEADER_SIZE } from '@paravirt/net-backend/frame';
import type { DriverSession, QueuePurpose, VirtioDevice } from '../device.ts';
import { type FeatureRequirement, type FeatureSet, featureSet, hasFeature } from '../features.ts';
import { ControlQueue, GUEST_OFFLOADS } from './control.ts';
import { NetCounters } from './counters.ts';
import {
  CONTROL_QUEUE,
  NET_FEATURE_REQUIREMENTS,
  RECEIVE_QUEUE,
  TRANSMIT_QUEUE,
  VIRTIO_NET_F_CSUM,
  VIRTIO_NET_F_CTRL_GUEST_OFFLOADS,
  VIRTIO_NET_F_CTRL_MAC_ADDR,
  VIRTIO_NET_F_CTRL_RX,
  VIRTIO_NET_F_CTRL_RX_EXTRA,
  VIRTIO_NET_F_CTRL_VLAN,
  VIRTIO_NET_F_CTRL_VQ,
  VIRTIO_NET_F_GUEST_ANNOUNCE,
  VIRTIO_NET_F_GUEST_CSUM,
  VIRTIO_NET_F_GUEST_TSO4,
  VIRTIO_NET_F_GUEST_TSO6,
  VIRTIO_NET_F_HOST_TSO4,
  VIRTIO_NET_F_HOST_TSO6,
  VIRTIO_NET_F_MAC,
  VIRTIO_NET_F_MRG_RXBUF,
  VIRTIO_NET_F_MTU,
  VIRTIO_NET_F_STATUS,
  VIRTIO_NET_S_ANNOUNCE,
  VIRTIO_NET_S_LINK_UP,
} from './protocol.ts';
import { macNumber, ReceiveFilter } from './receive-filter.ts';
import { Receiver } from './receiver.ts';
import { Transmitter } from './transmitter.ts';

/**
 * Which offloads the driver is offered: `port`, those that the port takes or gives; `software`, all of them (what the port does not do is
 * done by the device); `none`.
 */
export type OffloadPolicy = 'port' | 'software' | 'none';

export interface VirtioNetOptions {
  /** The far end of the cable. The device sets its callbacks and keeps it for good. */
  readonly port: EthernetPort;
  /** Six bytes, not multicast. */
  readonly mac: Uint8Array;
  /** In bytes, 68 to 65535; told to the driver and enforced. Default: not told, not enforced. */
  readonly mtu?: number;
  /** Of the receive and of the transmit queue. Default 256. */
  readonly queueSize?: number;
  readonly controlQueueSize?: number;
  /** Default `port`. */
  readonly offloads?: OffloadPolicy;
}

/** [virtio 1.2 §5.1.4] Offsets in the configuration space. */
const CONFIG_MAC = 0;
const CONFIG_STATUS = 6;
const CONFIG_MAX_VIRTQUEUE_PAIRS = 8;
const CONFIG_MTU = 10;
const CONFIG_SIZE = 12;

/** In bytes; what an IP packet can have. */
const MAX_MTU = 65535;

/** Ethernet controller. [PCI 3.0 Appendix D] */
export const NET_CLASS_CODE = 0x02_0000;

export class VirtioNet implements VirtioDevice {
  readonly name = 'virtio-net';
  readonly deviceId = 1;
  readonly features: FeatureSet;
  readonly featureRequirements: readonly FeatureRequirement[] = NET_FEATURE_REQUIREMENTS;
  readonly queueSizes: readonly number[];
  readonly queuePurposes: readonly QueuePurpose[] = [
    { name: 'rx', kind: 'receive' },
    { name: 'tx', kind: 'transmit' },
    { name: 'control', kind: 'control' },
  ];
  readonly configSize: number = CONFIG_SIZE;
  readonly counters: NetCounters = new NetCounters();
  readonly #port: EthernetPort;
  readonly #permanentMac: Uint8Array;
  readonly #mtu: number;
  readonly #config: DataView = new DataView(new ArrayBuffer(CONFIG_SIZE));
  readonly #filter: ReceiveFilter = new ReceiveFilter();
  readonly #transmitter: Transmitter;
  readonly #receiver: Receiver;
  readonly #control: ControlQueue;
  #session: DriverSession | undefined = undefined;
  #mac = 0;
  #linkUp = true;
  #announcing = false;

  /** @throws ConfigurationError `bad-mac`, `bad-mtu`; a bad queue size is the transport's to refuse. */
  constructor(options: VirtioNetOptions) {
    const { port, mac, mtu, queueSize = 256, controlQueueSize = 64, offloads = 'port' } = options;
    if (mac.length !== 6 || ((mac[0] ?? 0) & 1) === 1 || mac.every((byte) => byte === 0))
      throw new ConfigurationError('bad-mac', 'a MAC address has six bytes, is not multicast and not all zero', mac);
    if (mtu !== undefined && (!Number.isInteger(mtu) || mtu < 68 || mtu > MAX_MTU))
      throw new ConfigurationError('bad-mtu', `MTU ${mtu} is not within 68 to ${MAX_MTU}`, mtu);
    this.#port = port;
    this.#permanentMac = mac.slice();
    this.#mtu = mtu ?? 0;
    this.queueSizes = [queueSize, queueSize, controlQueueSize];
    this.features = offeredFeatures(port, offloads, mtu !== undefined);
    this.#transmitter = new Transmitter(port, this.counters, () => this.#linkUp);
    this.#receiver = new Receiver(port, this.counters);
    this.#control = new ControlQueue(this.#filter, {
      setMac: (bytes) => {
        this.#setMac(bytes);
        this.#session?.configChanged(false);
      },
      acknowledgeAnnouncement: () => this.#acknowledgeAnnouncement(),
      setGuestOffloads: (bits) => this.#setGuestOffloads(bits),
    });
    this.#config.setUint16(CONFIG_MAX_VIRTQUEUE_PAIRS, 1, true);
    this.#config.setUint16(CONFIG_MTU, this.#mtu, true);
    this.#setMac(mac);
    this.#showStatus();
    port.onReceive = (frame, offload) => this.#receive(frame, offload);
    port.onWritable = () => this.#transmitter.writable();
  }

  /** The address that the driver uses now; a copy. */
  get mac(): Uint8Array {
    return new Uint8Array(this.#config.buffer.slice(CONFIG_MAC, CONFIG_MAC + 6));
  }

  get linkUp(): boolean {
    return this.#linkUp;
  }

  /** Plugs the cable in or out. While it is out frames are dropped in both directions. */
  set linkUp(up: boolean) {
    if (up === this.#linkUp) return;
    this.#linkUp = up;
    this.#statusChanged();
  }

  /** Asks the driver to tell the network where it is, as after a migration. [virtio 1.2 §5.1.6.5.4] */
  announce(): void {
    if (this.#session === undefined || !hasFeature(this.#session.features, VIRTIO_NET_F_GUEST_ANNOUNCE)) return;
    this.#announcing = true;
    this.#statusChanged();
  }

  readConfig(offset: number, width: Width): number {
    if (width === 1) return this.#config.getUint8(offset);
    return width === 2 ? this.#config.getUint16(offset, true) : this.#config.getUint32(offset, true);
  }

  /** All fields are read-only for a driver of VERSION_1. [virtio 1.2 §5.1.4] */
  writeConfig(): void {}

  activate(session: DriverSession): boolean {
    // [virtio 1.2 §5.1.5] A driver sets up at least one receive and one transmit queue.
    if (session.queue(RECEIVE_QUEUE) === undefined || session.queue(TRANSMIT_QUEUE) === undefined) return false;
    const { features } = session;
    this.#session = session;
    this.#filter.reset(hasFeature(features, VIRTIO_NET_F_CTRL_VLAN));
    const mtu = hasFeature(features, VIRTIO_NET_F_MTU) ? this.#mtu : MAX_MTU;
    this.#receiver.start(session, mtu);
    this.#transmitter.start(session, mtu);
    this.#setGuestOffloads(features & GUEST_OFFLOADS);
    return true;
  }

  reset(): void {
    this.#session = undefined;
    this.#announcing = false;
    this.#port.receiverOffloads = undefined;
    this.#setMac(this.#permanentMac);
    this.#showStatus();
    this.#transmitter.stop();
    this.#receiver.stop();
  }

  notify(queue: number): void {
    if (queue === RECEIVE_QUEUE) this.#receiver.run();
    else if (queue === TRANSMIT_QUEUE) this.#transmitter.run();
    else if (queue === CONTROL_QUEUE && this.#session !== undefined) this.#control.run(this.#session);
  }

  queueReset(queue: number): void {
    if (queue === TRANSMIT_QUEUE) this.#transmitter.forget();
  }

  /** The port's `onReceive`. Without a driver, a cable or interest the frame is gone. */
  #receive(frame: Uint8Array, offload: FrameOffload | undefined): boolean {
    const { drops } = this.counters;
    if (this.#session === undefined) drops.rxNotReady++;
    else if (!this.#linkUp) drops.rxLinkDown++;
    else if (frame.length < ETHERNET_HEADER_SIZE) drops.rxTooShort++;
    else if (!this.#filter.accepts(frame, this.#mac)) drops.rxFiltered++;
    else return this.#receiver.receive(frame, offload);
    return true;
  }

  #setMac(bytes: Uint8Array): void {
    for (let i = 0; i < 6; i++) this.#config.setUint8(CONFIG_MAC + i, bytes[i] ?? 0);
    this.#mac = macNumber(bytes);
  }

  #acknowledgeAnnouncement(): boolean {
    if (!this.#announcing) return false;
    this.#announcing = false;
    this.#showStatus();
    this.#session?.configChanged(false);
    return true;
  }

  #setGuestOffloads(bits: FeatureSet): void {
    const checksum = hasFeature(bits, VIRTIO_NET_F_GUEST_CSUM);
    // [virtio 1.2 §5.1.3.1] TSO needs the checksum offload, also when switched at run time.
    const tso4 = checksum && hasFeature(bits, VIRTIO_NET_F_GUEST_TSO4);
    const tso6 = checksum && hasFeature(bits, VIRTIO_NET_F_GUEST_TSO6);
    this.#receiver.setOffloads({ checksum, tso4, tso6 });
    this.#port.receiverOffloads = checksum ? { checksum, segmentation: tso4 } : undefined;
  }

  #statusChanged(): void {
    this.#showStatus();
    this.#session?.configChanged();
  }

  #showStatus(): void {
    const status = (this.#linkUp ? VIRTIO_NET_S_LINK_UP : 0) | (this.#announcing ? VIRTIO_NET_S_ANNOUNCE : 0);
    this.#config.setUint16(CONFIG_STATUS, status, true);
  }
}

function offeredFeatures(port: EthernetPort, policy: OffloadPolicy, mtu: boolean): FeatureSet {
  const software = policy === 'software';
  const given = policy === 'none' ? undefined : port.offloads;
  let features = featureSet(
    VIRTIO_NET_F_MAC,
    VIRTIO_NET_F_STATUS,
    VIRTIO_NET_F_MRG_RXBUF,
    VIRTIO_NET_F_CTRL_VQ,
    VIRTIO_NET_F_CTRL_RX,
    VIRTIO_NET_F_CTRL_RX_EXTRA,
    VIRTIO_NET_F_CTRL_VLAN,
    VIRTIO_NET_F_CTRL_MAC_ADDR,
    VIRTIO_NET_F_GUEST_ANNOUNCE,
  );
  if (mtu) features |= featureSet(VIRTIO_NET_F_MTU);
  if (software || given?.checksum === true) {
    features |= featureSet(VIRTIO_NET_F_CSUM, VIRTIO_NET_F_GUEST_CSUM, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS);
    if (software || given?.segmentation === true) features |= featureSet(VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_HOST_TSO6);
    if (software || given?.largeReceive === true) features |= featureSet(VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_GUEST_TSO6);
  }
  return features;
}
