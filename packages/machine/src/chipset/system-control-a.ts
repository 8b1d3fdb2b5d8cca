/**
 * System control port A at 92h: A20 and processor reset without the keyboard controller's delay. [IBM PS/2 Hardware Interface Technical
 * Reference, "System Control Port A"] Its other bits, watchdog and drive lights, are not there.
 */
import type { IoHandler, Width } from '@paravirt/bus';

export interface SystemControlAOptions {
  readonly reset: () => void;
  /** Gate A20. */
  readonly setA20?: (enabled: boolean) => void;
}

const FAST_RESET = 0x01;
const FAST_A20 = 0x02;

/** A20 is open at power-on, so that code placed above 1 MiB is reached at once. */
export class SystemControlA implements IoHandler {
  readonly #options: SystemControlAOptions;
  #value = FAST_A20;

  constructor(options: SystemControlAOptions) {
    this.#options = options;
  }

  reset(): void {
    this.#value = FAST_A20;
  }

  read(_offset: number, _width: Width): number {
    return this.#value;
  }

  write(_offset: number, _width: Width, value: number): void {
    const changed = this.#value ^ value;
    this.#value = value & FAST_A20;
    if ((changed & FAST_A20) !== 0) this.#options.setA20?.((value & FAST_A20) !== 0);
    if ((value & FAST_RESET) !== 0) this.#options.reset();
  }
}
