/**
 * A general-purpose event block of eight events. [ACPI 6.5 §4.8.4.1] One byte of status, one of enables; the system control interrupt is
 * asserted while an enabled event's status is set. Which event means what is told by the methods of \_GPE in the DSDT.
 */
import { type InterruptLine, type IoHandler, RegisterFile, registers, rw, type Width, w1c } from '@paravirt/bus';

export interface AcpiGpeOptions {
  /** System control interrupt, level; a source of its own. */
  readonly sci: InterruptLine;
}

const EVENTS = 8;

/** [ACPI 6.5 §4.8.4.1] GPE0_STS and GPE0_EN, each half of the block. */
const BLOCK = registers(2, { status: w1c(1, 0xff), enable: rw(1) });

/** Bytes of the block. */
export const GPE_BLOCK_SIZE: number = BLOCK.size;

export class AcpiGpe implements IoHandler {
  readonly #sci: InterruptLine;
  readonly #file: RegisterFile<keyof typeof BLOCK.fields>;

  constructor(options: AcpiGpeOptions) {
    this.#sci = options.sci;
    const follow = { write: (): void => this.#follow() };
    this.#file = new RegisterFile(BLOCK, {}, { status: follow, enable: follow });
  }

  /** Event 0 to 7 happened; others are nothing. Its status stays set until the guest clears it. */
  raise(event: number): void {
    if (!(event >= 0 && event < EVENTS)) return;
    this.#file.set('status', this.#file.get('status') | (1 << event));
    this.#follow();
  }

  reset(): void {
    this.#file.set('status', 0);
    this.#file.set('enable', 0);
    this.#follow();
  }

  read(offset: number, width: Width): number {
    return this.#file.read(offset, width);
  }

  write(offset: number, width: Width, value: number): void {
    this.#file.write(offset, width, value);
  }

  #follow(): void {
    if ((this.#file.get('status') & this.#file.get('enable')) !== 0) this.#sci.raise();
    else this.#sci.lower();
  }
}
