/**
 * Interrupts as devices see them: a level line, a line shared by several sources, and message-signalled interrupts. A device holds one
 * of these and nothing else of the interrupt system.
 */

/** A level-sensitive wire. Both calls are idempotent. */
export interface InterruptLine {
  raise(): void;
  lower(): void;
}

/** Where message-signalled interrupts are written to. */
export interface MessageInterrupts {
  /** One memory write of a 32-bit message. `address` is a physical address; one that no interrupt controller decodes is dropped. */
  signal(address: bigint, data: number): void;
}

/** Several level sources wired together: the output is high while any source is. [PCI 3.0 §2.2.6] */
export class SharedLine {
  readonly #output: InterruptLine;
  #raised = 0;

  constructor(output: InterruptLine) {
    this.#output = output;
  }

  /** A new source of this line. */
  source(): InterruptLine {
    let high = false;
    return {
      raise: (): void => {
        if (high) return;
        high = true;
        if (this.#raised++ === 0) this.#output.raise();
      },
      lower: (): void => {
        if (!high) return;
        high = false;
        if (--this.#raised === 0) this.#output.lower();
      },
    };
  }
}

/** A line that only remembers: for tests and for devices wired to nothing. */
export class RecordingLine implements InterruptLine {
  high = false;
  /** Number of low-to-high edges. */
  edges = 0;

  raise(): void {
    if (!this.high) this.edges++;
    this.high = true;
  }

  lower(): void {
    this.high = false;
  }
}
