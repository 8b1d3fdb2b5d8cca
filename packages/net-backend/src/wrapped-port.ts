/** What every middleware is: a port around a port. It passes everything on; a subclass looks at, or changes, what goes by. */
import type { EthernetPort, FrameOffload, PortOffloads, ReceiverOffloads } from './ethernet-port.ts';

/** Takes over `onReceive` and `onWritable` of the inner port; use the inner port only through this one from then on. */
export abstract class WrappedPort implements EthernetPort {
  protected readonly inner: EthernetPort;
  onReceive: ((frame: Uint8Array, offload?: FrameOffload) => boolean) | undefined = undefined;
  onWritable: (() => void) | undefined = undefined;

  constructor(inner: EthernetPort) {
    this.inner = inner;
    inner.onReceive = (frame, offload) => this.receive(frame, offload);
    inner.onWritable = () => this.onWritable?.();
  }

  abstract transmit(frame: Uint8Array, offload?: FrameOffload): boolean;

  /** A frame from the inner port on its way to the user of this one. */
  protected abstract receive(frame: Uint8Array, offload: FrameOffload | undefined): boolean;

  resume(): void {
    this.inner.resume();
  }

  get offloads(): PortOffloads | undefined {
    return this.inner.offloads;
  }

  get receiverOffloads(): ReceiverOffloads | undefined {
    return this.inner.receiverOffloads;
  }

  set receiverOffloads(offloads: ReceiverOffloads | undefined) {
    this.inner.receiverOffloads = offloads;
  }
}
