/** Middleware that is a bad cable: it loses, repeats and delays frames both ways, the same ones for the same seed. */
import { type Clock, ConfigurationError } from '@paravirt/bus';
import type { EthernetPort, FrameOffload } from '../ethernet-port.ts';
import { WrappedPort } from '../wrapped-port.ts';

export interface Impairment {
  readonly clock: Clock;
  /** Probabilities, 0 to 1. */
  readonly loss?: number;
  readonly duplication?: number;
  /** Each frame is late by up to this many nanoseconds; frames overtake each other. */
  readonly jitterNs?: number;
  readonly seed?: number;
}

export class ImpairedPort extends WrappedPort {
  readonly #impairment: Impairment;
  #state: number;
  /** Frames that were lost. */
  lost = 0;

  constructor(inner: EthernetPort, impairment: Impairment) {
    super(inner);
    for (const p of [impairment.loss ?? 0, impairment.duplication ?? 0]) {
      if (!(p >= 0 && p <= 1)) throw new ConfigurationError('bad-option', `No probability: ${p}`, p);
    }
    this.#impairment = impairment;
    this.#state = (impairment.seed ?? 1) | 0;
  }

  override transmit(frame: Uint8Array, offload?: FrameOffload): boolean {
    this.#carry(frame, (copy) => void this.inner.transmit(copy, offload));
    return true;
  }

  protected override receive(frame: Uint8Array, offload: FrameOffload | undefined): boolean {
    this.#carry(frame, (copy) => void this.onReceive?.(copy, offload));
    return true;
  }

  #carry(frame: Uint8Array, deliver: (copy: Uint8Array) => void): void {
    const { clock, loss = 0, duplication = 0, jitterNs = 0 } = this.#impairment;
    const copies = this.#random() < loss ? 0 : this.#random() < duplication ? 2 : 1;
    if (copies === 0) this.lost++;
    for (let i = 0; i < copies; i++) {
      const copy = frame.slice();
      clock.schedule(clock.now() + BigInt(Math.floor(this.#random() * jitterNs)), () => deliver(copy));
    }
  }

  /** xorshift32: 0 to 1. */
  #random(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) / 0x1_0000_0000;
  }
}
