/**
 * The control queue. [virtio 1.2 §5.1.6.5] A command is class, command and data to read, and one byte of status to write. What is unknown,
 * not negotiated or malformed is answered with VIRTIO_NET_ERR; a command without room for the status cannot be answered and is not run.
 */
import type { DriverSession } from '../device.ts';
import { type FeatureSet, featureSet, hasFeature } from '../features.ts';
import type { DescriptorChain } from '../queue/chain.ts';
import {
  CONTROL_QUEUE,
  VIRTIO_NET_CTRL_ANNOUNCE,
  VIRTIO_NET_CTRL_ANNOUNCE_ACK,
  VIRTIO_NET_CTRL_GUEST_OFFLOADS,
  VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET,
  VIRTIO_NET_CTRL_MAC,
  VIRTIO_NET_CTRL_MAC_ADDR_SET,
  VIRTIO_NET_CTRL_MAC_TABLE_SET,
  VIRTIO_NET_CTRL_RX,
  VIRTIO_NET_CTRL_RX_ALLMULTI,
  VIRTIO_NET_CTRL_VLAN,
  VIRTIO_NET_CTRL_VLAN_ADD,
  VIRTIO_NET_CTRL_VLAN_DEL,
  VIRTIO_NET_ERR,
  VIRTIO_NET_F_CTRL_GUEST_OFFLOADS,
  VIRTIO_NET_F_CTRL_MAC_ADDR,
  VIRTIO_NET_F_CTRL_RX,
  VIRTIO_NET_F_CTRL_RX_EXTRA,
  VIRTIO_NET_F_CTRL_VLAN,
  VIRTIO_NET_F_GUEST_ANNOUNCE,
  VIRTIO_NET_F_GUEST_CSUM,
  VIRTIO_NET_F_GUEST_TSO4,
  VIRTIO_NET_F_GUEST_TSO6,
  VIRTIO_NET_OK,
} from './protocol.ts';
import type { ReceiveFilter, ReceiveMode } from './receive-filter.ts';

/** What commands change outside the filter. */
export interface ControlTarget {
  /** Six bytes, valid during the call. */
  setMac(mac: Uint8Array): void;
  /** False if nothing was announced. */
  acknowledgeAnnouncement(): boolean;
  /** Offload bits of the receive direction, checked to be among the negotiated ones. */
  setGuestOffloads(offloads: FeatureSet): void;
}

/** The receive offloads that VIRTIO_NET_CTRL_GUEST_OFFLOADS can switch here. */
export const GUEST_OFFLOADS: FeatureSet = featureSet(VIRTIO_NET_F_GUEST_CSUM, VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_GUEST_TSO6);

/** Class and command, then at most this many bytes: a MAC table far larger than the one that is kept. */
const MAX_COMMAND_SIZE = 2 + 8192;
const RX_EXTRA_MODES = 6;

export class ControlQueue {
  readonly #filter: ReceiveFilter;
  readonly #target: ControlTarget;
  /** One byte more than a command may have, so that a longer one is seen to be longer. */
  readonly #buffer: Uint8Array = new Uint8Array(MAX_COMMAND_SIZE + 1);
  readonly #status: Uint8Array = new Uint8Array(1);

  constructor(filter: ReceiveFilter, target: ControlTarget) {
    this.#filter = filter;
    this.#target = target;
  }

  /** Runs what the driver has made available, at most twice the queue's size. */
  run(session: DriverSession): void {
    const queue = session.queue(CONTROL_QUEUE);
    if (queue === undefined) return;
    for (let left = 2 * queue.size; ; left--) {
      const chain = queue.pop();
      if (chain === undefined) {
        if (!queue.requestKicks()) break;
      } else if (left <= 0) {
        queue.undo(chain);
        session.notifyLater(CONTROL_QUEUE);
        break;
      } else queue.push(chain, this.#answer(chain, session.features));
    }
    session.interrupt(CONTROL_QUEUE);
  }

  /** Runs one command; bytes written. */
  #answer(chain: DescriptorChain, features: FeatureSet): number {
    if (chain.writer.length === 0) return 0;
    const length = chain.reader.read(this.#buffer);
    const known = length >= 2 && length <= MAX_COMMAND_SIZE;
    this.#status[0] = known && this.#command(this.#buffer.subarray(0, length), features) ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
    return chain.writer.write(this.#status);
  }

  #command(bytes: Uint8Array, features: FeatureSet): boolean {
    const command = bytes[1] ?? 0;
    const data = bytes.subarray(2);
    switch (bytes[0]) {
      case VIRTIO_NET_CTRL_RX:
        return this.#receiveMode(command, data, features);
      case VIRTIO_NET_CTRL_MAC:
        return this.#mac(command, data, features);
      case VIRTIO_NET_CTRL_VLAN:
        return hasFeature(features, VIRTIO_NET_F_CTRL_VLAN) && this.#vlan(command, data);
      case VIRTIO_NET_CTRL_ANNOUNCE:
        if (!hasFeature(features, VIRTIO_NET_F_GUEST_ANNOUNCE)) return false;
        return command === VIRTIO_NET_CTRL_ANNOUNCE_ACK && data.length === 0 && this.#target.acknowledgeAnnouncement();
      case VIRTIO_NET_CTRL_GUEST_OFFLOADS:
        return command === VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET && this.#guestOffloads(data, features);
      default:
        return false;
    }
  }

  /** [virtio 1.2 §5.1.6.5.1] One byte: off or on. The last four modes need CTRL_RX_EXTRA. */
  #receiveMode(command: number, data: Uint8Array, features: FeatureSet): boolean {
    const needed = command <= VIRTIO_NET_CTRL_RX_ALLMULTI ? VIRTIO_NET_F_CTRL_RX : VIRTIO_NET_F_CTRL_RX_EXTRA;
    const value = data[0];
    if (command >= RX_EXTRA_MODES || !hasFeature(features, needed) || data.length !== 1 || value === undefined || value > 1) return false;
    this.#filter.setMode(command as ReceiveMode, value === 1);
    return true;
  }

  /** [virtio 1.2 §5.1.6.5.2] */
  #mac(command: number, data: Uint8Array, features: FeatureSet): boolean {
    if (command === VIRTIO_NET_CTRL_MAC_TABLE_SET) return hasFeature(features, VIRTIO_NET_F_CTRL_RX) && this.#filter.setTable(data);
    if (command !== VIRTIO_NET_CTRL_MAC_ADDR_SET || !hasFeature(features, VIRTIO_NET_F_CTRL_MAC_ADDR) || data.length !== 6) return false;
    this.#target.setMac(data);
    return true;
  }

  /** [virtio 1.2 §5.1.6.5.3] */
  #vlan(command: number, data: Uint8Array): boolean {
    if ((command !== VIRTIO_NET_CTRL_VLAN_ADD && command !== VIRTIO_NET_CTRL_VLAN_DEL) || data.length !== 2) return false;
    return this.#filter.setVlan((data[0] ?? 0) | ((data[1] ?? 0) << 8), command === VIRTIO_NET_CTRL_VLAN_ADD);
  }

  /** [virtio 1.2 §5.1.6.5.8] 64 bits, which must have been negotiated. */
  #guestOffloads(data: Uint8Array, features: FeatureSet): boolean {
    if (!hasFeature(features, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) || data.length !== 8) return false;
    const offloads = new DataView(data.buffer, data.byteOffset, 8).getBigUint64(0, true);
    if ((offloads & ~(features & GUEST_OFFLOADS)) !== 0n) return false;
    this.#target.setGuestOffloads(offloads);
    return true;
  }
}
