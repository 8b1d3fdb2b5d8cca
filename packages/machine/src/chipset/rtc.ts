/**
 * Real-time clock and CMOS RAM: an MC146818 with 128 bytes. [MC146818] Ports 70h (index, bit 7 the NMI mask) and 71h.
 *
 * Time goes on by itself: it is worked out from the clock when a register is read. The flags of register C likewise, from what happened
 * since they were last looked at. One event is scheduled, for the first enabled interrupt whose flag is still clear; so a guest that does
 * not read register C gets no second interrupt, as the datasheet has it.
 */
import type { Clock, InterruptLine, IoHandler, Timer, Width } from '@paravirt/bus';
import { type ByteDevice, byteWide } from './byte-registers.ts';
import { calendarOf, SECONDS_PER_DAY, secondsOf } from './calendar.ts';
import { cmosContents } from './cmos.ts';
import { RTC_CRYSTAL_HZ, TickRate } from './tick-rate.ts';

export interface RtcOptions {
  readonly clock: Clock;
  /** IRQ 8. */
  readonly irq: InterruptLine;
  /** Time of day when the clock reads 0: milliseconds since 1970-01-01, UTC. */
  readonly startMs: number;
  /** RAM below and above 4 GiB in bytes, for the memory size bytes of the CMOS. */
  readonly memoryBelow4G: number;
  readonly memoryAbove4G: number;
}

/** ADDRESS MAP. */
const SECONDS = 0x00;
const SECONDS_ALARM = 0x01;
const MINUTES = 0x02;
const MINUTES_ALARM = 0x03;
const HOURS = 0x04;
const HOURS_ALARM = 0x05;
const DAY_OF_WEEK = 0x06;
const DAY = 0x07;
const MONTH = 0x08;
const YEAR = 0x09;
const REGISTER_A = 0x0a;
const REGISTER_B = 0x0b;
const REGISTER_C = 0x0c;
const REGISTER_D = 0x0d;
/** [ACPI 6.5 §5.2.9, "CENTURY"] */
export const RTC_CENTURY = 0x32;
const TIME_REGISTERS: ReadonlySet<number> = new Set([SECONDS, MINUTES, HOURS, DAY_OF_WEEK, DAY, MONTH, YEAR, RTC_CENTURY]);

const A_UIP = 0x80;
/** Dividers DV2, DV1 both set: held in reset. */
const A_DIVIDER_RESET = 0x60;
const B_SET = 0x80;
const B_DM_BINARY = 0x04;
const B_24_HOURS = 0x02;
/** Interrupt enables of register B stand where their flags do in register C. */
const PERIODIC = 0x40;
const ALARM = 0x20;
const UPDATE = 0x10;
const C_IRQF = 0x80;
const D_VRT = 0x80;

const NS_PER_SECOND = 1_000_000_000;
/** UPDATE CYCLE: with a 32,768 Hz time base UIP is set 244 µs before an update of 1984 µs. */
const UPDATE_NS = 244_000 + 1_984_000;
const CRYSTAL = new TickRate(RTC_CRYSTAL_HZ);

const toBcd = (n: number): number => (Math.floor(n / 10) << 4) | (n % 10);
const fromBcd = (n: number): number => (n >> 4) * 10 + (n & 15);

export class Rtc implements IoHandler, ByteDevice {
  readonly #clock: Clock;
  readonly #irq: InterruptLine;
  readonly #io: IoHandler;
  readonly #cmos: Uint8Array;
  #index = 0;
  /** Time of day in whole seconds at `#baseNs`, when an update ended. Time stands still while SET or the divider reset hold it. */
  #baseSeconds: number;
  #baseNs: number;
  /** Flags of register C, right at `#settledNs`. */
  #flags = 0;
  #settledNs = 0;
  #event: Timer | undefined = undefined;

  constructor(options: RtcOptions) {
    this.#clock = options.clock;
    this.#irq = options.irq;
    this.#io = byteWide(2, this);
    this.#baseSeconds = Math.floor(options.startMs / 1000);
    this.#baseNs = -Math.floor((options.startMs - this.#baseSeconds * 1000) * 1_000_000);
    this.#settledNs = this.#now();
    this.#cmos = cmosContents(options.memoryBelow4G, options.memoryAbove4G);
    this.#cmos[REGISTER_A] = 0x26;
    this.#cmos[REGISTER_B] = B_24_HOURS;
    this.#cmos[REGISTER_D] = D_VRT;
  }

  /** RESET: clears the interrupt enables and flags; time and RAM live on their battery. */
  reset(): void {
    this.#settle();
    this.#index = 0;
    this.#set(REGISTER_B, this.#get(REGISTER_B) & ~(PERIODIC | ALARM | UPDATE));
    this.#flags = 0;
    this.#follow();
  }

  read(offset: number, width: Width): number {
    return this.#io.read(offset, width);
  }

  write(offset: number, width: Width, value: number): void {
    this.#io.write(offset, width, value);
  }

  readByte(offset: number): number {
    return offset === 0 ? 0xff : this.#readRegister(this.#index);
  }

  writeByte(offset: number, value: number): void {
    if (offset === 0) this.#index = value & 0x7f;
    else this.#writeRegister(this.#index, value);
  }

  #now(): number {
    return Number(this.#clock.now());
  }

  #get(register: number): number {
    return this.#cmos[register] ?? 0;
  }

  #set(register: number, value: number): void {
    this.#cmos[register] = value;
  }

  /** SET aborts updates; the dividers in reset make none. */
  get #held(): boolean {
    return (this.#get(REGISTER_B) & B_SET) !== 0 || this.#dividerReset;
  }

  get #dividerReset(): boolean {
    return (this.#get(REGISTER_A) & A_DIVIDER_RESET) === A_DIVIDER_RESET;
  }

  #readRegister(register: number): number {
    if (TIME_REGISTERS.has(register)) {
      if (!this.#held) this.#storeTime(this.#secondsAt(this.#now()));
      return this.#get(register);
    }
    if (register === REGISTER_A) return this.#get(REGISTER_A) | (this.#updateInProgress() ? A_UIP : 0);
    if (register !== REGISTER_C) return this.#get(register);
    // REGISTER C is cleared by reading it.
    this.#settle();
    const value = this.#flags | ((this.#flags & this.#get(REGISTER_B)) !== 0 ? C_IRQF : 0);
    this.#flags = 0;
    this.#follow();
    return value;
  }

  #writeRegister(register: number, value: number): void {
    this.#settle();
    const now = this.#now();
    const held = this.#held;
    const dividerReset = this.#dividerReset;
    if (TIME_REGISTERS.has(register)) {
      if (!held) this.#storeTime(this.#secondsAt(now));
      this.#set(register, value);
      if (!held) this.#resume(now, this.#phase(now));
    } else if (register === REGISTER_A || register === REGISTER_B) {
      // Taken from the running time before the format may change.
      if (!held) this.#storeTime(this.#secondsAt(now));
      this.#set(register, register === REGISTER_A ? value & ~A_UIP : value);
      if (!held && this.#held) this.#baseNs = now - this.#phase(now);
      // The first update comes half a second after the dividers are released.
      if (held && !this.#held) this.#resume(now, dividerReset ? NS_PER_SECOND / 2 : this.#phase(now));
    } else if (register !== REGISTER_C && register !== REGISTER_D) this.#set(register, value);
    this.#follow();
  }

  // ---- Time of day --------------------------------------------------------------------------------------------------------------

  #secondsAt(ns: number): number {
    return this.#baseSeconds + Math.floor((ns - this.#baseNs) / NS_PER_SECOND);
  }

  /** Nanoseconds since the last update. */
  #phase(ns: number): number {
    const since = (ns - this.#baseNs) % NS_PER_SECOND;
    return since < 0 ? since + NS_PER_SECOND : since;
  }

  #updateInProgress(): boolean {
    return !this.#held && this.#phase(this.#now()) >= NS_PER_SECOND - UPDATE_NS;
  }

  /** Time goes on from what the registers say. */
  #resume(now: number, phase: number): void {
    const binary = (register: number): number => this.#decode(this.#get(register));
    this.#baseSeconds = secondsOf({
      year: binary(RTC_CENTURY) * 100 + binary(YEAR),
      month: binary(MONTH),
      day: binary(DAY),
      hour: this.#decodeHour(this.#get(HOURS)),
      minute: binary(MINUTES),
      second: binary(SECONDS),
    });
    this.#baseNs = now - phase;
  }

  /** DEVIATION: the day of the week follows the date; the MC146818 counts what was written there. */
  #storeTime(seconds: number): void {
    const time = calendarOf(seconds);
    this.#set(SECONDS, this.#encode(time.second));
    this.#set(MINUTES, this.#encode(time.minute));
    this.#set(HOURS, this.#encodeHour(time.hour));
    this.#set(DAY_OF_WEEK, this.#encode(time.weekday));
    this.#set(DAY, this.#encode(time.day));
    this.#set(MONTH, this.#encode(time.month));
    this.#set(YEAR, this.#encode(time.year % 100));
    this.#set(RTC_CENTURY, this.#encode(Math.floor(time.year / 100) % 100));
  }

  /** REGISTER B, DM: binary or packed BCD. */
  #encode(value: number): number {
    return (this.#get(REGISTER_B) & B_DM_BINARY) !== 0 ? value : toBcd(value);
  }

  #decode(byte: number): number {
    return (this.#get(REGISTER_B) & B_DM_BINARY) !== 0 ? byte : fromBcd(byte);
  }

  /** REGISTER B, 24/12: in 12-hour mode bit 7 means PM. */
  #encodeHour(hour: number): number {
    if ((this.#get(REGISTER_B) & B_24_HOURS) !== 0) return this.#encode(hour);
    return this.#encode(hour % 12 === 0 ? 12 : hour % 12) | (hour >= 12 ? 0x80 : 0);
  }

  #decodeHour(byte: number): number {
    if ((this.#get(REGISTER_B) & B_24_HOURS) !== 0) return this.#decode(byte);
    return (this.#decode(byte & 0x7f) % 12) + ((byte & 0x80) !== 0 ? 12 : 0);
  }

  // ---- Interrupts ---------------------------------------------------------------------------------------------------------------

  /** PERIODIC INTERRUPT SELECTION: crystal ticks of one period, 0 for none. Rates 1 and 2 are 256 and 128 Hz. */
  get #period(): number {
    const rate = this.#get(REGISTER_A) & 15;
    return rate === 0 || this.#dividerReset ? 0 : 1 << (rate <= 2 ? rate + 6 : rate - 1);
  }

  /** Sets the flags of all that happened since the last look. */
  #settle(): void {
    const now = this.#now();
    const since = this.#settledNs;
    this.#settledNs = now;
    if (now <= since) return;
    if (this.#nextPeriodic(since) <= now) this.#flags |= PERIODIC;
    if (this.#nextUpdate(since) <= now) this.#flags |= UPDATE;
    if (this.#nextAlarm(since) <= now) this.#flags |= ALARM;
  }

  /** IRQ follows IRQF; the next event is the first enabled one whose flag is clear. */
  #follow(): void {
    const enabled = this.#get(REGISTER_B);
    if ((this.#flags & enabled) !== 0) this.#irq.raise();
    else this.#irq.lower();
    this.#event?.cancel();
    this.#event = undefined;
    // The line is high already: nothing to tell until register C is read.
    if ((this.#flags & enabled) !== 0) return;
    const from = this.#settledNs;
    const at = Math.min(
      (enabled & PERIODIC) !== 0 ? this.#nextPeriodic(from) : Number.POSITIVE_INFINITY,
      (enabled & UPDATE) !== 0 ? this.#nextUpdate(from) : Number.POSITIVE_INFINITY,
      (enabled & ALARM) !== 0 ? this.#nextAlarm(from) : Number.POSITIVE_INFINITY,
    );
    if (at === Number.POSITIVE_INFINITY) return;
    this.#event = this.#clock.schedule(BigInt(at), () => {
      this.#settle();
      this.#follow();
    });
  }

  /** First time after `ns` at which a period ends. */
  #nextPeriodic(ns: number): number {
    const period = this.#period;
    if (period === 0) return Number.POSITIVE_INFINITY;
    return CRYSTAL.timeOf((Math.floor(CRYSTAL.ticksAt(ns) / period) + 1) * period);
  }

  #nextUpdate(ns: number): number {
    return this.#held ? Number.POSITIVE_INFINITY : ns - this.#phase(ns) + NS_PER_SECOND;
  }

  /** ALARM: hours, minutes and seconds match, where a value of C0h or more matches all. */
  #nextAlarm(ns: number): number {
    if (this.#held) return Number.POSITIVE_INFINITY;
    const want = (register: number, decode: (byte: number) => number): number => {
      const byte = this.#get(register);
      return byte >= 0xc0 ? -1 : decode(byte);
    };
    const hour = want(HOURS_ALARM, (byte) => this.#decodeHour(byte));
    const minute = want(MINUTES_ALARM, (byte) => this.#decode(byte));
    const second = want(SECONDS_ALARM, (byte) => this.#decode(byte));
    if (hour > 23 || minute > 59 || second > 59) return Number.POSITIVE_INFINITY;
    // At most 24 hours, then 60 minutes, then 60 seconds are stepped over.
    const first = this.#secondsAt(ns) + 1;
    for (let t = first; t <= first + SECONDS_PER_DAY; ) {
      const day = ((t % SECONDS_PER_DAY) + SECONDS_PER_DAY) % SECONDS_PER_DAY;
      if (hour >= 0 && Math.floor(day / 3600) !== hour) t += 3600 - (day % 3600);
      else if (minute >= 0 && Math.floor(day / 60) % 60 !== minute) t += 60 - (day % 60);
      else if (second >= 0 && day % 60 !== second) t += 1;
      else return this.#baseNs + (t - this.#baseSeconds) * NS_PER_SECOND;
    }
    return Number.POSITIVE_INFINITY;
  }
}
