/** A network interface as the guest's stack has it, whatever card is below. All calls are made within tasks of the guest's processor. */
import { ConfigurationError } from '@paravirt/bus';
import type { Measures } from '../measures.ts';

export interface Nic {
  /** Of the card, from 0. */
  readonly index: number;
  /** A frame has come; it is the receiver's. */
  onFrame: ((frame: Uint8Array) => void) | undefined;
  /** The transmit ring was full and is not any more. */
  onRoom: (() => void) | undefined;
  /** Offers a frame to the card and rings if it wants to hear of it. False: the ring is full, `onRoom` tells. */
  send(frame: Uint8Array): boolean;
  /** What both sides of its rings have counted so far. */
  readonly counts: NicCounts;
  /** What waits although nobody will be told any more, if nothing else is under way. */
  readonly stuck: Stuck;
  /** Rings and looks whatever the rings say, as a watchdog does. */
  poke(): void;
}

export interface NicCounts {
  readonly doorbells: Omit<Measures['doorbells'], 'lost'>;
  readonly signals: Measures['signals'];
  readonly copiedBytes: number;
  /** Frames as the card's model counts them. */
  readonly frames: Measures['frames'];
}

/** Rings in which something waits. */
export interface Stuck {
  /** Posted by the driver and not seen by a device that looks at nothing. */
  readonly doorbells: number;
  /** Completed by the device and not taken by a driver that waits. */
  readonly interrupts: number;
}

/** What a test plants: the side that leaves a step out, or does one too many. */
export interface Fault {
  /** The driver of virtio-net does not look again after it has turned interrupts on; see napi.ts. */
  readonly careless?: boolean;
  /** The driver rings although the device asked for nothing, once for so many frames. */
  readonly spuriousEvery?: number;
}

/** What `probe` gives, or what the card refused. */
export function attempt<T>(probe: () => T): T | ConfigurationError {
  try {
    return probe();
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
}
