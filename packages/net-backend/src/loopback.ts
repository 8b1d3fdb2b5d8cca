/** A port that returns every frame: the plug with its own wires crossed. For tests of a card and of its back-pressure. */
import type { EthernetPort, FrameOffload, PortOffloads, ReceiverOffloads } from './ethernet-port.ts';
import { Lane, type LaneOptions } from './lane.ts';

export class LoopbackPort implements EthernetPort {
  readonly #lane: Lane;
  readonly offloads: PortOffloads | undefined;
  onReceive: ((frame: Uint8Array, offload?: FrameOffload) => boolean) | undefined = undefined;
  onWritable: (() => void) | undefined = undefined;
  receiverOffloads: ReceiverOffloads | undefined = undefined;

  /** `offloads`: what to advertise; the user of the port must then take back what it left undone. */
  constructor(options: LaneOptions & { readonly offloads?: PortOffloads } = {}) {
    this.offloads = options.offloads;
    this.#lane = new Lane(
      {
        deliver: (frame, offload) => this.onReceive?.(frame, offload) ?? true,
        writable: () => this.onWritable?.(),
      },
      options,
    );
  }

  transmit(frame: Uint8Array, offload?: FrameOffload): boolean {
    return this.#lane.send(frame, offload);
  }

  resume(): void {
    this.#lane.resume();
  }

  /** Frames that were none (shorter than a header, longer than 64 KiB). */
  get dropped(): number {
    return this.#lane.dropped;
  }
}
