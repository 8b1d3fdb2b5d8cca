/**
 * One 8259A programmable interrupt controller. [8259A] Section titles in the comments are the datasheet's.
 *
 * A request input latches a rising edge or, where its ELCR bit is set, follows its level [ICH9 §13.4.10]. Either way the request
 * lasts only while the input is high: one that goes away before the acknowledge gives the spurious interrupt of input 7. LTIM of ICW1 has
 * no function on chipsets that have an ELCR.
 */
import type { InterruptLine } from '@paravirt/bus';
import type { ByteDevice } from './byte-registers.ts';

const ICW1_IC4 = 0x01;
const ICW1_SNGL = 0x02;
const ICW1_INIT = 0x10;
const ICW4_AEOI = 0x02;
const ICW4_SFNM = 0x10;
const OCW3 = 0x08;
const OCW3_RIS = 0x01;
const OCW3_RR = 0x02;
const OCW3_P = 0x04;
const OCW3_SMM = 0x20;
const OCW3_ESMM = 0x40;
const OCW2_EOI = 0x20;
const OCW2_SL = 0x40;
const OCW2_R = 0x80;

/** Where the chip is in its initialization sequence: the next write to A0 = 1 is this word. `ready`: it is OCW1. */
type Sequence = 'uninitialized' | 'icw2' | 'icw3' | 'icw4' | 'ready';

export class I8259 implements ByteDevice {
  readonly #int: InterruptLine;
  /** Input that a slave's INT is wired to, as a mask; 0 on a slave. */
  readonly #cascade: number;
  #sequence: Sequence = 'uninitialized';
  #icw1 = 0;
  #vectorBase = 0;
  #levels = 0;
  #edges = 0;
  #levelTriggered = 0;
  #isr = 0;
  #imr = 0;
  /** Input of lowest priority; the one after it is highest. */
  #lowest = 7;
  #autoEoi = false;
  #rotateOnAutoEoi = false;
  #specialFullyNested = false;
  #specialMask = false;
  #readIsr = false;
  #poll = false;

  /** `int` is the output pin INT; `cascade` the input where a slave sits (mask, 0 if none). */
  constructor(int: InterruptLine, cascade: number) {
    this.#int = int;
    this.#cascade = cascade;
  }

  /** As after power-on: deaf until initialized. Inputs keep their levels. */
  reset(): void {
    this.#initialize(0);
    this.#sequence = 'uninitialized';
    this.#vectorBase = 0;
    this.#levelTriggered = 0;
    this.#update();
  }

  /** Bits of inputs that are level-triggered. */
  get levelTriggered(): number {
    return this.#levelTriggered;
  }

  set levelTriggered(mask: number) {
    this.#levelTriggered = mask;
    this.#update();
  }

  /** Input pin IR0–IR7. */
  line(input: number): InterruptLine {
    const bit = 1 << input;
    return {
      raise: (): void => {
        if ((this.#levels & bit) !== 0) return;
        this.#levels |= bit;
        this.#edges |= bit;
        this.#update();
      },
      lower: (): void => {
        if ((this.#levels & bit) === 0) return;
        this.#levels &= ~bit;
        this.#edges &= ~bit;
        this.#update();
      },
    };
  }

  /**
   * INTERRUPT SEQUENCE, steps 1 to 4: the INTA cycles. Returns the vector; `input` of the one acknowledged, 7 without its in-service bit
   * if there was no request any more.
   */
  acknowledge(): { readonly vector: number; readonly input: number } {
    const input = this.#pending();
    if (input < 0) return { vector: this.#vectorBase | 7, input: 7 };
    this.#take(input);
    return { vector: this.#vectorBase | input, input };
  }

  readByte(a0: number): number {
    if (this.#poll) {
      // Poll Command: the next read is treated as an interrupt acknowledge.
      this.#poll = false;
      const input = this.#pending();
      if (input < 0) return 0;
      this.#take(input);
      return 0x80 | input;
    }
    if (a0 !== 0) return this.#imr;
    return this.#readIsr ? this.#isr : this.#irr();
  }

  writeByte(a0: number, value: number): void {
    if (a0 === 0) {
      if ((value & ICW1_INIT) !== 0) this.#initialize(value);
      else if ((value & OCW3) !== 0) this.#operationControl3(value);
      else this.#operationControl2(value);
    } else this.#writeOdd(value);
    this.#update();
  }

  /** INITIALIZATION COMMAND WORD 1: the list of what occurs automatically. The in-service register is cleared with the rest. */
  #initialize(icw1: number): void {
    this.#icw1 = icw1;
    this.#sequence = 'icw2';
    this.#edges = 0;
    this.#isr = 0;
    this.#imr = 0;
    this.#lowest = 7;
    this.#specialMask = false;
    this.#readIsr = false;
    this.#poll = false;
    this.#autoEoi = false;
    this.#rotateOnAutoEoi = false;
    this.#specialFullyNested = false;
  }

  #writeOdd(value: number): void {
    switch (this.#sequence) {
      case 'uninitialized':
      case 'ready':
        this.#imr = value; // OCW1
        return;
      case 'icw2':
        this.#vectorBase = value & 0xf8;
        this.#sequence = (this.#icw1 & ICW1_SNGL) === 0 ? 'icw3' : this.#afterIcw3();
        return;
      case 'icw3':
        // Which input has a slave, and the slave's id, are wired.
        this.#sequence = this.#afterIcw3();
        return;
      case 'icw4':
        this.#autoEoi = (value & ICW4_AEOI) !== 0;
        this.#specialFullyNested = (value & ICW4_SFNM) !== 0;
        this.#sequence = 'ready';
        return;
    }
  }

  #afterIcw3(): Sequence {
    return (this.#icw1 & ICW1_IC4) !== 0 ? 'icw4' : 'ready';
  }

  /** OPERATION CONTROL WORD 2: R, SL, EOI and L2–L0. */
  #operationControl2(value: number): void {
    const level = value & 7;
    const rotate = (value & OCW2_R) !== 0;
    const specific = (value & OCW2_SL) !== 0;
    if ((value & OCW2_EOI) !== 0) {
      const input = specific ? level : this.#highest(this.#specialMask ? this.#isr & ~this.#imr : this.#isr);
      if (input < 0) return;
      this.#isr &= ~(1 << input);
      if (rotate) this.#lowest = input;
    } else if (!specific) this.#rotateOnAutoEoi = rotate;
    else if (rotate) this.#lowest = level;
  }

  /** OPERATION CONTROL WORD 3: ESMM, SMM, P, RR, RIS. */
  #operationControl3(value: number): void {
    if ((value & OCW3_ESMM) !== 0) this.#specialMask = (value & OCW3_SMM) !== 0;
    if ((value & OCW3_P) !== 0) this.#poll = true;
    else if ((value & OCW3_RR) !== 0) this.#readIsr = (value & OCW3_RIS) !== 0;
  }

  #irr(): number {
    return this.#levels & (this.#edges | this.#levelTriggered);
  }

  /** The first set bit of `mask` in order of priority, −1 if none. */
  #highest(mask: number): number {
    if (mask === 0) return -1;
    for (let i = 1; i <= 8; i++) {
      const input = (this.#lowest + i) & 7;
      if ((mask & (1 << input)) !== 0) return input;
    }
    return -1;
  }

  /** Distance from the highest priority: 0–7, 8 for none. */
  #rank(input: number): number {
    return input < 0 ? 8 : (input - this.#lowest - 1) & 7;
  }

  /** FULLY NESTED MODE: the request that would be acknowledged now, −1 if none is above what is in service. */
  #pending(): number {
    if (this.#sequence !== 'ready') return -1;
    const input = this.#highest(this.#irr() & ~this.#imr);
    if (input < 0) return -1;
    // Special Mask Mode: a level in service whose mask bit is set inhibits only itself, by that bit.
    let inhibiting = this.#specialMask ? this.#isr & ~this.#imr : this.#isr;
    // Special Fully Nested Mode: further requests from a slave in service are recognized.
    if (this.#specialFullyNested) inhibiting &= ~(this.#cascade & (1 << input));
    return this.#rank(input) < this.#rank(this.#highest(inhibiting)) ? input : -1;
  }

  #take(input: number): void {
    const bit = 1 << input;
    this.#edges &= ~bit;
    if (!this.#autoEoi) this.#isr |= bit;
    else if (this.#rotateOnAutoEoi) this.#lowest = input;
    // INT falls with the acknowledge; a further request gives a new edge, which a master's edge-triggered input needs.
    this.#int.lower();
    this.#update();
  }

  #update(): void {
    if (this.#pending() >= 0) this.#int.raise();
    else this.#int.lower();
  }
}
