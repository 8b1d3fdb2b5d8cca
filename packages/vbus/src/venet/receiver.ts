/**
 * From the port to the guest's RX ring. [vbus PCI-2, venet; §1.5]
 *
 * A frame goes into the next buffer that the guest has posted. When there is none it stays with the port: it is refused, the doorbell of
 * the ring is unmasked, and `resume` tells the port once the guest has refilled. While there are buffers the doorbell stays masked.
 *
 * A buffer is flat, or with L4RO a venet_sg to be filled: checksums and segmentation are then left to the guest, and what is longer than
 * its first fragment goes on in pages that the guest lends. Work that the guest does not take is done here first.
 */
import type { GuestMemory } from '@paravirt/bus';
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
import type { Capabilities } from './capabilities.ts';
import type { VenetCounters, VenetDropReason } from './counters.ts';
import type { FillingEnd } from './ring-ends.ts';
import { type LeftToGuest, NOTHING_LEFT, type SgBuffers } from './sg-buffers.ts';

/** What a receiver works on while the link is up. */
export interface ReceiveLink {
  readonly ring: FillingEnd;
  readonly memory: GuestMemory;
  readonly capabilities: Capabilities;
  /** With L4RO: how its buffers are filled. */
  readonly large: SgBuffers | undefined;
}

export interface ReceiverOptions {
  readonly port: EthernetPort;
  readonly counters: VenetCounters;
  /** Longest payload of a frame that is not segmented, in bytes. */
  readonly mtu: number;
  readonly onDrop: (reason: VenetDropReason) => void;
}

/** After a buffer was found; the trace has no use for the moments between them. */
const STEPS = ['mapped', 'copied', 'completed'] as const;

type Delivery = 'delivered' | 'no-room' | 'too-long' | 'bad-buffer';

/** Congestion Window Reduced, in the flags of a TCP header. [RFC 3168 §6.1] */
const TCP_FLAGS = 13;
const TCP_CWR = 0x80;

export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #counters: VenetCounters;
  readonly #segmenter: TcpSegmenter = new TcpSegmenter();
  /** A copy of a frame that is finished here; made when first needed. */
  #copy: Uint8Array | undefined = undefined;
  #link: ReceiveLink | undefined = undefined;
  /** The port keeps a frame for which there was no room. */
  #refused = false;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#counters = options.counters;
  }

  /** The link is up. */
  start(link: ReceiveLink): void {
    this.#link = link;
    link.ring.answer({ look: () => this.#refilled(link) });
    link.ring.mask();
    const { capabilities } = link;
    this.#options.port.receiverOffloads = capabilities.largeReceive
      ? { checksum: true, segmentation: capabilities.segmentation('receive', 'tcp4', false) }
      : undefined;
  }

  /** The link goes down; what the port kept for it is asked for, and dropped by the caller. `gone`: no memory is touched. */
  stop(client: 'present' | 'gone'): void {
    const link = this.#link;
    if (link === undefined) return;
    this.#link = undefined;
    link.ring.ignore();
    if (client === 'present') link.ring.mask();
    this.#segmenter.stop();
    this.#options.port.receiverOffloads = undefined;
    this.#resume();
  }

  /** Takes a frame of at least 14 bytes; false if there is no room for it now. Drops are counted here. */
  receive(frame: Uint8Array, offload: FrameOffload | undefined): boolean {
    const link = this.#link;
    if (link === undefined) return this.#drop('rxNotReady');
    if (!this.#deliverSegments(link)) return this.#refuse(link);
    const { segmentation, checksum } = offload ?? {};
    if (frame.length > MAX_FRAME_SIZE) return this.#drop('rxTooLong');
    if (segmentation !== undefined) return this.#receiveLarge(link, frame, segmentation.kind, segmentation.size);
    if (!fitsMtu(frame, this.#options.mtu)) return this.#drop('rxTooLong');
    if (checksum === undefined) return this.#settle(link, this.#deliver(link, frame, NOTHING_LEFT));
    const { start, offset } = checksum;
    if (!checksumFits(start, offset, frame.length)) return this.#drop('rxBadOffload');
    if (link.large !== undefined) return this.#settle(link, this.#deliver(link, frame, { checksum }));
    const copy = this.#copyOf(frame);
    completeChecksum(copy, copy.length, start, offset);
    return this.#settle(link, this.#deliver(link, copy, NOTHING_LEFT));
  }

  #receiveLarge(link: ReceiveLink, frame: Uint8Array, kind: 'tcp4' | 'tcp6', size: number): boolean {
    const at = size > 0 && size <= 0xffff ? locateTcp(frame, frame.length, kind) : undefined;
    if (at === undefined) return this.#drop('rxBadOffload');
    const ecn = ((frame[at.transport + TCP_FLAGS] ?? 0) & TCP_CWR) !== 0;
    if (link.large !== undefined && link.capabilities.segmentation('receive', kind, ecn)) {
      const left = {
        checksum: { start: at.transport, offset: TCP_CHECKSUM },
        segmentation: { kind, size, ecn, headerLength: at.payload },
      };
      const outcome = this.#deliver(link, frame, left);
      if (outcome !== 'too-long') return this.#settle(link, outcome);
      this.#counters.pagesMissing++;
    }
    // Taken whole: the segments that find no room yet are cut from the copy later, and no other frame is taken before them.
    const copy = this.#copyOf(frame);
    this.#segmenter.start(copy, copy.length, kind, at, size);
    if (!this.#deliverSegments(link)) this.#wait(link);
    return true;
  }

  /** Delivers what is left of a frame that is being cut; true if nothing is left. */
  #deliverSegments(link: ReceiveLink): boolean {
    for (let segment = this.#segmenter.current; segment !== undefined; segment = this.#segmenter.current) {
      const outcome = fitsMtu(segment, this.#options.mtu) ? this.#deliver(link, segment, NOTHING_LEFT) : 'too-long';
      if (outcome === 'no-room') return false;
      this.#settle(link, outcome);
      this.#segmenter.next();
    }
    return true;
  }

  /** Counts what became of a frame; false if the port has to keep it. */
  #settle(link: ReceiveLink, outcome: Delivery): boolean {
    if (outcome === 'no-room') return this.#refuse(link);
    if (outcome === 'too-long') return this.#drop('rxTooLong');
    return outcome === 'delivered' || this.#drop('rxBadBuffer');
  }

  #refuse(link: ReceiveLink): false {
    this.#refused = true;
    this.#wait(link);
    return false;
  }

  /** Has the guest ring once it has refilled; if it did so since the ring was looked at, that is a wakeup too. */
  #wait({ ring }: ReceiveLink): void {
    this.#counters.rxStalls++;
    ring.unmask();
  }

  #drop(why: VenetDropReason): true {
    this.#counters.drops[why]++;
    this.#options.onDrop(why);
    return true;
  }

  /** The guest has refilled the ring. The doorbell is unmasked again when a frame finds no room. */
  #refilled(link: ReceiveLink): boolean {
    if (this.#deliverSegments(link)) this.#resume();
    else this.#wait(link);
    return true;
  }

  #resume(): void {
    if (!this.#refused) return;
    this.#refused = false;
    this.#options.port.resume();
  }

  /** Fills the next good buffer and tells the guest. Buffers that are no memory are given back empty, at most one ring of them. */
  #deliver({ ring, memory, large }: ReceiveLink, frame: Uint8Array, left: LeftToGuest): Delivery {
    let empty = 0;
    for (let tries = ring.count; tries > 0; tries--) {
      if (!ring.ready) {
        // Nobody else would tell the guest to post better ones.
        if (empty > 0) ring.signal();
        return 'no-room';
      }
      let used: number | 'bad' | 'too-long';
      if (large !== undefined) used = large.fill(ring.address, ring.length, frame, left);
      else if (frame.length > ring.length) used = 'too-long';
      else if (!memory.contains(ring.address, frame.length)) used = 'bad';
      else {
        memory.write(ring.address, frame);
        used = frame.length;
      }
      if (used === 'too-long') return 'too-long';
      const { number } = ring;
      ring.tell('seen', number, frame.length);
      ring.push(used === 'bad' ? 0 : used);
      if (used === 'bad') {
        ring.tell('completed', number, 0);
        empty++;
        continue;
      }
      for (const step of STEPS) ring.tell(step, number, frame.length);
      this.#counters.rxFrames++;
      this.#counters.rxBytes += frame.length;
      this.#counters.rxCopied += frame.length;
      ring.signal();
      return 'delivered';
    }
    ring.signal();
    return 'bad-buffer';
  }

  /** A copy that may be written to, valid until the next one. */
  #copyOf(frame: Uint8Array): Uint8Array {
    this.#copy ??= new Uint8Array(MAX_FRAME_SIZE);
    this.#copy.set(frame);
    return this.#copy.subarray(0, frame.length);
  }
}
