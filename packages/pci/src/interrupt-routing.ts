/**
 * From the INTx pins of the slots to the four lines of the interrupt router (PIRQ A to D), level-triggered and shared. The pins of
 * neighbouring devices are rotated by one, so that the many INTA# of single-function devices spread over the four lines.
 * [PCI 3.0 §2.2.6, Implementation Note "Interrupt Routing"] [PCI-to-PCI Bridge 1.2 §9.1]
 */
import { ConfigurationError, type InterruptLine, SharedLine } from '@paravirt/bus';
import type { InterruptPin } from './function.ts';

/** One for each of PIRQ A to D. */
export type PerPirq<T> = readonly [T, T, T, T];

/** Number 0 to 3 of the line that pin 1 to 4 (INTA# to INTD#) of a device is wired to: (device + pin) mod 4, INTA# counting as 0. */
export const pirqOf = (device: number, pin: Exclude<InterruptPin, 0>): number => (device + pin - 1) % 4;

export interface InterruptRoutingOptions {
  /** Where PIRQ A to D go; each is raised while at least one function asserts it. */
  readonly lines: PerPirq<InterruptLine>;
  /**
   * What firmware writes to the interrupt line registers: the input of the interrupt controllers behind each line, 0 to 255. A guest that
   * uses no other description of the routing believes it. Default: 0, unknown.
   */
  readonly irqs?: PerPirq<number>;
}

/** A pin's wire. */
export interface RoutedPin {
  /** 0 to 3. */
  readonly pirq: number;
  /** For the interrupt line register. */
  readonly irq: number;
  /** A new source of the shared line. */
  readonly line: InterruptLine;
}

export class InterruptRouting {
  readonly #shared: readonly SharedLine[];
  readonly #irqs: readonly number[];

  /** @throws ConfigurationError `bad-irq`. */
  constructor(options: InterruptRoutingOptions) {
    const { lines, irqs = [0, 0, 0, 0] } = options;
    for (const irq of irqs)
      if (!Number.isInteger(irq) || irq < 0 || irq > 255) throw new ConfigurationError('bad-irq', `${irq} is not within 0 to 255`, irq);
    this.#shared = lines.map((line) => new SharedLine(line));
    this.#irqs = irqs;
  }

  /** Wires the pin of a device in slot 0 to 31. */
  connect(device: number, pin: Exclude<InterruptPin, 0>): RoutedPin {
    const pirq = pirqOf(device, pin);
    const shared = this.#shared[pirq] as SharedLine;
    return { pirq, irq: this.#irqs[pirq] ?? 0, line: shared.source() };
  }
}
