/**
 * One counter of an 8254 programmable interval timer. [8254] Section titles in the comments are the
 * datasheet's.
 *
 * Nothing counts: a counter keeps the tick at which its counting element was loaded and works out count and OUT from the present tick.
 * Events are scheduled only for a counter whose OUT is wired to a line, and only for the edges that matter to it: the one-clock low pulse
 * of modes 2, 4 and 5 is made at its end. Edges closer than `MIN_SPACING_NS` are merged.
 */
import type { Clock, InterruptLine, Timer } from '@paravirt/bus';
import { MIN_SPACING_NS, PIT_HZ, TickRate } from './tick-rate.ts';

/** MODE DEFINITIONS. */
export type PitMode = 0 | 1 | 2 | 3 | 4 | 5;
/** READ/WRITE: least significant byte only, most significant only, least then most. */
export type PitAccess = 1 | 2 | 3;

const RATE = new TickRate(PIT_HZ);
const STATUS_OUT = 0x80;
const STATUS_NULL_COUNT = 0x40;

const toBcd = (n: number): number =>
  (n % 10) | ((Math.floor(n / 10) % 10) << 4) | ((Math.floor(n / 100) % 10) << 8) | ((Math.floor(n / 1000) % 10) << 12);
const fromBcd = (n: number): number => (n & 15) + 10 * ((n >> 4) & 15) + 100 * ((n >> 8) & 15) + 1000 * ((n >> 12) & 15);

export class PitCounter {
  readonly #clock: Clock;
  readonly #line: InterruptLine | undefined;
  #mode: PitMode = 0;
  #access: PitAccess = 3;
  #bcd = false;
  #gate: boolean;
  /** The count register as a number of ticks; 0: none written since the control word. */
  #reload = 0;
  /** Ticks of the cycle in the counting element, and the tick at which it was loaded (that tick itself may be still to come). */
  #count = 0;
  #base = 0;
  #counting = false;
  /** Ticks counted when the gate went low in modes 0 and 4; undefined: the gate is high. */
  #paused: number | undefined = undefined;
  /** Tick at which a count was written that is loaded at the end of the running (half) cycle; undefined: none. */
  #rewritten: number | undefined = undefined;
  /** Content of the counting element while it does not count. */
  #residue = 0;
  /** OUT before a trigger that has not reached the counting element yet. */
  #outBefore = true;
  #firstByte: number | undefined = undefined;
  #readHigh = false;
  #latchedCount: number | undefined = undefined;
  #latchedStatus: number | undefined = undefined;
  #event: Timer | undefined = undefined;

  /** `line` follows OUT; `gate` is the initial level of GATE. */
  constructor(clock: Clock, gate: boolean, line?: InterruptLine) {
    this.#clock = clock;
    this.#gate = gate;
    this.#line = line;
  }

  /** CONTROL WORD FORMAT: all of the counter's logic is reset, OUT takes its initial state. Modes 6 and 7 are 2 and 3. */
  control(mode: PitMode, access: PitAccess, bcd: boolean): void {
    this.#halt();
    this.#mode = mode;
    this.#access = access;
    this.#bcd = bcd;
    this.#reload = 0;
    this.#rewritten = undefined;
    this.#firstByte = undefined;
    this.#readHigh = false;
    this.#latchedCount = undefined;
    this.#latchedStatus = undefined;
    this.#schedule();
  }

  /** Write Operations: a byte of the count. */
  writeByte(value: number): void {
    if (this.#access === 3 && this.#firstByte === undefined) {
      this.#firstByte = value;
      // MODE 0: writing the first byte disables counting and sets OUT low.
      if (this.#mode === 0) this.#halt();
      this.#schedule();
      return;
    }
    const raw = this.#access === 1 ? value : this.#access === 2 ? value << 8 : (this.#firstByte ?? 0) | (value << 8);
    this.#firstByte = undefined;
    this.#load(this.#bcd ? fromBcd(raw) || 10_000 : raw || 0x1_0000);
    this.#schedule();
  }

  /** Read Operations: status if latched, else the latched count, else the count as it is. */
  readByte(): number {
    if (this.#latchedStatus !== undefined) {
      const status = this.#latchedStatus;
      this.#latchedStatus = undefined;
      return status;
    }
    const count = this.#latchedCount ?? this.#counterValue();
    const high = this.#access === 2 || (this.#access === 3 && this.#readHigh);
    if (this.#access === 3) this.#readHigh = !this.#readHigh;
    if (this.#access !== 3 || high) this.#latchedCount = undefined;
    return high ? count >> 8 : count & 0xff;
  }

  /** COUNTER LATCH COMMAND: ignored while an earlier latch has not been read. */
  latchCount(): void {
    this.#latchedCount ??= this.#counterValue();
  }

  /** READ-BACK COMMAND, status part. */
  latchStatus(): void {
    if (this.#latchedStatus !== undefined) return;
    const tick = this.#settle();
    this.#latchedStatus =
      (this.#outAt(tick) ? STATUS_OUT : 0) |
      (this.#nullCountAt(tick) ? STATUS_NULL_COUNT : 0) |
      (this.#access << 4) |
      (this.#mode << 1) |
      (this.#bcd ? 1 : 0);
  }

  get out(): boolean {
    return this.#outAt(this.#settle());
  }

  get gate(): boolean {
    return this.#gate;
  }

  /** Gate Pin Operations Summary. */
  set gate(high: boolean) {
    if (high === this.#gate) return;
    const tick = this.#settle();
    this.#gate = high;
    switch (this.#mode) {
      case 0:
      case 4:
        if (!high) this.#paused = tick - this.#base;
        else if (this.#paused !== undefined) {
          this.#base = tick - this.#paused;
          this.#paused = undefined;
        }
        break;
      case 1:
      case 5:
        if (high && this.#reload !== 0) {
          this.#outBefore = this.#outAt(tick);
          this.#start(tick);
        }
        break;
      case 2:
      case 3:
        if (!high) this.#halt();
        else if (this.#reload !== 0) this.#start(tick);
        break;
    }
    this.#schedule();
  }

  /** A whole count was written. */
  #load(count: number): void {
    const tick = this.#settle();
    this.#reload = count;
    switch (this.#mode) {
      case 0:
      case 4:
        this.#start(tick);
        this.#paused = this.#gate ? undefined : 0;
        break;
      case 1:
      case 5:
        break; // A trigger loads it.
      case 2:
      case 3:
        if (this.#counting && tick >= this.#base) this.#rewritten = tick;
        else if (this.#gate) this.#start(tick);
        break;
    }
  }

  /** The counting element is loaded on the next clock pulse. */
  #start(tick: number): void {
    this.#residue = this.#rawCountAt(tick);
    this.#count = this.#reload;
    this.#base = tick + 1;
    this.#counting = true;
    this.#rewritten = undefined;
  }

  #halt(): void {
    this.#residue = this.#rawCountAt(this.#settle());
    this.#counting = false;
    this.#paused = undefined;
    this.#rewritten = undefined;
  }

  /** The present tick; a count written in modes 2 and 3 is loaded if the (half) cycle in which it was written has ended. */
  #settle(): number {
    const tick = RATE.ticksAt(Number(this.#clock.now()));
    if (this.#rewritten === undefined) return tick;
    const cycle = this.#base + Math.floor((this.#rewritten - this.#base) / this.#count) * this.#count;
    const half = cycle + Math.ceil(this.#count / 2);
    const atHalf = this.#mode === 3 && this.#rewritten < half;
    const end = atHalf ? half : cycle + this.#count;
    if (tick < end) return tick;
    this.#count = this.#reload;
    // Loaded at the middle: the new count's low half follows.
    this.#base = atHalf ? end - Math.ceil(this.#count / 2) : end;
    this.#rewritten = undefined;
    return tick;
  }

  #elapsed(tick: number): number {
    return this.#paused ?? tick - this.#base;
  }

  #nullCountAt(tick: number): boolean {
    if (this.#rewritten !== undefined || this.#reload === 0 || !this.#counting) return true;
    return this.#elapsed(tick) < 0 || ((this.#mode === 1 || this.#mode === 5) && this.#count !== this.#reload);
  }

  #outAt(tick: number): boolean {
    const elapsed = this.#elapsed(tick);
    switch (this.#mode) {
      case 0:
        return this.#counting && elapsed >= this.#count;
      case 1:
        return !this.#counting || (elapsed < 0 ? this.#outBefore : elapsed >= this.#count);
      case 2:
        return !this.#counting || elapsed < 0 || elapsed % this.#count !== this.#count - 1;
      case 3:
        return !this.#counting || elapsed < 0 || elapsed % this.#count < Math.ceil(this.#count / 2);
      case 4:
      case 5:
        return !this.#counting || elapsed !== this.#count;
    }
  }

  /** The counting element as a number of ticks. */
  #rawCountAt(tick: number): number {
    const elapsed = this.#elapsed(tick);
    if (!this.#counting || elapsed < 0) return this.#residue;
    const modulus = this.#bcd ? 10_000 : 0x1_0000;
    switch (this.#mode) {
      case 2:
        return this.#count - (elapsed % this.#count);
      case 3: {
        // MODE 3: decremented by two, an odd count loaded one less; its high half is one clock longer.
        const phase = elapsed % this.#count;
        const high = Math.ceil(this.#count / 2);
        return (this.#count & ~1) - 2 * (phase < high ? phase : phase - high);
      }
      default:
        return (((this.#count - elapsed) % modulus) + modulus) % modulus;
    }
  }

  #counterValue(): number {
    const count = this.#rawCountAt(this.#settle());
    return this.#bcd ? toBcd(count % 10_000) : count & 0xffff;
  }

  #drive(high: boolean): void {
    if (high) this.#line?.raise();
    else this.#line?.lower();
  }

  /** Sets the line to OUT as it is and schedules its next edge. */
  #schedule(): void {
    if (this.#line === undefined) return;
    this.#event?.cancel();
    this.#event = undefined;
    const tick = this.#settle();
    this.#drive(this.#outAt(tick));
    this.#scheduleNext(tick);
  }

  #scheduleNext(tick: number): void {
    const at = this.#nextEdge(tick);
    this.#event =
      at === undefined
        ? undefined
        : this.#clock.schedule(BigInt(RATE.timeOf(at)), () => {
            const now = this.#settle();
            // An edge is an edge even if the level that came before it was too short to be told.
            if (this.#outAt(now)) this.#drive(false);
            this.#drive(this.#outAt(now));
            this.#scheduleNext(now);
          });
  }

  /** The tick of the next edge that the line must see; undefined: none will come without a write or a gate edge. */
  #nextEdge(tick: number): number | undefined {
    const elapsed = tick - this.#base;
    if (!this.#counting || this.#paused !== undefined) return undefined;
    switch (this.#mode) {
      case 0:
        return elapsed < this.#count ? this.#base + this.#count : undefined;
      case 1:
        return elapsed < 0 ? this.#base : elapsed < this.#count ? this.#base + this.#count : undefined;
      case 4:
      case 5:
        return elapsed <= this.#count ? this.#base + this.#count + 1 : undefined;
      case 2:
      case 3: {
        const soonest = RATE.ticksAt(Number(this.#clock.now()) + MIN_SPACING_NS) - this.#base;
        const high = Math.ceil(this.#count / 2);
        const phase = elapsed < 0 ? 0 : elapsed % this.#count;
        const cycle = Math.max(elapsed, 0) - phase;
        if (this.#mode === 3 && phase < high && cycle + high >= soonest) return this.#base + cycle + high;
        return this.#base + Math.max(cycle + this.#count, Math.ceil(soonest / this.#count) * this.#count);
      }
    }
  }
}
