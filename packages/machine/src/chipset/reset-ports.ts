/**
 * The two register bits beside the keyboard controller that reset a PC: system control port A at 92h, which also gates A20
 * [IBM PS/2 Hardware Interface Technical Reference, "System Control Port A"], and the reset control register at CF9h
 * [82371AB PIIX4 §4.2.6.1 "RC—Reset Control Register"].
 */
import type { IoHandler, Width } from '@paravirt/bus';

export interface SystemControlAOptions {
  readonly reset: () => void;
  /** Gate A20. */
  readonly setA20?: (enabled: boolean) => void;
}

const FAST_RESET = 0x01;
const FAST_A20 = 0x02;

/** Port 92h. A20 is open at power-on, so that code placed above 1 MiB is reached at once. */
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

const SYSTEM_RESET = 0x02;
const RESET_CPU = 0x04;

/** Port CF9h: a reset happens when RCPU goes from 0 to 1. Hard and soft reset are one here. */
export class ResetControl implements IoHandler {
  readonly #reset: () => void;
  #value = 0;

  constructor(reset: () => void) {
    this.#reset = reset;
  }

  read(_offset: number, _width: Width): number {
    return this.#value;
  }

  write(_offset: number, _width: Width, value: number): void {
    const rising = (value & ~this.#value & RESET_CPU) !== 0;
    // After the reset the register is 0 again.
    this.#value = rising ? 0 : value & (SYSTEM_RESET | RESET_CPU);
    if (rising) this.#reset();
  }
}
