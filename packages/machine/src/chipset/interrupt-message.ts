/**
 * Interrupt messages: what an IOAPIC sends, what a message-signalled interrupt's address and data mean, and what a local APIC accepts.
 * [SDM 3A §11.5.1 "Local Vector Table", §11.11 "Message Signalled Interrupts"]
 */
import type { InterruptLine } from '@paravirt/bus';

/** [SDM 3A §11.5.1] Delivery modes, 3 bits; 3 is reserved. */
export const DELIVERY_FIXED = 0;
export const DELIVERY_LOWEST_PRIORITY = 1;
export const DELIVERY_SMI = 2;
export const DELIVERY_NMI = 4;
export const DELIVERY_INIT = 5;
export const DELIVERY_STARTUP = 6;
export const DELIVERY_EXTINT = 7;

export interface InterruptMessage {
  /** APIC id, or set of logical ids. */
  readonly destination: number;
  readonly logical: boolean;
  /** DELIVERY_*. */
  readonly deliveryMode: number;
  /** 0–255. */
  readonly vector: number;
  /** Level-triggered: its end of interrupt is told to the IOAPICs. */
  readonly level: boolean;
}

/** Where interrupt messages go: all local APICs. */
export interface ApicBus {
  /** False: no local APIC took it. */
  deliver(message: InterruptMessage): boolean;
}

/**
 * The message of a write of `data` to `address`; undefined if the address is not of the form FEExxxxxh. The destination mode is bit 2
 * whatever the redirection hint (bit 3) says: Linux sends logical destinations without the hint, and processors honour them.
 */
export function decodeMessage(address: bigint, data: number): InterruptMessage | undefined {
  if (address >> 20n !== 0xfeen) return undefined;
  const low = Number(address & 0xf_ffffn);
  return {
    destination: (low >> 12) & 0xff,
    logical: (low & 0x4) !== 0,
    deliveryMode: (data >> 8) & 7,
    vector: data & 0xff,
    level: (data & 0x8000) !== 0,
  };
}

/** One line that drives several: an ISA interrupt goes to the PICs and to the IOAPIC. */
export function fanOut(...lines: readonly InterruptLine[]): InterruptLine {
  return {
    raise: (): void => {
      for (const line of lines) line.raise();
    },
    lower: (): void => {
      for (const line of lines) line.lower();
    },
  };
}
