/**
 * An `EthernetPort` that keeps what it is given and delivers what a test says. It can be full, and it keeps refused frames until `resume`.
 */
import type { EthernetPort, FrameOffload, PortOffloads, ReceiverOffloads } from '../ethernet-port.ts';

/** A frame that was transmitted into the port; a copy. */
export interface SentFrame {
  readonly frame: Uint8Array;
  readonly offload: FrameOffload | undefined;
}

export class RecordingPort implements EthernetPort {
  onReceive: ((frame: Uint8Array, offload?: FrameOffload) => boolean) | undefined = undefined;
  onWritable: (() => void) | undefined = undefined;
  offloads: PortOffloads | undefined;
  receiverOffloads: ReceiverOffloads | undefined = undefined;
  readonly sent: SentFrame[] = [];
  /** Frames that `transmit` still takes. */
  room: number = Number.POSITIVE_INFINITY;
  refusals = 0;
  resumed = 0;
  readonly #waiting: { readonly frame: Uint8Array; readonly offload: FrameOffload | undefined }[] = [];

  constructor(offloads?: PortOffloads) {
    this.offloads = offloads;
  }

  /** Frames that were refused and wait for `resume`. */
  get waiting(): number {
    return this.#waiting.length;
  }

  transmit(frame: Uint8Array, offload?: FrameOffload): boolean {
    if (this.room <= 0) {
      this.refusals++;
      return false;
    }
    this.room--;
    this.sent.push({ frame: frame.slice(), offload });
    return true;
  }

  /** Lets `transmit` take `room` more frames and tells the user. */
  open(room: number = Number.POSITIVE_INFINITY): void {
    this.room = room;
    this.onWritable?.();
  }

  /** Delivers a frame, or keeps it behind those that wait; true if it was taken at once. */
  deliver(frame: Uint8Array, offload?: FrameOffload): boolean {
    if (this.#waiting.length === 0 && this.onReceive?.(frame, offload) === true) return true;
    this.#waiting.push({ frame: frame.slice(), offload });
    return false;
  }

  resume(): void {
    this.resumed++;
    while (this.#waiting[0] !== undefined) {
      const { frame, offload } = this.#waiting[0];
      if (this.onReceive?.(frame, offload) !== true) return;
      this.#waiting.shift();
    }
  }
}
