/**
 * From the transmit queue to the port. [virtio 1.2 §5.1.6.2]
 *
 * A frame is gathered into one buffer, which is reused, then checked, then sent. When the port does not take it, it stays in that buffer
 * (and its chain in flight) until `onWritable`; nothing else is popped meanwhile, so a slow port stops the driver, not the host. Checksums
 * and segmentation that the driver left to the device go to the port if it takes them, and are done by `OutboundFrame` if not.
 */
import type { EthernetPort } from '@paravirt/net-backend';
import { ETHERNET_HEADER_SIZE, MAX_FRAME_SIZE, type OutboundFault, OutboundFrame } from '@paravirt/net-backend/frame';
import type { DriverSession } from '../device.ts';
import { hasFeature } from '../features.ts';
import type { DescriptorChain } from '../queue/chain.ts';
import type { SplitQueue } from '../queue/split.ts';
import type { DropReason, NetCounters } from './counters.ts';
import {
  HEADER_CSUM_OFFSET,
  HEADER_CSUM_START,
  HEADER_FLAGS,
  HEADER_GSO_SIZE,
  HEADER_GSO_TYPE,
  NET_HEADER_SIZE,
  TRANSMIT_QUEUE,
  VIRTIO_NET_F_CSUM,
  VIRTIO_NET_F_HOST_TSO4,
  VIRTIO_NET_F_HOST_TSO6,
  VIRTIO_NET_HDR_F_NEEDS_CSUM,
  VIRTIO_NET_HDR_GSO_NONE,
  VIRTIO_NET_HDR_GSO_TCPV4,
  VIRTIO_NET_HDR_GSO_TCPV6,
} from './protocol.ts';

const DROPS: Readonly<Record<OutboundFault, DropReason>> = {
  tooLong: 'txTooLong',
  badChecksum: 'txBadChecksum',
  badSegmentation: 'txBadSegmentation',
};

/** Used indices have 16 bits: a driver that goes on adding must not make a run look like none. */
const MAX_CHAINS = 0x8000;

export class Transmitter {
  readonly #counters: NetCounters;
  readonly #linkUp: () => boolean;
  readonly #header: Uint8Array = new Uint8Array(NET_HEADER_SIZE);
  readonly #headerView: DataView = new DataView(this.#header.buffer);
  /** One byte more than a frame may have, so that a longer one is seen to be longer. */
  readonly #buffer: Uint8Array = new Uint8Array(MAX_FRAME_SIZE + 1);
  readonly #frame: OutboundFrame;
  #session: DriverSession | undefined = undefined;
  #checksum = false;
  #tso4 = false;
  #tso6 = false;
  /** What a frame on the wire may carry, in bytes. */
  #mtu = 0;
  /** The chain whose frame is in the buffer and not sent yet. */
  #chain: DescriptorChain | undefined = undefined;
  #running = false;
  #writable = false;

  constructor(port: EthernetPort, counters: NetCounters, linkUp: () => boolean) {
    this.#frame = new OutboundFrame(port);
    this.#counters = counters;
    this.#linkUp = linkUp;
  }

  /** A driver is ready; `mtu` is the longest payload of a frame in bytes. */
  start(session: DriverSession, mtu: number): void {
    const { features } = session;
    this.#session = session;
    this.#checksum = hasFeature(features, VIRTIO_NET_F_CSUM);
    this.#tso4 = hasFeature(features, VIRTIO_NET_F_HOST_TSO4);
    this.#tso6 = hasFeature(features, VIRTIO_NET_F_HOST_TSO6);
    this.#mtu = mtu;
  }

  /** The driver is gone. */
  stop(): void {
    this.#session = undefined;
    this.forget();
  }

  /** The queue was reset: the frame in the buffer is given up. */
  forget(): void {
    this.#chain = undefined;
    this.#frame.forget();
  }

  /** The port takes frames again. */
  writable(): void {
    this.#writable = true;
    if (!this.#running) this.run();
  }

  /** Sends what the driver has made available, at most twice the queue's size and 32768 chains, and interrupts once. */
  run(): void {
    const session = this.#session;
    const queue = session?.queue(TRANSMIT_QUEUE);
    // A port may call back from within `transmit`: the loop that is running goes on.
    if (session === undefined || queue === undefined || this.#running) return;
    this.#running = true;
    try {
      this.#drain(session, queue);
    } finally {
      this.#running = false;
    }
    session.interrupt(TRANSMIT_QUEUE);
  }

  #drain(session: DriverSession, queue: SplitQueue): void {
    for (let left = Math.min(2 * queue.size, MAX_CHAINS); ; left--) {
      if (!this.#finishPending(queue)) return;
      const chain = queue.pop();
      if (chain === undefined) {
        if (!queue.requestKicks()) return;
        continue;
      }
      // Not before the first chain: with EVENT_IDX the driver has passed its event by then, and nothing has to be written.
      queue.suppressKicks();
      if (left <= 0) {
        queue.undo(chain);
        session.notifyLater(TRANSMIT_QUEUE);
        return;
      }
      const dropped = this.#load(queue, chain);
      if (dropped === undefined) this.#chain = chain;
      else {
        this.#counters.drops[dropped]++;
        queue.push(chain, 0);
      }
      // The port may have reset the device or its driver may have gone while a frame was on its way.
      if (session.queue(TRANSMIT_QUEUE) !== queue) return;
    }
  }

  /** Sends the frame in the buffer, if there is one; false if it has to wait for the port. */
  #finishPending(queue: SplitQueue): boolean {
    const chain = this.#chain;
    if (chain === undefined) return true;
    this.#writable = false;
    while (!this.#frame.send()) {
      // Told during the very call that refused: try again at once, otherwise nobody would.
      if (!this.#writable) {
        this.#counters.txStalls++;
        return false;
      }
      this.#writable = false;
    }
    if (this.#chain !== chain) return true;
    this.#chain = undefined;
    this.#counters.txFrames++;
    this.#counters.txBytes += chain.reader.length - NET_HEADER_SIZE;
    // [virtio 1.2 §2.7.8.2] Nothing was written.
    queue.push(chain, 0);
    return true;
  }

  /** Gathers and checks the frame of a chain; why it is dropped, undefined if it is ready to be sent. */
  #load(queue: SplitQueue, chain: DescriptorChain): DropReason | undefined {
    const { reader } = chain;
    if (!this.#linkUp()) return 'txLinkDown';
    if (reader.length < NET_HEADER_SIZE + ETHERNET_HEADER_SIZE) return 'txTooShort';
    if (reader.length > NET_HEADER_SIZE + MAX_FRAME_SIZE) return 'txTooLong';
    reader.read(this.#header);
    const length = reader.read(this.#buffer);
    this.#counters.txCopied += NET_HEADER_SIZE + length;
    queue.copied(chain, NET_HEADER_SIZE + length);
    const fault = this.#loadFrame(this.#buffer.subarray(0, length));
    return fault === undefined ? undefined : DROPS[fault];
  }

  /** `hdr_len` is a hint that is not needed: the headers say where they end. [virtio 1.2 §5.1.6.2.2] */
  #loadFrame(frame: Uint8Array): OutboundFault | undefined {
    const needsChecksum = ((this.#header[HEADER_FLAGS] ?? 0) & VIRTIO_NET_HDR_F_NEEDS_CSUM) !== 0;
    const gsoType = this.#header[HEADER_GSO_TYPE] ?? 0;
    const start = this.#headerView.getUint16(HEADER_CSUM_START, true);
    const offset = this.#headerView.getUint16(HEADER_CSUM_OFFSET, true);
    if (gsoType !== VIRTIO_NET_HDR_GSO_NONE) {
      const size = this.#headerView.getUint16(HEADER_GSO_SIZE, true);
      const kind = this.#segmentationKind(gsoType);
      // [virtio 1.2 §5.1.6.2.1] Segmentation needs the checksum left to do.
      if (kind === undefined || !needsChecksum) return 'badSegmentation';
      return this.#frame.loadLarge(frame, this.#mtu, kind, size, start, offset);
    }
    if (!needsChecksum) return this.#frame.loadPlain(frame, this.#mtu);
    return this.#checksum ? this.#frame.loadPartial(frame, this.#mtu, start, offset) : 'badChecksum';
  }

  #segmentationKind(gsoType: number): 'tcp4' | 'tcp6' | undefined {
    if (gsoType === VIRTIO_NET_HDR_GSO_TCPV4 && this.#tso4) return 'tcp4';
    return gsoType === VIRTIO_NET_HDR_GSO_TCPV6 && this.#tso6 ? 'tcp6' : undefined;
  }
}
