/**
 * The PC/AT's 8254 at ports 40h–43h [8254], and system control port B at 61h, which holds the gate of counter 2. [ICH9 §13.7.1 "NMI
 * Status and Control Register"]
 *
 * Counter 0 is the system timer (IRQ 0), counter 1 once clocked memory refresh, counter 2 the speaker. GATE 0 and 1 are tied high.
 */
import type { Clock, InterruptLine, IoHandler } from '@paravirt/bus';
import { byteWide } from './byte-registers.ts';
import { type PitAccess, PitCounter, type PitMode } from './pit-counter.ts';

export interface PitOptions {
  readonly clock: Clock;
  /** OUT of counter 0. */
  readonly irq: InterruptLine;
}

/** Port 61h: gate of counter 2, speaker data, parity and channel check disable are stored; refresh toggle and OUT 2 are live. */
const GATE_2 = 0x01;
const STORED = 0x0f;
const REFRESH_TOGGLE = 0x10;
const OUT_2 = 0x20;
/** Memory was refreshed every 15.085 µs; software times with the toggle. */
const REFRESH_NS = 15_085;

const CONTROL = 3;

export class Pit {
  /** Ports 40h–43h. */
  readonly ports: IoHandler;
  /** Port 61h. */
  readonly systemControlB: IoHandler;
  readonly #clock: Clock;
  readonly #counters: readonly [PitCounter, PitCounter, PitCounter];
  #controlB = 0;

  constructor(options: PitOptions) {
    this.#clock = options.clock;
    this.#counters = [
      new PitCounter(options.clock, true, options.irq),
      new PitCounter(options.clock, true),
      new PitCounter(options.clock, false),
    ];
    this.ports = byteWide(4, {
      readByte: (offset) => (offset === CONTROL ? 0xff : (this.#counters[offset] as PitCounter).readByte()),
      writeByte: (offset, value) => {
        if (offset === CONTROL) this.#control(value);
        else this.#counters[offset]?.writeByte(value);
      },
    });
    this.systemControlB = byteWide(1, {
      readByte: () => this.#controlB | this.#refreshToggle() | (this.#counters[2].out ? OUT_2 : 0),
      writeByte: (_, value) => {
        this.#controlB = value & STORED;
        this.#counters[2].gate = (value & GATE_2) !== 0;
      },
    });
  }

  /** The 8254 has no reset: its state is undefined after power-on. Here every counter waits for a count in mode 0, OUT low. */
  reset(): void {
    this.#controlB = 0;
    this.#counters[2].gate = false;
    for (const counter of this.#counters) counter.control(0, 3, false);
  }

  /** CONTROL WORD FORMAT; SC = 3 is the READ-BACK COMMAND, RW = 0 the COUNTER LATCH COMMAND. */
  #control(value: number): void {
    const select = value >> 6;
    if (select === 3) {
      for (const [i, counter] of this.#counters.entries()) {
        if ((value & (2 << i)) === 0) continue;
        if ((value & 0x20) === 0) counter.latchCount();
        if ((value & 0x10) === 0) counter.latchStatus();
      }
      return;
    }
    const counter = this.#counters[select] as PitCounter;
    const access = (value >> 4) & 3;
    if (access === 0) {
      counter.latchCount();
      return;
    }
    const mode = (value >> 1) & 7;
    counter.control((mode > 5 ? mode - 4 : mode) as PitMode, access as PitAccess, (value & 1) !== 0);
  }

  #refreshToggle(): number {
    return Math.floor(Number(this.#clock.now()) / REFRESH_NS) % 2 === 1 ? REFRESH_TOGGLE : 0;
  }
}
