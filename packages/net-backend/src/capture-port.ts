/**
 * Middleware that writes every frame of a port into a capture file. The file itself is the caller's: a sink gets whole blocks, the
 * header first, so what the sink has taken is a valid file at every moment, also when it fails in the middle.
 */
import { type Clock, ConfigurationError } from '@paravirt/bus';
import type { EthernetPort, FrameOffload } from './ethernet-port.ts';
import { pcapng } from './pcapng.ts';
import { WrappedPort } from './wrapped-port.ts';

/** As the user of the port sees it: `inbound` frames it received, `outbound` frames it transmitted. */
export type CaptureDirection = 'inbound' | 'outbound';

/** How header and frames look in the file: `pcapng` or `pcap`. Results are new buffers. */
export interface CaptureFormat {
  header(snapLength: number): Uint8Array;
  /** The first `captured` bytes of the frame; `timeNs` since 1970. A comment of printable ASCII is kept where the format has a place for it. */
  frame(frame: Uint8Array, captured: number, timeNs: bigint, direction: CaptureDirection, comment?: string): Uint8Array;
}

export interface CaptureOptions {
  /** Where the time stamps come from. */
  readonly clock: Clock;
  /** Takes one or more whole blocks; they are the sink's from then on. Throwing ends the capture, not the traffic. */
  readonly sink: (blocks: Uint8Array) => void;
  /** Time of the clock's zero in nanoseconds since 1970. Default 0, so that two deterministic runs write the same file. */
  readonly startTimeNs?: bigint;
  /** Bytes kept of each frame, 1 to 262 144, which is also the default: all. */
  readonly snapLength?: number;
  /** Default `pcapng`. */
  readonly format?: CaptureFormat;
}

/** Longest that Wireshark takes for Ethernet (WTAP_MAX_PACKET_SIZE_STANDARD); no frame of ours is longer. */
const MAX_SNAP_LENGTH = 262_144;

export class CapturedPort extends WrappedPort {
  readonly #clock: Clock;
  readonly #sink: (blocks: Uint8Array) => void;
  readonly #startTimeNs: bigint;
  readonly #snapLength: number;
  readonly #format: CaptureFormat;
  /** Frames under way, oldest first: an answer that comes inside `transmit` is written after what it answers. */
  readonly #underWay: { block: Uint8Array | undefined }[] = [];
  #depth = 0;
  #failure: unknown = undefined;
  #stopped = false;

  /** Writes the file's header at once. @throws ConfigurationError for a bad snap length, and what the sink throws for the header. */
  constructor(inner: EthernetPort, options: CaptureOptions) {
    super(inner);
    const snapLength = options.snapLength ?? MAX_SNAP_LENGTH;
    if (!Number.isInteger(snapLength) || snapLength < 1 || snapLength > MAX_SNAP_LENGTH) {
      throw new ConfigurationError('bad-option', `Snap length must be 1 to ${MAX_SNAP_LENGTH}`, snapLength);
    }
    this.#clock = options.clock;
    this.#sink = options.sink;
    this.#startTimeNs = options.startTimeNs ?? 0n;
    this.#snapLength = snapLength;
    this.#format = options.format ?? pcapng;
    this.#sink(this.#format.header(snapLength));
  }

  /** What the sink threw when it ended the capture; undefined while all is well. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Ends the capture; the port goes on. */
  stop(): void {
    this.#stopped = true;
  }

  override transmit(frame: Uint8Array, offload?: FrameOffload): boolean {
    return this.#record(frame, 'outbound', () => this.inner.transmit(frame, offload));
  }

  protected override receive(frame: Uint8Array, offload: FrameOffload | undefined): boolean {
    return this.#record(frame, 'inbound', () => this.onReceive?.(frame, offload) ?? true);
  }

  #record(frame: Uint8Array, direction: CaptureDirection, pass: () => boolean): boolean {
    if (this.#stopped) return pass();
    const captured = Math.min(frame.length, this.#snapLength);
    const entry: { block: Uint8Array | undefined } = {
      block: this.#format.frame(frame, captured, this.#startTimeNs + this.#clock.now(), direction),
    };
    this.#underWay.push(entry);
    this.#depth++;
    let taken = false;
    try {
      taken = pass();
    } finally {
      if (!taken) entry.block = undefined; // it will come again
      if (--this.#depth === 0) this.#write();
    }
    return taken;
  }

  #write(): void {
    const entries = this.#underWay.splice(0);
    for (const { block } of entries) {
      if (block === undefined || this.#stopped) continue;
      try {
        this.#sink(block);
      } catch (error) {
        this.#failure = error;
        this.#stopped = true;
      }
    }
  }
}

/** Wraps a port so that what goes through it is written to `options.sink`. */
export function capture(port: EthernetPort, options: CaptureOptions): CapturedPort {
  return new CapturedPort(port, options);
}
