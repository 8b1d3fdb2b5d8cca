/**
 * Writes down what both sides of the rings of a machine tell (`RingEvent`), with virtual time, and the frames that belong to it:
 *
 *   device, driver ──► sink ──► events          port ──► watch(card, port) ──► frames, by the copy that was under way
 *
 * What is kept is bounded: from a limit on, events are only counted. lives.ts makes lives of buffers of it.
 */
import type { RingEvent, TraceSink } from '@paravirt/bus';
import type { EthernetPort, FrameOffload, PortOffloads, ReceiverOffloads } from '@paravirt/net-backend';

export interface RecordedEvent {
  /** Virtual ns. */
  readonly at: bigint;
  readonly event: RingEvent;
  /** With `copied` events: the frame as it was on the cable; a copy. */
  frame?: Uint8Array;
}

export interface RingRecorderOptions {
  /** Virtual ns. */
  readonly now: () => bigint;
  /** Events that are kept, the first ones. Default: 100,000. */
  readonly most?: number;
}

const MOST = 100_000;

export class RingRecorder {
  readonly events: RecordedEvent[] = [];
  /** Events beyond the limit. */
  missed = 0;
  readonly #now: () => bigint;
  readonly #most: number;
  /** By ring: a copy that has no frame yet, since on transmit the frame is on the cable after it was copied. */
  readonly #copies = new Map<string, RecordedEvent>();
  /** By ring: the frame that the cable is delivering. */
  readonly #arriving = new Map<string, Uint8Array>();

  constructor({ now, most = MOST }: RingRecorderOptions) {
    this.#now = now;
    this.#most = most;
  }

  /** For the devices and drivers of a machine. */
  readonly sink: TraceSink<RingEvent> = (event) => {
    if (this.events.length >= this.#most) {
      this.missed++;
      return;
    }
    const recorded: RecordedEvent = { at: this.#now(), event };
    this.events.push(recorded);
    if (event.kind !== 'copied') return;
    const frame = this.#arriving.get(event.ring);
    if (frame === undefined) this.#copies.set(event.ring, recorded);
    else recorded.frame ??= frame.slice();
  };

  /** The port of a card, so that its frames are kept beside its buffers; to be used in place of `port`. */
  watch(card: string, port: EthernetPort): EthernetPort {
    return new WatchedPort(port, {
      transmitted: (frame) => {
        const copy = this.#copies.get(`${card}.tx`);
        if (copy === undefined || copy.frame !== undefined) return;
        copy.frame = frame.slice();
        this.#copies.delete(`${card}.tx`);
      },
      receiving: (frame) => void this.#arriving.set(`${card}.rx`, frame),
      received: () => void this.#arriving.delete(`${card}.rx`),
    });
  }
}

interface Watcher {
  readonly transmitted: (frame: Uint8Array) => void;
  readonly receiving: (frame: Uint8Array) => void;
  readonly received: () => void;
}

/** Passes everything on, and shows frames to a watcher. */
class WatchedPort implements EthernetPort {
  readonly #inner: EthernetPort;
  readonly #watcher: Watcher;
  onReceive: ((frame: Uint8Array, offload?: FrameOffload) => boolean) | undefined = undefined;
  onWritable: (() => void) | undefined = undefined;

  constructor(inner: EthernetPort, watcher: Watcher) {
    this.#inner = inner;
    this.#watcher = watcher;
    inner.onWritable = () => this.onWritable?.();
    inner.onReceive = (frame, offload) => {
      watcher.receiving(frame);
      try {
        return this.onReceive?.(frame, offload) ?? true;
      } finally {
        watcher.received();
      }
    };
  }

  /** The frame is shown before it is on its way: an answer may come back within the call. */
  transmit(frame: Uint8Array, offload?: FrameOffload): boolean {
    this.#watcher.transmitted(frame);
    return this.#inner.transmit(frame, offload);
  }

  resume(): void {
    this.#inner.resume();
  }

  get offloads(): PortOffloads | undefined {
    return this.#inner.offloads;
  }

  get receiverOffloads(): ReceiverOffloads | undefined {
    return this.#inner.receiverOffloads;
  }

  set receiverOffloads(offloads: ReceiverOffloads | undefined) {
    this.#inner.receiverOffloads = offloads;
  }
}
