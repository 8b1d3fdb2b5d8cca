/**
 * 82093AA I/O advanced programmable interrupt controller, 24 inputs. [IOAPIC] With version 20h it also has
 * the EOI register of later chipsets. [ICH9 §13.5.4]
 *
 * Lines are logical here: raised means asserted, whatever the polarity bit of the entry says; the bit is kept for the guest to read.
 */
import { ConfigurationError, type InterruptLine, type IoHandler, type Width } from '@paravirt/bus';
import { type ApicBus, DELIVERY_LOWEST_PRIORITY } from './interrupt-message.ts';

/** [IOAPIC §3.1] Memory-mapped registers. */
const IOREGSEL = 0x00;
const IOWIN = 0x10;
const EOIR = 0x40;
/** [IOAPIC §3.2] Registers behind them. */
const IOAPICID = 0x00;
const IOAPICVER = 0x01;
const IOAPICARB = 0x02;
const IOREDTBL = 0x10;

const PINS = 24;

/** [IOAPIC §3.2.4] Low half of a redirection entry. */
const REMOTE_IRR = 1 << 14;
const TRIGGER_LEVEL = 1 << 15;
const MASKED = 1 << 16;
const LOGICAL = 1 << 11;
const ENTRY_WRITABLE = 0x1_afff;

export interface IoApicOptions {
  /** APIC id, 0–15; default 0. The guest may change it. */
  readonly id?: number;
  /** Default 20h: with the EOI register. */
  readonly version?: 0x11 | 0x20;
}

export class IoApic implements IoHandler {
  /** Interrupts that a local APIC took, by input. */
  readonly delivered: Uint32Array = new Uint32Array(PINS);
  readonly #bus: ApicBus;
  readonly #version: number;
  readonly #initialId: number;
  #id: number;
  #select = 0;
  readonly #low: Uint32Array = new Uint32Array(PINS).fill(MASKED);
  readonly #high: Uint32Array = new Uint32Array(PINS);
  readonly #levels: Uint8Array = new Uint8Array(PINS);

  constructor(bus: ApicBus, options: IoApicOptions = {}) {
    this.#bus = bus;
    this.#version = options.version ?? 0x20;
    this.#initialId = this.#id = options.id ?? 0;
  }

  /** All inputs masked; they keep their levels. */
  reset(): void {
    this.#id = this.#initialId;
    this.#select = 0;
    this.#low.fill(MASKED);
    this.#high.fill(0);
  }

  /** Input 0–23. @throws ConfigurationError `bad-pin` for another. */
  line(pin: number): InterruptLine {
    if (!Number.isInteger(pin) || pin < 0 || pin >= PINS)
      throw new ConfigurationError('bad-pin', `IOAPIC input ${pin} is not within 0 to ${PINS - 1}`, pin);
    return {
      raise: (): void => {
        if (this.#levels[pin] === 1) return;
        this.#levels[pin] = 1;
        this.#request(pin, true);
      },
      lower: (): void => {
        this.#levels[pin] = 0;
      },
    };
  }

  /** [IOAPIC §3.2.4, "Remote IRR"] A local APIC has ended the level-triggered interrupt `vector`. */
  endOfInterrupt(vector: number): void {
    for (let pin = 0; pin < PINS; pin++) {
      const low = this.#low[pin] as number;
      if ((low & REMOTE_IRR) === 0 || (low & 0xff) !== vector) continue;
      this.#low[pin] = low & ~REMOTE_IRR;
      this.#request(pin, false);
    }
  }

  /** Registers are 32 bits wide; narrower reads see the part they name. */
  read(offset: number, width: Width): number {
    const value = this.#readRegister(offset & ~3);
    return width === 4 ? value : (value >>> (8 * (offset & 3))) & (width === 1 ? 0xff : 0xffff);
  }

  /** Writes that are not whole registers are ignored, but for IOREGSEL, of which 8 bits exist. */
  write(offset: number, width: Width, value: number): void {
    if (offset === IOREGSEL) this.#select = value & 0xff;
    else if (width !== 4) return;
    else if (offset === IOWIN) this.#writeSelected(value);
    else if (offset === EOIR && this.#version >= 0x20) this.endOfInterrupt(value & 0xff);
  }

  #readRegister(offset: number): number {
    if (offset === IOREGSEL) return this.#select;
    if (offset !== IOWIN) return 0;
    const index = this.#select;
    if (index === IOAPICID || index === IOAPICARB) return this.#id << 24;
    if (index === IOAPICVER) return ((PINS - 1) << 16) | this.#version;
    const pin = (index - IOREDTBL) >> 1;
    if (pin < 0 || pin >= PINS) return 0;
    return (index & 1) === 0 ? (this.#low[pin] as number) : (this.#high[pin] as number);
  }

  #writeSelected(value: number): void {
    const index = this.#select;
    if (index === IOAPICID) {
      this.#id = (value >>> 24) & 0xf;
      return;
    }
    const pin = (index - IOREDTBL) >> 1;
    if (index < IOREDTBL || pin >= PINS) return;
    if ((index & 1) === 1) {
      this.#high[pin] = value & 0xff00_0000;
      return;
    }
    const remoteIrr = (this.#low[pin] as number) & REMOTE_IRR;
    // An edge-triggered entry has no remote IRR; guests clear a stuck one by switching to edge and back.
    this.#low[pin] = (value & ENTRY_WRITABLE) | ((value & TRIGGER_LEVEL) !== 0 ? remoteIrr : 0);
    this.#request(pin, false);
  }

  /**
   * Sends the message of an input if it asks for one: at a rising edge, or while a level is high and not yet accepted. Edges on a masked
   * input are lost. [IOAPIC §3.2.4, "Interrupt Mask"]
   */
  #request(pin: number, edge: boolean): void {
    const low = this.#low[pin] as number;
    if (this.#levels[pin] === 0 || (low & MASKED) !== 0) return;
    const deliveryMode = (low >> 8) & 7;
    // Only fixed and lowest-priority interrupts can be level-triggered: no other has an end of interrupt.
    const level = (low & TRIGGER_LEVEL) !== 0 && deliveryMode <= DELIVERY_LOWEST_PRIORITY;
    if (level ? (low & REMOTE_IRR) !== 0 : !edge) return;
    // Set first: the local APIC may answer with an end of interrupt at once.
    if (level) this.#low[pin] = low | REMOTE_IRR;
    const accepted = this.#bus.deliver({
      destination: (this.#high[pin] as number) >>> 24,
      logical: (low & LOGICAL) !== 0,
      deliveryMode,
      vector: low & 0xff,
      level,
    });
    if (accepted) this.delivered[pin] = (this.delivered[pin] as number) + 1;
    if (level && !accepted) this.#low[pin] = (this.#low[pin] as number) & ~REMOTE_IRR;
  }
}
