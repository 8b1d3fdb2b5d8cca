/**
 * The PC/AT's interrupt controllers: two 8259As, the second one's INT on input 2 of the first, and the edge/level control registers that
 * chipsets added at 4D0h and 4D1h. [8259A; ICH9 §13.4 "8259 Interrupt Controller (PIC) Registers"]
 */
import type { InterruptLine, IoHandler } from '@paravirt/bus';
import { byteWide } from './byte-registers.ts';
import { I8259 } from './i8259.ts';

const CASCADE = 2;
/** Interrupts 0, 1, 2, 8 and 13 are edge-triggered whatever is written. [ICH9 §13.4.10] */
const ELCR_WRITABLE: readonly [number, number] = [0xf8, 0xde];

export class Pic {
  /** Ports 20h, 21h. */
  readonly master: IoHandler;
  /** Ports A0h, A1h. */
  readonly slave: IoHandler;
  /** Ports 4D0h, 4D1h. */
  readonly elcr: IoHandler;
  readonly #first: I8259;
  readonly #second: I8259;

  /** `output` is the master's INT: to LINT0 of the local APIC and input 0 of the IOAPIC, or to a CPU's INTR. */
  constructor(output: InterruptLine) {
    this.#first = new I8259(output, 1 << CASCADE);
    this.#second = new I8259(this.#first.line(CASCADE), 0);
    this.master = byteWide(2, this.#first);
    this.slave = byteWide(2, this.#second);
    this.elcr = byteWide(2, {
      readByte: (offset) => this.#chip(offset).levelTriggered,
      writeByte: (offset, value) => {
        this.#chip(offset).levelTriggered = value & (offset === 0 ? ELCR_WRITABLE[0] : ELCR_WRITABLE[1]);
      },
    });
  }

  /** Input IRQ 0–15. IRQ 2 is the cascade: on the PC/AT what was IRQ 2 arrives at IRQ 9. */
  line(irq: number): InterruptLine {
    if (irq === CASCADE) return this.#second.line(1);
    return this.#chip(irq >> 3).line(irq & 7);
  }

  /** The INTA cycles. The vector; if the request has gone, that of input 7 of the chip which lost it. */
  acknowledge(): number {
    const { vector, input } = this.#first.acknowledge();
    // A spurious 7 of the master is input 7, never the cascade.
    return input === CASCADE ? this.#second.acknowledge().vector : vector;
  }

  reset(): void {
    this.#second.reset();
    this.#first.reset();
  }

  #chip(index: number): I8259 {
    return index === 0 ? this.#first : this.#second;
  }
}
