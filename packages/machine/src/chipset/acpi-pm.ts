/**
 * ACPI fixed hardware: PM1 event and control registers and the power management timer. [ACPI 6.5 §4.8.2, §4.8.3]
 *
 * Layout from the block's base, as the FADT tells it: PM1a_EVT at 0 (status, enable), PM1a_CNT at 4, PM_TMR at 8. There is no SMI_CMD:
 * the platform is in ACPI mode from power-on, SCI_EN always reads 1.
 */
import {
  type Clock,
  type InterruptLine,
  type IoHandler,
  RegisterFile,
  registers,
  ro,
  rw,
  type Timer,
  type Width,
  w1c,
} from '@paravirt/bus';
import { PM_TIMER_HZ, TickRate } from './tick-rate.ts';

export interface AcpiPmOptions {
  readonly clock: Clock;
  /** System control interrupt, level. */
  readonly sci: InterruptLine;
  /** The guest entered S5. */
  readonly powerOff: () => void;
  /** Bits of the timer, 24 or 32 (default); the FADT's TMR_VAL_EXT must say the same. */
  readonly timerBits?: 24 | 32;
}

/** [ACPI 6.5 Table 4.11] PM1 status; the enable register has the same places. */
const TMR = 1 << 0;
/** Firmware has released the Global Lock. There is none here that takes it: the status stays clear, but systems insist on the enable. */
const GBL = 1 << 5;
const PWRBTN = 1 << 8;
const RTC = 1 << 10;
const WAK = 1 << 15;
const STATUS_CLEARABLE: number = TMR | GBL | PWRBTN | RTC | WAK;
const ENABLES: number = TMR | GBL | PWRBTN | RTC;
/** [ACPI 6.5 Table 4.13] PM1 control. */
const SCI_EN = 1 << 0;
const SLP_TYP_SHIFT = 10;
const SLP_TYP_MASK = 7;
const SLP_EN = 1 << 13;
const CONTROL_WRITABLE: number = SLP_TYP_MASK << SLP_TYP_SHIFT;

/**
 * SLP_TYP of S5, as \_S5 tells it: that of the PIIX4 ("000 soft off"). Small systems write 2000h to port 604h without looking for \_S5.
 * [PIIX4, "PMCNTRL"]
 */
export const SLEEP_TYPE_S5 = 0;
/** Offsets within the block. */
export const PM1_EVENT_OFFSET = 0;
export const PM1_CONTROL_OFFSET = 4;
export const PM_TIMER_OFFSET = 8;

const BLOCK = registers(16, {
  status: w1c(2, STATUS_CLEARABLE),
  enable: rw(2, ENABLES),
  control: rw(2, CONTROL_WRITABLE),
  reserved6: ro(2),
  timer: ro(4),
  reserved12: ro(4),
});

const RATE = new TickRate(PM_TIMER_HZ);

export class AcpiPm implements IoHandler {
  readonly #clock: Clock;
  readonly #sci: InterruptLine;
  readonly #powerOff: () => void;
  readonly #file: RegisterFile<keyof typeof BLOCK.fields>;
  readonly #modulus: number;
  /** TMR_STS tells a change of the timer's highest bit since this count of half turns. */
  #halfTurns = 0;
  #event: Timer | undefined = undefined;

  constructor(options: AcpiPmOptions) {
    this.#clock = options.clock;
    this.#sci = options.sci;
    this.#powerOff = options.powerOff;
    this.#modulus = 2 ** (options.timerBits ?? 32);
    this.#file = new RegisterFile(
      BLOCK,
      { control: SCI_EN },
      {
        timer: { read: () => this.#ticks() % this.#modulus },
        status: { write: () => this.#follow() },
        enable: { write: () => this.#follow() },
        control: { write: () => this.#file.set('control', this.#file.get('control') | SCI_EN) },
      },
    );
    this.#halfTurns = this.#countHalfTurns();
  }

  reset(): void {
    this.#file.set('status', 0);
    this.#file.set('enable', 0);
    this.#file.set('control', SCI_EN);
    this.#halfTurns = this.#countHalfTurns();
    this.#follow();
  }

  /** A press of the power button, for the guest's operating system to act on. */
  pressPowerButton(): void {
    this.#file.set('status', this.#file.get('status') | PWRBTN);
    this.#follow();
  }

  read(offset: number, width: Width): number {
    // The timer is read in loops: its whole register needs no walk through the table.
    if (offset === PM_TIMER_OFFSET && width === 4) return this.#ticks() % this.#modulus;
    this.#settle();
    return this.#file.read(offset, width);
  }

  write(offset: number, width: Width, value: number): void {
    this.#settle();
    this.#file.write(offset, width, value);
    // SLP_EN is write-only and triggers: it lies in the second byte of the control register.
    const at = PM1_CONTROL_OFFSET + 1 - offset;
    if (at < 0 || at >= width) return;
    const sleep = ((value >>> (8 * at)) & 0xff & (SLP_EN >> 8)) !== 0;
    const type = (this.#file.get('control') >> SLP_TYP_SHIFT) & SLP_TYP_MASK;
    if (sleep && type === SLEEP_TYPE_S5) this.#powerOff();
  }

  #ticks(): number {
    return RATE.ticksAt(Number(this.#clock.now()));
  }

  /** [ACPI 6.5 §4.8.2.1] TMR_STS is set any time the last bit of the timer goes from clear to set or from set to clear. */
  #countHalfTurns(): number {
    return Math.floor(this.#ticks() / (this.#modulus / 2));
  }

  #settle(): void {
    const halfTurns = this.#countHalfTurns();
    if (halfTurns === this.#halfTurns) return;
    this.#halfTurns = halfTurns;
    this.#file.set('status', this.#file.get('status') | TMR);
  }

  /** SCI is high while any enabled status bit is set. */
  #follow(): void {
    this.#settle();
    const status = this.#file.get('status');
    const enable = this.#file.get('enable');
    if ((status & enable & ENABLES) !== 0) this.#sci.raise();
    else this.#sci.lower();
    this.#event?.cancel();
    this.#event = undefined;
    // Only an enabled timer whose status is clear has something to tell.
    if ((enable & ~status & TMR) === 0) return;
    const at = RATE.timeOf((this.#halfTurns + 1) * (this.#modulus / 2));
    this.#event = this.#clock.schedule(BigInt(at), () => this.#follow());
  }
}
