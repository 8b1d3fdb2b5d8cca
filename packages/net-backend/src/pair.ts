/** A cable: two ports back to back, what one transmits the other receives. Immediate, or with a latency in virtual time. */
import type { EthernetPort, FrameOffload, PortOffloads, ReceiverOffloads } from './ethernet-port.ts';
import { Lane, type LaneOptions } from './lane.ts';

export interface PairOptions extends LaneOptions {
  /**
   * Advertised by both ports. A frame's offload is handed on as it is, so give this only when both users take what the other leaves
   * undone. Default: nothing.
   */
  readonly offloads?: PortOffloads;
}

/** One of the two ports of a cable; made by `portPair`. A frame for a port without `onReceive` is lost, as on a cable with one free end. */
export class PairedPort implements EthernetPort {
  readonly offloads: PortOffloads | undefined;
  onReceive: ((frame: Uint8Array, offload?: FrameOffload) => boolean) | undefined = undefined;
  onWritable: (() => void) | undefined = undefined;
  receiverOffloads: ReceiverOffloads | undefined = undefined;
  readonly #out: () => Lane;
  readonly #in: () => Lane;

  /** `out` and `in` give the lanes away from and toward this port; functions, since the two ports need each other. */
  constructor(out: () => Lane, into: () => Lane, offloads: PortOffloads | undefined) {
    this.#out = out;
    this.#in = into;
    this.offloads = offloads;
  }

  transmit(frame: Uint8Array, offload?: FrameOffload): boolean {
    return this.#out().send(frame, offload);
  }

  resume(): void {
    this.#in().resume();
  }

  /** Frames given to `transmit` that were none (shorter than a header, longer than 64 KiB). */
  get dropped(): number {
    return this.#out().dropped;
  }
}

/** Two ports, each the far end of the other. @throws ConfigurationError for a bad capacity or latency. */
export function portPair(options: PairOptions = {}): [PairedPort, PairedPort] {
  const lane = (from: () => PairedPort, to: () => PairedPort): Lane =>
    new Lane(
      {
        deliver: (frame, offload) => to().onReceive?.(frame, offload) ?? true,
        writable: () => from().onWritable?.(),
      },
      options,
    );
  const forth = lane(
    () => a,
    () => b,
  );
  const back = lane(
    () => b,
    () => a,
  );
  const a = new PairedPort(
    () => forth,
    () => back,
    options.offloads,
  );
  const b = new PairedPort(
    () => back,
    () => forth,
    options.offloads,
  );
  return [a, b];
}
