/**
 * From the port to the receive queue. [virtio 1.2 §5.1.6.3, §5.1.6.4]
 *
 * A frame goes into one buffer of the driver, or into as many as it needs when mergeable buffers were negotiated; either all of it is
 * published or nothing. When the driver has no room, the frame stays with the port: it is refused, and `resume` tells the port once the
 * driver has added buffers. A frame with work left to do that the driver does not take is finished here first.
 */
import type { EthernetPort, FrameOffload } from '@paravirt/net-backend';
import {
  checksumFits,
  completeChecksum,
  fitsMtu,
  locateTcp,
  MAX_FRAME_SIZE,
  TCP_CHECKSUM,
  TcpSegmenter,
} from '@paravirt/net-backend/frame';
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
  HEADER_HDR_LEN,
  HEADER_NUM_BUFFERS,
  NET_HEADER_SIZE,
  RECEIVE_QUEUE,
  VIRTIO_NET_F_MRG_RXBUF,
  VIRTIO_NET_HDR_F_DATA_VALID,
  VIRTIO_NET_HDR_F_NEEDS_CSUM,
  VIRTIO_NET_HDR_GSO_TCPV4,
  VIRTIO_NET_HDR_GSO_TCPV6,
} from './protocol.ts';

/** Receive work that the driver takes over. [virtio 1.2 §5.1.6.5.8] */
export interface GuestOffloads {
  readonly checksum: boolean;
  readonly tso4: boolean;
  readonly tso6: boolean;
}

type Delivery = 'delivered' | 'no-room' | 'too-long' | 'failed';

export class Receiver {
  readonly #port: EthernetPort;
  readonly #counters: NetCounters;
  readonly #header: Uint8Array = new Uint8Array(NET_HEADER_SIZE);
  readonly #headerView: DataView = new DataView(this.#header.buffer);
  readonly #chains: DescriptorChain[] = [];
  readonly #segmenter: TcpSegmenter = new TcpSegmenter();
  /** A copy of a frame that is finished here; made when first needed. */
  #copy: Uint8Array | undefined = undefined;
  #session: DriverSession | undefined = undefined;
  #mergeable = false;
  #offloads: GuestOffloads = { checksum: false, tso4: false, tso6: false };
  /** What a frame that is not segmented may carry, in bytes. */
  #mtu = 0;
  /** The port keeps a frame for which there was no room. */
  #refused = false;

  constructor(port: EthernetPort, counters: NetCounters) {
    this.#port = port;
    this.#counters = counters;
  }

  /** A driver is ready; `mtu` is the longest payload of a frame in bytes. */
  start(session: DriverSession, mtu: number): void {
    this.#session = session;
    this.#mergeable = hasFeature(session.features, VIRTIO_NET_F_MRG_RXBUF);
    this.#mtu = mtu;
    session.queue(RECEIVE_QUEUE)?.suppressKicks();
  }

  /** The driver is gone; what the port kept for it is asked for and dropped by the caller. */
  stop(): void {
    this.#session = undefined;
    this.#segmenter.stop();
    this.#resume();
  }

  setOffloads(offloads: GuestOffloads): void {
    this.#offloads = offloads;
  }

  /** The driver has added buffers (or the queue was reset). */
  run(): void {
    if (this.#session === undefined) return;
    this.#session.queue(RECEIVE_QUEUE)?.suppressKicks();
    if (this.#deliverSegments()) this.#resume();
  }

  /** Takes a frame that passed the filter; false if there is no room for it now. Drops are counted here. */
  receive(frame: Uint8Array, offload: FrameOffload | undefined): boolean {
    if (!this.#deliverSegments()) return this.#refuse();
    const { segmentation, checksum } = offload ?? {};
    if (frame.length > MAX_FRAME_SIZE) return this.#drop('rxTooLong');
    if (segmentation !== undefined) return this.#receiveLarge(frame, segmentation.kind, segmentation.size);
    if (!fitsMtu(frame, this.#mtu)) return this.#drop('rxTooLong');
    this.#header.fill(0);
    if (checksum !== undefined) {
      const { start, offset } = checksum;
      if (!checksumFits(start, offset, frame.length)) return this.#drop('rxBadOffload');
      if (this.#offloads.checksum) this.#setChecksum(start, offset);
      else {
        const copy = this.#copyOf(frame);
        completeChecksum(copy, frame.length, start, offset);
        return this.#settle(this.#deliver(copy.subarray(0, frame.length)));
      }
    } else if (offload?.checksumValid === true && this.#offloads.checksum) this.#header[HEADER_FLAGS] = VIRTIO_NET_HDR_F_DATA_VALID;
    return this.#settle(this.#deliver(frame));
  }

  #receiveLarge(frame: Uint8Array, kind: 'tcp4' | 'tcp6', size: number): boolean {
    const at = size > 0 && size <= 0xffff ? locateTcp(frame, frame.length, kind) : undefined;
    if (at === undefined) return this.#drop('rxBadOffload');
    if (kind === 'tcp4' ? this.#offloads.tso4 : this.#offloads.tso6) {
      this.#header.fill(0);
      this.#setChecksum(at.transport, TCP_CHECKSUM);
      this.#header[HEADER_GSO_TYPE] = kind === 'tcp4' ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
      this.#headerView.setUint16(HEADER_HDR_LEN, at.payload, true);
      this.#headerView.setUint16(HEADER_GSO_SIZE, size, true);
      return this.#settle(this.#deliver(frame));
    }
    // Taken whole: the segments that find no room yet are cut from the copy later, and no other frame is taken before them.
    this.#segmenter.start(this.#copyOf(frame), frame.length, kind, at, size);
    this.#deliverSegments();
    return true;
  }

  /** Delivers what is left of a frame that is being cut; true if nothing is left. */
  #deliverSegments(): boolean {
    for (let segment = this.#segmenter.current; segment !== undefined; segment = this.#segmenter.current) {
      this.#header.fill(0);
      const outcome = fitsMtu(segment, this.#mtu) ? this.#deliver(segment) : 'too-long';
      if (outcome === 'no-room') {
        this.#counters.rxStalls++;
        return false;
      }
      this.#settle(outcome);
      this.#segmenter.next();
    }
    return true;
  }

  /** Counts what became of a frame; false if the port has to keep it. */
  #settle(outcome: Delivery): boolean {
    if (outcome === 'no-room') return this.#refuse();
    if (outcome === 'too-long') return this.#drop('rxTooLong');
    return outcome === 'delivered' || this.#drop('rxNotReady');
  }

  #refuse(): boolean {
    this.#counters.rxStalls++;
    this.#refused = true;
    return false;
  }

  #drop(why: DropReason): true {
    this.#counters.drops[why]++;
    return true;
  }

  #resume(): void {
    if (!this.#refused) return;
    this.#refused = false;
    this.#port.resume();
  }

  /** Writes header and frame into the driver's buffers and interrupts. */
  #deliver(frame: Uint8Array): Delivery {
    const session = this.#session;
    const queue = session?.queue(RECEIVE_QUEUE);
    // A queue that was reset alone comes back: until then the frame waits.
    if (session === undefined || queue === undefined) return session === undefined ? 'failed' : 'no-room';
    const outcome = this.#collect(session, queue, NET_HEADER_SIZE + frame.length);
    if (outcome !== undefined) return outcome;
    this.#headerView.setUint16(HEADER_NUM_BUFFERS, this.#chains.length, true);
    let at = 0;
    for (const chain of this.#chains) {
      if (at === 0) chain.writer.write(this.#header);
      at += chain.writer.write(frame, at);
      queue.copied(chain, chain.writer.written);
      queue.fill(chain, chain.writer.written);
    }
    this.#chains.length = 0;
    queue.publish();
    this.#counters.rxFrames++;
    this.#counters.rxBytes += frame.length;
    this.#counters.rxCopied += NET_HEADER_SIZE + frame.length;
    session.interrupt(RECEIVE_QUEUE);
    return 'delivered';
  }

  /** Pops buffers for `needed` bytes into `#chains`, or puts all of them back and says why. At most one pass over the ring per addition. */
  #collect(session: DriverSession, queue: SplitQueue, needed: number): Delivery | undefined {
    for (;;) {
      let room = 0;
      for (let chain = queue.pop(); chain !== undefined; chain = queue.pop()) {
        this.#chains.push(chain);
        // [virtio 1.2 §5.1.6.3.1] A receive buffer holds at least the header.
        if (chain.writer.length < NET_HEADER_SIZE) {
          this.#chains.length = 0;
          session.fail('receive buffer smaller than the header');
          return 'failed';
        }
        room += chain.writer.length;
        if (room >= needed) return undefined;
        if (!this.#mergeable) return this.#putBack(queue, 'too-long');
      }
      if (queue.fault !== undefined) return this.#putBack(queue, 'failed');
      // All buffers that there can be are not enough.
      if (this.#chains.length === queue.size) return this.#putBack(queue, 'too-long');
      this.#putBack(queue, 'no-room');
      if (!queue.requestKicks()) return 'no-room';
      queue.suppressKicks();
    }
  }

  #putBack(queue: SplitQueue, outcome: Delivery): Delivery {
    for (let chain = this.#chains.pop(); chain !== undefined; chain = this.#chains.pop()) queue.undo(chain);
    return outcome;
  }

  #setChecksum(start: number, offset: number): void {
    this.#header[HEADER_FLAGS] = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    this.#headerView.setUint16(HEADER_CSUM_START, start, true);
    this.#headerView.setUint16(HEADER_CSUM_OFFSET, offset, true);
  }

  #copyOf(frame: Uint8Array): Uint8Array {
    this.#copy ??= new Uint8Array(MAX_FRAME_SIZE);
    this.#copy.set(frame);
    return this.#copy;
  }
}
