/** Middleware that counts: frames and bytes both ways, and how often each side refused. Names of the counters follow [RFC 2863 §3.1.6]. */
import type { EthernetPort, FrameOffload } from './ethernet-port.ts';
import { WrappedPort } from './wrapped-port.ts';

/** What went one way. A frame that was refused and taken later counts once as a frame, each refusal as a refusal. */
export interface PortCounters {
  frames: number;
  /** Bytes of the frames, without FCS; a frame with `segmentation` counts as the one frame that it is here. */
  octets: number;
  refused: number;
}

export class CountedPort extends WrappedPort {
  /** From the user of this port into the inner one. */
  readonly transmitted: PortCounters = { frames: 0, octets: 0, refused: 0 };
  /** From the inner port to the user of this one. */
  readonly received: PortCounters = { frames: 0, octets: 0, refused: 0 };

  override transmit(frame: Uint8Array, offload?: FrameOffload): boolean {
    const { length } = frame;
    return count(this.transmitted, length, this.inner.transmit(frame, offload));
  }

  protected override receive(frame: Uint8Array, offload: FrameOffload | undefined): boolean {
    const { length } = frame;
    return count(this.received, length, this.onReceive?.(frame, offload) ?? true);
  }
}

/** Wraps a port so that what goes through it is counted. */
export function counted(port: EthernetPort): CountedPort {
  return new CountedPort(port);
}

function count(counters: PortCounters, octets: number, taken: boolean): boolean {
  if (taken) {
    counters.frames++;
    counters.octets += octets;
  } else counters.refused++;
  return taken;
}
