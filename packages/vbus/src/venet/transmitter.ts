/**
 * From the guest's TX ring to the port. [vbus PCI-2, venet; §1.5]
 *
 * A doorbell masks further doorbells and starts a run: at once or deferred (see `VenetSettings.burstThreshold`), always deferred in the place
 * `deferred`, or when the mitigation says so. A run takes packets until the ring is empty, which unmasks the doorbell; until its budget is
 * used up, then it goes on in deferred work; or until the port refuses a frame: then the doorbell stays masked until `writable`, the ring
 * fills, and the guest stops. No second queue hides the fullness (but for packets by reference, see below, which cost the host no memory).
 *
 * A slot of the ring is given back as soon as its packet was taken: copied to a buffer, or, for large frames with transmit completion,
 * remembered by reference (at most a ring of them) and copied when the port's turn comes. The guest is told of completion by the ring's
 * doorbell, or with TXC by an event that names the packet, when its memory is not needed any more.
 */
import type { Clock, GuestMemory, Mitigation } from '@paravirt/bus';
import type { EthernetPort } from '@paravirt/net-backend';
import { ETHERNET_HEADER_SIZE, MAX_FRAME_SIZE, type OutboundFault, OutboundFrame, VLAN_TAG_SIZE } from '@paravirt/net-backend/frame';
import type { SharedRegion } from '../shared-region.ts';
import { MAX_GSO_SIZE } from './abi.ts';
import type { Capabilities } from './capabilities.ts';
import type { VenetCounters, VenetDropReason } from './counters.ts';
import type { EventChannel } from './event-channel.ts';
import type { ConsumingEnd } from './ring-ends.ts';
import type { VenetSettings } from './settings.ts';
import { PacketDescription, SgReader } from './sg-descriptor.ts';

/** Packets of one run. */
export const TRANSMIT_BUDGET = 64;

const DROPS: Readonly<Record<OutboundFault, VenetDropReason>> = {
  tooLong: 'txTooLong',
  badChecksum: 'txBadChecksum',
  badSegmentation: 'txBadSegmentation',
};

/** What a transmitter works on while the link is up. */
export interface TransmitLink {
  readonly ring: ConsumingEnd;
  readonly memory: GuestMemory;
  /** Pre-mapped descriptors, if negotiated. */
  readonly pool: SharedRegion | undefined;
  readonly capabilities: Capabilities;
  /** With transmit completion: where it goes. */
  readonly completions: EventChannel | undefined;
  /** Runs work soon, not within this call. */
  readonly defer: (run: () => void) => void;
  /** `deferred`: no doorbell is answered but through `defer`. */
  readonly place: 'inline' | 'deferred';
}

export interface TransmitterOptions {
  readonly port: EthernetPort;
  readonly counters: VenetCounters;
  readonly settings: VenetSettings;
  readonly clock: Clock;
  readonly mitigation: Mitigation;
  /** Longest payload of a frame on the wire, in bytes. */
  readonly mtu: number;
  /** Why nothing can be sent now, undefined if the cable is in. */
  readonly blocked: () => VenetDropReason | undefined;
  readonly onDrop: (reason: VenetDropReason) => void;
}

export class Transmitter {
  readonly #options: TransmitterOptions;
  readonly #counters: VenetCounters;
  readonly #frame: OutboundFrame;
  readonly #buffer: Uint8Array = new Uint8Array(Math.max(MAX_GSO_SIZE, MAX_FRAME_SIZE));
  readonly #sg: SgReader = new SgReader();
  /** The packet at the head of the ring. */
  #packet: PacketDescription = new PacketDescription();
  /** Packets that were taken by reference, in order, and descriptions to use again. */
  #waiting: PacketDescription[] = [];
  readonly #spare: PacketDescription[] = [];
  #link: TransmitLink | undefined = undefined;
  /** The buffer holds a frame that the port has not taken; its bytes as the guest counts them, and the packet to complete when it is gone. */
  #loaded = false;
  #loadedLength = 0;
  #loadedPacket: PacketDescription | undefined = undefined;
  /** Packets that were taken off the ring or sent, so far. */
  #progress = 0;
  #running = false;
  #scheduled = false;
  /** The port refused a frame and has not called `writable` yet. */
  #stalled = false;
  #writable = false;
  /** Packets done since the guest was told. */
  #untold = 0;
  #lastWakeup: bigint | undefined = undefined;

  constructor(options: TransmitterOptions) {
    this.#options = options;
    this.#counters = options.counters;
    this.#frame = new OutboundFrame(options.port);
  }

  /** The link is up. */
  start(link: TransmitLink): void {
    this.#link = link;
    this.#stalled = false;
    this.#lastWakeup = undefined;
    link.ring.answer({
      look: () => this.#look(link),
      mitigation: this.#options.mitigation,
      defer: (run) => this.#handOver(link, run),
    });
    // What is in the ring already is found by the first run; the doorbell is unmasked at its end.
    this.#schedule(link);
  }

  /**
   * The link goes down: what was not sent is dropped, and every slot is the guest's again; at most one ring of work. `gone`: the client is
   * no more, and its memory is not touched.
   */
  stop(client: 'present' | 'gone'): void {
    const link = this.#link;
    if (link === undefined) return;
    this.#link = undefined;
    link.ring.ignore();
    this.#frame.forget();
    const told = client === 'present' ? link : undefined;
    told?.ring.mask();
    if (this.#loaded) this.#finishLoaded(told, 'txLinkDown');
    for (const packet of this.#waiting.splice(0)) {
      this.#drop('txLinkDown');
      this.#complete(told, packet);
      this.#spare.push(packet);
    }
    if (told === undefined) {
      this.#untold = 0;
      return;
    }
    for (let left = told.ring.count; left > 0 && told.ring.ready; left--) {
      this.#describe(told);
      told.ring.pop();
      this.#drop('txLinkDown');
      this.#complete(told, this.#packet);
    }
    if (this.#untold === 0) return;
    this.#untold = 0;
    (told.completions ?? told.ring).signalNow();
  }

  /** The port takes frames again. */
  writable(): void {
    this.#writable = true;
    this.#stalled = false;
    if (this.#link !== undefined && !this.#running && !this.#scheduled) this.#run(this.#link);
  }

  /** The guest has drained its event queue: completions have room again. */
  completionsDrained(): void {
    if (this.#link !== undefined && !this.#running) this.#schedule(this.#link);
  }

  /** Has what a doorbell asks for done at once, or as deferred work: always so in the place `deferred`, else in a burst. */
  #handOver(link: TransmitLink, run: () => void): void {
    // The run that is under way takes it.
    if (this.#running) {
      run();
      return;
    }
    const { clock, settings } = this.#options;
    this.#counters.txWakeups++;
    const now = clock.now();
    const pause = this.#lastWakeup === undefined ? undefined : now - this.#lastWakeup;
    this.#lastWakeup = now;
    const { burstThreshold } = settings;
    const burst = burstThreshold === 0 || (pause !== undefined && pause <= BigInt(burstThreshold) * 1000n);
    if (burst || link.place === 'deferred') link.defer(run);
    else {
      this.#counters.txDirect++;
      run();
    }
  }

  /** True if there was anything to do. */
  #look(link: TransmitLink): boolean {
    const before = this.#progress;
    if (this.#link === link) this.#run(link);
    return this.#progress !== before;
  }

  #schedule(link: TransmitLink): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    link.defer(() => {
      this.#scheduled = false;
      if (this.#link !== undefined) this.#run(this.#link);
    });
  }

  #run(link: TransmitLink): void {
    // A port may call back from within `transmit`: the loop that is running goes on.
    if (this.#running) return;
    this.#running = true;
    let outcome: 'empty' | 'waits' | 'budget' | 'gone';
    try {
      outcome = this.#drain(link);
    } finally {
      this.#running = false;
    }
    if (outcome === 'gone') return;
    // While the port is slow there is more to send: what is done is told of with the next of it, by number, and at the end.
    if (!this.#stalled) this.#tell(link);
    if (outcome === 'budget') {
      this.#counters.txOverBudget++;
      this.#schedule(link);
    } else if (outcome === 'empty') link.ring.unmask();
  }

  #drain(link: TransmitLink): 'empty' | 'waits' | 'budget' | 'gone' {
    const { completions, ring } = link;
    ring.mask();
    for (let left = TRANSMIT_BUDGET; ; left--) {
      if (!this.#stalled && (this.#loaded || this.#waiting.length > 0)) {
        if (left <= 0) return 'budget';
        this.#sendNext(link);
        // The port may have taken the link down from within `transmit`.
        if (this.#link !== link) return 'gone';
        continue;
      }
      if (completions !== undefined && completions.backlog + this.#waiting.length >= ring.count) return 'waits';
      // While the port is slow the next look is due when it takes frames again; only who gives large frames wants its slots back sooner.
      if (!ring.ready) return this.#stalled && !this.#refers ? 'waits' : 'empty';
      if (left <= 0) return 'budget';
      const fault = this.#describe(link);
      const packet = this.#packet;
      if (fault !== undefined) {
        this.#seen(link, packet);
        ring.pop();
        this.#drop(fault);
        this.#complete(link, packet);
      } else if (this.#byReference(link)) {
        this.#mapped(link, packet);
        ring.pop();
        this.#counters.txReferenced++;
        this.#waiting.push(packet);
        this.#packet = this.#spare.pop() ?? new PacketDescription();
        // It is paid for when it is sent.
        if (!this.#stalled) left++;
      } else if (this.#stalled) return 'waits';
      else {
        this.#mapped(link, packet);
        this.#load(link, packet);
        ring.pop();
        // The guest's memory is not needed any more, whatever the port does with the copy.
        this.#complete(link, packet);
        if (this.#loaded) left++;
      }
    }
  }

  /** Packets are with the device by reference. */
  get #refers(): boolean {
    return this.#loadedPacket !== undefined || this.#waiting.length > 0;
  }

  /** The packet at the head of the ring is taken. */
  #seen({ ring }: TransmitLink, packet: PacketDescription): void {
    this.#progress++;
    ring.tell('seen', packet.number, packet.length);
  }

  /** Its fragments are memory, too. */
  #mapped(link: TransmitLink, packet: PacketDescription): void {
    this.#seen(link, packet);
    link.ring.tell('mapped', packet.number, packet.length);
  }

  /** Hands the port what is loaded, or loads what waits by reference. */
  #sendNext(link: TransmitLink): void {
    if (!this.#loaded) {
      const packet = this.#waiting.shift();
      if (packet === undefined) return;
      this.#load(link, packet);
      if (!this.#loaded) {
        this.#complete(link, packet);
        this.#spare.push(packet);
        return;
      }
      this.#loadedPacket = packet;
    }
    this.#sendLoaded(link);
  }

  #sendLoaded(link: TransmitLink): void {
    this.#writable = false;
    while (!this.#frame.send()) {
      if (this.#link !== link) return;
      // Told during the very call that refused: try again at once, otherwise nobody would.
      if (!this.#writable) {
        this.#counters.txStalls++;
        this.#stalled = true;
        return;
      }
      this.#writable = false;
    }
    if (this.#link === link) this.#finishLoaded(link, undefined);
  }

  #finishLoaded(link: TransmitLink | undefined, dropped: VenetDropReason | undefined): void {
    this.#loaded = false;
    this.#progress++;
    if (dropped !== undefined) this.#drop(dropped);
    else {
      this.#counters.txFrames++;
      this.#counters.txBytes += this.#loadedLength;
    }
    const packet = this.#loadedPacket;
    if (packet === undefined) return;
    this.#loadedPacket = undefined;
    this.#complete(link, packet);
    this.#spare.push(packet);
  }

  /** Copies a packet to the buffer and checks its frame; a bad one is dropped. */
  #load(link: TransmitLink, packet: PacketDescription): void {
    const bytes = packet.gather(link.memory, this.#buffer);
    this.#counters.txCopied += bytes.length;
    link.ring.tell('copied', packet.number, bytes.length);
    const fault = this.#loadFrame(packet, bytes);
    if (fault !== undefined) {
      this.#drop(DROPS[fault]);
      return;
    }
    this.#loaded = true;
    this.#loadedLength = bytes.length;
  }

  #loadFrame(packet: PacketDescription, bytes: Uint8Array): OutboundFault | undefined {
    const { mtu } = this.#options;
    const { needsChecksum, segmented, kind, segmentSize, checksumStart, checksumOffset } = packet;
    if (segmented)
      return kind === undefined ? 'badSegmentation' : this.#frame.loadLarge(bytes, mtu, kind, segmentSize, checksumStart, checksumOffset);
    return needsChecksum ? this.#frame.loadPartial(bytes, mtu, checksumStart, checksumOffset) : this.#frame.loadPlain(bytes, mtu);
  }

  /** Reads the descriptor at the head of the ring into `#packet`; why its packet cannot be taken, undefined if it can. */
  #describe({ ring, memory, pool, capabilities }: TransmitLink): VenetDropReason | undefined {
    const packet = this.#packet;
    packet.number = ring.number;
    if (!capabilities.scatterGather) packet.describeFlat(ring.address, ring.length, ring.cookie);
    else {
      const whole =
        pool !== undefined && capabilities.preMapped
          ? this.#sg.fromPool(pool, ring.address, ring.length, packet)
          : this.#sg.fromMemory(memory, ring.address, ring.length, packet);
      if (!whole) return 'txBadDescriptor';
    }
    const blocked = this.#options.blocked();
    if (blocked !== undefined) return blocked;
    if (packet.length < ETHERNET_HEADER_SIZE) return 'txTooShort';
    if (packet.segmented) {
      if (packet.length > MAX_GSO_SIZE) return 'txTooLong';
      const { kind } = packet;
      if (!packet.needsChecksum || kind === undefined || !capabilities.segmentation('transmit', kind, packet.ecn))
        return 'txBadSegmentation';
    } else if (packet.length > this.#options.mtu + ETHERNET_HEADER_SIZE + VLAN_TAG_SIZE) return 'txTooLong';
    return packet.within(memory) ? undefined : 'txBadDescriptor';
  }

  #byReference({ completions }: TransmitLink): boolean {
    const { zeroCopyThreshold } = this.#options.settings;
    const { segmented, length } = this.#packet;
    return completions !== undefined && zeroCopyThreshold > 0 && segmented && length >= zeroCopyThreshold;
  }

  #drop(reason: VenetDropReason): void {
    this.#counters.drops[reason]++;
    this.#options.onDrop(reason);
  }

  /** A packet is done with: says so in an event, and tells the guest if enough are. */
  #complete(link: TransmitLink | undefined, packet: PacketDescription): void {
    if (link === undefined) return;
    link.ring.tell('completed', packet.number, packet.length);
    link.completions?.complete(packet.cookie);
    this.#untold++;
    const { settings, mitigation } = this.#options;
    // With `packets` the ring itself waits until there are enough.
    if (this.#untold >= (mitigation.kind === 'packets' ? 1 : settings.transmitMitigation)) this.#tell(link);
  }

  #tell({ completions, ring }: TransmitLink): void {
    const told = this.#untold;
    if (told === 0) return;
    this.#untold = 0;
    if (completions === undefined) ring.signal(told);
    else completions.signal(told);
  }
}
