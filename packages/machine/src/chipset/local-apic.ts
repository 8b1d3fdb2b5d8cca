/**
 * The local APIC of the one processor. [SDM 3A chapter 11, "Advanced Programmable Interrupt Controller (APIC)"]
 *
 * Priority is in apic-priority.ts, the timer in apic-timer.ts, MSRs in apic-msrs.ts. Registers are numbered by their offset / 16, which is also the number of their x2APIC MSR minus 800h; `readRegister` and
 * `writeRegister` at the end are the register table. Before them come the three ways in (messages, local pins, the timer), the priority
 * rule, and the way out (INTR and its acknowledge).
 *
 * DEVIATION: the register page stays at FEE00000h; the base field of IA32_APIC_BASE is read-only. The APIC id is read-only too.
 */
import type { Clock, InterruptLine, IoHandler, MessageInterrupts, Width } from '@paravirt/bus';
import { type ApicIdentity, isDestination, logicalX2ApicId } from './apic-destination.ts';
import { apicMsrs, type MsrHandler } from './apic-msrs.ts';
import { ApicPriority } from './apic-priority.ts';
import {
  CURRENT_COUNT,
  DFR,
  DIVIDE_CONFIGURATION,
  EOI,
  ESR,
  ESR_ILLEGAL_REGISTER,
  ESR_RECEIVE_ILLEGAL_VECTOR,
  ESR_SEND_ILLEGAL_VECTOR,
  ICR_ASSERT,
  ICR_HIGH,
  ICR_LEVEL,
  ICR_LOGICAL,
  ICR_LOW,
  ICR_WRITABLE,
  ID,
  INITIAL_COUNT,
  IRR,
  ISR,
  LDR,
  LVT_ERROR,
  LVT_LEVEL,
  LVT_LINT0,
  LVT_LINT1,
  LVT_MASKED,
  LVT_REGISTERS,
  LVT_REMOTE_IRR,
  LVT_TIMER,
  LVT_WRITABLE,
  PPR,
  SELF_IPI,
  SVR,
  SVR_ENABLED,
  SVR_SUPPRESS_EOI_BROADCAST,
  SVR_WRITABLE,
  TMR,
  TPR,
  VERSION,
  VERSION_VALUE,
} from './apic-registers.ts';
import { APIC_TIMER_MODES, ApicTimer } from './apic-timer.ts';
import {
  type ApicBus,
  DELIVERY_EXTINT,
  DELIVERY_FIXED,
  DELIVERY_INIT,
  DELIVERY_LOWEST_PRIORITY,
  DELIVERY_NMI,
  decodeMessage,
  type InterruptMessage,
} from './interrupt-message.ts';
import type { TimeStampCounter } from './tick-rate.ts';

export interface LocalApicOptions {
  readonly clock: Clock;
  /** The CPU's INTR: high while `acknowledge` has something to give. */
  readonly intr: InterruptLine;
  /** The CPU's NMI: an edge. */
  readonly nmi: () => void;
  /** INIT was sent to the processor. */
  readonly init: () => void;
  /** Gives the vector of an ExtINT interrupt. */
  readonly pic: { acknowledge(): number };
  /** End of a level-triggered interrupt, broadcast to the IOAPICs. */
  readonly endOfInterrupt: (vector: number) => void;
  /** For TSC-deadline mode; without it such a deadline never comes. */
  readonly tsc?: TimeStampCounter;
  /** Input of the timer in Hz, before its divider; default 1 GHz. */
  readonly timerHz?: number;
  /** APIC id, 0–254; default 0. */
  readonly id?: number;
  /** Offer x2APIC mode; default false. CPUID must say the same. */
  readonly x2apic?: boolean;
}

export type ApicMode = 'disabled' | 'xapic' | 'x2apic';

export class LocalApic implements IoHandler, ApicBus, MessageInterrupts {
  readonly id: number;
  /** [SDM 3A Figure 11-2] Local pins. */
  readonly lint0: InterruptLine;
  readonly lint1: InterruptLine;
  /** IA32_APIC_BASE, IA32_TSC_DEADLINE, with `tsc` IA32_TIME_STAMP_COUNTER, and the x2APIC registers if offered, by number. */
  readonly msrs: ReadonlyMap<number, MsrHandler>;
  /** Writes to the EOI register, in either mode. */
  endsOfInterrupt = 0;
  /** Interrupts of the timer, and ExtINT interrupts, which the 8259As numbered. */
  timerInterrupts = 0;
  externalInterrupts = 0;
  readonly #options: LocalApicOptions;
  readonly #timer: ApicTimer;
  readonly #priority: ApicPriority = new ApicPriority();
  /** LVT entries by register number. */
  readonly #lvt: Uint32Array = new Uint32Array(0x38);
  /** Levels of LINT0 and LINT1. */
  readonly #pins: [boolean, boolean] = [false, false];
  #mode: ApicMode = 'xapic';
  #ldr = 0;
  #dfr = 0xffff_ffff;
  #svr = 0xff;
  #icrLow = 0;
  #icrHigh = 0;
  /** Errors as shown, and those noted since the last write to the ESR. */
  #esr = 0;
  #errors = 0;
  /** An ExtINT message (not pin) waits for its acknowledge. */
  #extInt = false;
  #intrHigh = false;

  constructor(options: LocalApicOptions) {
    this.#options = options;
    this.id = options.id ?? 0;
    this.#timer = new ApicTimer({
      clock: options.clock,
      hz: options.timerHz ?? 1_000_000_000,
      tsc: options.tsc,
      expired: () => {
        if (((this.#lvt[LVT_TIMER] as number) & LVT_MASKED) === 0) this.timerInterrupts++;
        this.#localInterrupt(LVT_TIMER);
      },
    });
    this.lint0 = this.#pin(0);
    this.lint1 = this.#pin(1);
    this.msrs = apicMsrs(this, options.x2apic === true, options.tsc);
    this.#clear();
  }

  /** [SDM 3A §11.4.7.1] State after power-up or reset. The pins keep their levels. */
  reset(): void {
    this.#mode = 'xapic';
    this.#clear();
    this.#update();
  }

  /**
   * [MP 1.4 §3.6.2.2] What firmware leaves behind: the APIC enabled, LINT0 passing the 8259A through, LINT1 an NMI. For kernels that are
   * started without firmware.
   */
  enterVirtualWireMode(): void {
    this.writeRegister(SVR, SVR_ENABLED | 0xff);
    this.writeRegister(LVT_LINT0, DELIVERY_EXTINT << 8);
    this.writeRegister(LVT_LINT1, DELIVERY_NMI << 8);
  }

  get mode(): ApicMode {
    return this.#mode;
  }

  /** [SDM 3A §11.4.3, §11.12.1] Disabling loses all state; so does leaving x2APIC mode, which goes through disabled. */
  setMode(mode: ApicMode): void {
    if (mode === this.#mode) return;
    this.#mode = mode;
    if (mode === 'disabled') this.#clear();
    this.#update();
  }

  get deadline(): bigint {
    return this.#timer.deadline;
  }

  set deadline(value: bigint) {
    this.#timer.deadline = value;
  }

  get #identity(): ApicIdentity {
    return { id: this.id, x2apic: this.#mode === 'x2apic', ldr: this.#ldr, dfr: this.#dfr };
  }

  // ---- Ways in ------------------------------------------------------------------------------------------------------------------

  deliver(message: InterruptMessage): boolean {
    if (this.#mode === 'disabled' || !isDestination(this.#identity, message.destination, message.logical)) return false;
    switch (message.deliveryMode) {
      case DELIVERY_FIXED:
      case DELIVERY_LOWEST_PRIORITY:
        return this.#accept(message.vector, message.level);
      case DELIVERY_NMI:
        this.#options.nmi();
        return true;
      case DELIVERY_INIT:
        this.#init();
        return true;
      case DELIVERY_EXTINT:
        this.#extInt = true;
        this.#update();
        return true;
      default:
        // SMI: there is no system management mode. Start-up: the processor is not waiting for one.
        return true;
    }
  }

  signal(address: bigint, data: number): void {
    const message = decodeMessage(address, data);
    if (message !== undefined) this.deliver(message);
  }

  #accept(vector: number, level: boolean): boolean {
    if ((this.#svr & SVR_ENABLED) === 0) return false;
    if (vector < 16) {
      this.#error(ESR_RECEIVE_ILLEGAL_VECTOR);
      return true;
    }
    this.#priority.request(vector, level);
    this.#update();
    return true;
  }

  #pin(index: 0 | 1): InterruptLine {
    const register = index === 0 ? LVT_LINT0 : LVT_LINT1;
    return {
      raise: (): void => {
        if (this.#pins[index]) return;
        this.#pins[index] = true;
        if (this.#mode === 'disabled') {
          // [SDM 3A §11.4.3] The pins are INTR and NMI.
          if (index === 1) this.#options.nmi();
        } else if (this.#isLevelPin(register)) this.#serviceLevelPins();
        else this.#localInterrupt(register);
        this.#update();
      },
      lower: (): void => {
        this.#pins[index] = false;
        this.#update();
      },
    };
  }

  /** A pin is level-sensitive as ExtINT, and as fixed interrupt if its trigger mode says so. [SDM 3A §11.5.1, "Trigger Mode"] */
  #isLevelPin(register: number): boolean {
    const lvt = this.#lvt[register] as number;
    const deliveryMode = (lvt >> 8) & 7;
    return deliveryMode === DELIVERY_EXTINT || (deliveryMode === DELIVERY_FIXED && (lvt & LVT_LEVEL) !== 0);
  }

  /** A fixed, level-triggered pin that is high asks again after each end of interrupt. */
  #serviceLevelPins(): void {
    for (const [index, register] of [LVT_LINT0, LVT_LINT1].entries()) {
      const lvt = this.#lvt[register] as number;
      if (!this.#pins[index] || !this.#isLevelPin(register) || ((lvt >> 8) & 7) !== DELIVERY_FIXED) continue;
      if ((lvt & (LVT_MASKED | LVT_REMOTE_IRR)) !== 0) continue;
      if (this.#accept(lvt & 0xff, true)) this.#lvt[register] = lvt | LVT_REMOTE_IRR;
    }
  }

  /** [SDM 3A §11.5.1] An event of the local vector table. */
  #localInterrupt(register: number): void {
    const lvt = this.#lvt[register] as number;
    if ((lvt & LVT_MASKED) !== 0) return;
    const deliveryMode = register === LVT_TIMER || register === LVT_ERROR ? DELIVERY_FIXED : (lvt >> 8) & 7;
    if (deliveryMode === DELIVERY_FIXED) this.#accept(lvt & 0xff, false);
    else if (deliveryMode === DELIVERY_NMI) this.#options.nmi();
    else if (deliveryMode === DELIVERY_INIT) this.#init();
  }

  /** [SDM 3A §11.5.3] Notes an error; it is shown at the next write to the ESR. */
  #error(bit: number): void {
    this.#errors |= bit;
    const lvt = this.#lvt[LVT_ERROR] as number;
    // An illegal vector in the error entry itself must not report itself for ever.
    if ((lvt & LVT_MASKED) === 0 && (lvt & 0xff) >= 16) this.#accept(lvt & 0xff, false);
  }

  /** [SDM 3A §11.4.7.3] INIT keeps the id and IA32_APIC_BASE. */
  #init(): void {
    this.#clear();
    this.#update();
    this.#options.init();
  }

  // ---- Priority, and the way out ------------------------------------------------------------------------------------------------

  /** LINT0 asks as the 8259A's INTR. */
  get #extIntPin(): boolean {
    if (!this.#pins[0]) return false;
    if (this.#mode === 'disabled') return true;
    const lvt = this.#lvt[LVT_LINT0] as number;
    return (lvt & LVT_MASKED) === 0 && ((lvt >> 8) & 7) === DELIVERY_EXTINT;
  }

  #update(): void {
    const high = this.#extInt || this.#extIntPin || ((this.#svr & SVR_ENABLED) !== 0 && this.#priority.deliverable >= 0);
    if (high === this.#intrHigh) return;
    this.#intrHigh = high;
    if (high) this.#options.intr.raise();
    else this.#options.intr.lower();
  }

  /** The CPU takes an interrupt: its vector, now in service; −1 if there is none any more. */
  acknowledge(): number {
    if (this.#extInt || this.#extIntPin) {
      this.#extInt = false;
      this.externalInterrupts++;
      const vector = this.#options.pic.acknowledge();
      this.#update();
      return vector;
    }
    const vector = (this.#svr & SVR_ENABLED) !== 0 ? this.#priority.dispense() : -1;
    this.#update();
    return vector;
  }

  /** CR8: bits 7:4 of the TPR. */
  get taskPriority(): number {
    return this.#priority.tpr >> 4;
  }

  setTaskPriority(value: number): void {
    this.#priority.tpr = (value & 0xf) << 4;
    this.#update();
  }

  /** [SDM 3A §11.8.5] */
  #endOfInterrupt(): void {
    const vector = this.#priority.endOfInterrupt();
    if (vector < 0) return;
    if (this.#priority.tmr.has(vector)) {
      for (const register of [LVT_LINT0, LVT_LINT1])
        if (((this.#lvt[register] as number) & 0xff) === vector) this.#lvt[register] = (this.#lvt[register] as number) & ~LVT_REMOTE_IRR;
      this.#serviceLevelPins();
      if ((this.#svr & SVR_SUPPRESS_EOI_BROADCAST) === 0) this.#options.endOfInterrupt(vector);
    }
    this.#update();
  }

  /** [SDM 3A §11.6.1] Sends the interrupt command: shorthands none, self, all, all but self. */
  #sendCommand(): void {
    const low = this.#icrLow;
    const shorthand = (low >> 18) & 3;
    const deliveryMode = (low >> 8) & 7;
    const vector = low & 0xff;
    // INIT level de-assert only synchronizes arbitration ids.
    const deassert = deliveryMode === DELIVERY_INIT && (low & ICR_LEVEL) !== 0 && (low & ICR_ASSERT) === 0;
    if (deassert || shorthand === 3 || deliveryMode === DELIVERY_EXTINT) return;
    if (deliveryMode <= DELIVERY_LOWEST_PRIORITY && vector < 16) {
      this.#error(ESR_SEND_ILLEGAL_VECTOR);
      return;
    }
    const toSelf = shorthand !== 0;
    this.deliver({
      destination: toSelf ? this.id : this.#mode === 'x2apic' ? this.#icrHigh : this.#icrHigh >>> 24,
      logical: !toSelf && (low & ICR_LOGICAL) !== 0,
      deliveryMode,
      vector,
      level: false,
    });
  }

  // ---- Registers ----------------------------------------------------------------------------------------------------------------

  /** [SDM 3A §11.4.1] Registers are 32 bits wide on 16-byte boundaries; what lies between them reads 0. */
  read(offset: number, width: Width): number {
    if (this.#mode !== 'xapic') return width === 1 ? 0xff : width === 2 ? 0xffff : 0xffff_ffff;
    if ((offset & 0xc) !== 0) return 0;
    const value = this.readRegister((offset >> 4) & 0xff);
    return width === 4 ? value : (value >>> (8 * (offset & 3))) & (width === 1 ? 0xff : 0xffff);
  }

  /** Only aligned 32-bit writes have an effect. */
  write(offset: number, width: Width, value: number): void {
    if (this.#mode === 'xapic' && width === 4 && (offset & 0xf) === 0) this.writeRegister((offset >> 4) & 0xff, value);
  }

  /** ICR of x2APIC mode: one 64-bit register. [SDM 3A §11.12.9] */
  get interruptCommand(): bigint {
    return (BigInt(this.#icrHigh) << 32n) | BigInt(this.#icrLow);
  }

  set interruptCommand(value: bigint) {
    this.#icrHigh = Number(value >> 32n);
    this.writeRegister(ICR_LOW, Number(value & 0xffff_ffffn));
  }

  /** `index` is the register's offset / 16. Unsigned 32 bits. */
  readRegister(index: number): number {
    switch (index) {
      case ID:
        return this.#mode === 'x2apic' ? this.id : (this.id << 24) >>> 0;
      case VERSION:
        return VERSION_VALUE;
      case TPR:
        return this.#priority.tpr;
      case PPR:
        return this.#priority.ppr;
      case LDR:
        return this.#mode === 'x2apic' ? logicalX2ApicId(this.id) : this.#ldr;
      case DFR:
        return this.#dfr;
      case SVR:
        return this.#svr;
      case ESR:
        return this.#esr;
      case ICR_LOW:
        return this.#icrLow;
      case ICR_HIGH:
        return this.#icrHigh;
      case INITIAL_COUNT:
        return this.#timer.initialCount;
      case CURRENT_COUNT:
        return this.#timer.currentCount;
      case DIVIDE_CONFIGURATION:
        return this.#timer.divideConfiguration;
      default:
        if (index >= ISR && index < ISR + 8) return this.#priority.isr.word(index - ISR);
        if (index >= TMR && index < TMR + 8) return this.#priority.tmr.word(index - TMR);
        if (index >= IRR && index < IRR + 8) return this.#priority.irr.word(index - IRR);
        if (LVT_WRITABLE[index] !== undefined) return this.#lvt[index] as number;
        return 0;
    }
  }

  /** `index` is the register's offset / 16, `value` unsigned 32 bits. Read-only registers and reserved bits are ignored. */
  writeRegister(index: number, value: number): void {
    switch (index) {
      case TPR:
        this.#priority.tpr = value & 0xff;
        break;
      case EOI:
        this.endsOfInterrupt++;
        this.#endOfInterrupt();
        break;
      case LDR:
        if (this.#mode === 'xapic') this.#ldr = (value & 0xff00_0000) >>> 0;
        break;
      case DFR:
        this.#dfr = (value | 0x0fff_ffff) >>> 0;
        break;
      case SVR:
        this.#svr = value & SVR_WRITABLE;
        // [SDM 3A §11.4.7.2] While software-disabled every LVT entry is masked.
        if ((value & SVR_ENABLED) === 0)
          for (const register of LVT_REGISTERS) this.#lvt[register] = (this.#lvt[register] as number) | LVT_MASKED;
        break;
      case ESR:
        this.#esr = this.#errors;
        this.#errors = 0;
        break;
      case ICR_LOW:
        this.#icrLow = value & ICR_WRITABLE;
        this.#sendCommand();
        break;
      case ICR_HIGH:
        this.#icrHigh = this.#mode === 'x2apic' ? value >>> 0 : (value & 0xff00_0000) >>> 0;
        break;
      case INITIAL_COUNT:
        this.#timer.initialCount = value;
        break;
      case DIVIDE_CONFIGURATION:
        this.#timer.divideConfiguration = value;
        break;
      case SELF_IPI:
        if (this.#mode === 'x2apic') this.writeRegister(ICR_LOW, 0x4_0000 | (value & 0xff));
        else this.#error(ESR_ILLEGAL_REGISTER);
        break;
      default:
        if (LVT_WRITABLE[index] !== undefined) this.#writeLvt(index, value);
    }
    this.#update();
  }

  #writeLvt(register: number, value: number): void {
    const remoteIrr = (value & LVT_LEVEL) !== 0 ? (this.#lvt[register] as number) & LVT_REMOTE_IRR : 0;
    const forced = (this.#svr & SVR_ENABLED) === 0 ? LVT_MASKED : 0;
    this.#lvt[register] = (value & (LVT_WRITABLE[register] ?? 0)) | remoteIrr | forced;
    if (register === LVT_TIMER) this.#timer.setMode(APIC_TIMER_MODES[((value >> 17) & 3) as 0 | 1 | 2 | 3]);
    this.#serviceLevelPins();
  }

  #clear(): void {
    this.#priority.clear();
    for (const register of LVT_REGISTERS) this.#lvt[register] = LVT_MASKED;
    this.#timer.reset();
    this.#ldr = 0;
    this.#dfr = 0xffff_ffff;
    this.#svr = 0xff;
    this.#icrLow = 0;
    this.#icrHigh = 0;
    this.#esr = 0;
    this.#errors = 0;
    this.#extInt = false;
  }
}
