/**
 * The guest's processor. Between tasks it takes interrupts; then come softirqs (NAPI polls), then processes, and when there is nothing it
 * waits in HLT. Everything that makes it leave the guest is counted by kind and charged.
 *
 * An interrupt sent by another thread makes a running guest leave (`kick`), unless interrupts are posted; one that comes while a handler runs,
 * or waits behind another, is injected when the guest can take it (`interruptWindow`). [SDM 3C §26.2, §28.2] The end of a level-triggered
 * interrupt leaves the guest also if interrupts are posted: the I/O APIC has to hear of it. [SDM 3C §30.1.4]
 */
import type { InterruptLine } from '@paravirt/bus';
import type { CostProfile } from '../cost/cost-profile.ts';
import type { ExitKind } from '../measures.ts';
import type { Simulation } from './simulation.ts';
import { Timeline } from './timeline.ts';

export const noExits = (): Record<ExitKind, number> => ({
  port: 0,
  mmio: 0,
  hypercall: 0,
  msr: 0,
  halt: 0,
  endOfInterrupt: 0,
  interruptWindow: 0,
  kick: 0,
});

export class Vcpu extends Timeline {
  readonly exits: Record<ExitKind, number> = noExits();
  /** Delivered. */
  interrupts = 0;
  readonly #profile: CostProfile;
  readonly #handlers: Map<number, () => void> = new Map();
  /** Vectors that wait, and whether the guest could not take them when they came. */
  readonly #pending: Map<number, { window: boolean }> = new Map();
  /** Level-triggered vectors whose line is high. */
  readonly #high: Set<number> = new Set();
  readonly #levels: Set<number> = new Set();
  readonly #softirqs: (() => void)[] = [];
  readonly #afterExit: (() => void)[] = [];
  #inExit = 0;
  #inHandler = false;
  #kicked = false;
  #halted = false;
  #waking = false;

  constructor(simulation: Simulation, profile: CostProfile) {
    super(simulation, 'vcpu');
    this.#profile = profile;
  }

  /** Nothing to do, and no interrupt on its way. */
  get halted(): boolean {
    return this.#halted && !this.#waking;
  }

  /** True while the host works within an exit of this processor. */
  get inExit(): boolean {
    return this.#inExit > 0;
  }

  /** The guest's handler of `vector`, 32 to 255. */
  handle(vector: number, handler: () => void): void {
    this.#handlers.set(vector, handler);
  }

  /** Runs `run` before any process, one task each. */
  softirq(run: () => void): void {
    this.#softirqs.push(run);
    this.look();
  }

  /** Leaves the guest, has `work` done by the host, goes on. `user`: user space answers. */
  exit<T>(kind: ExitKind, user: boolean, work: () => T): T {
    const { exits, userExit } = this.#profile;
    this.exits[kind]++;
    this.charge(exits[kind] + (user ? userExit : 0), 'host');
    this.#inExit++;
    const result = work();
    if (this.#inExit === 1) for (let run = this.#afterExit.shift(); run !== undefined; run = this.#afterExit.shift()) run();
    this.#inExit--;
    return result;
  }

  /** Runs `run` before the present exit ends. */
  beforeEntry(run: () => void): void {
    this.#afterExit.push(run);
  }

  /** An edge for the local APIC, from whatever task sends it. */
  interrupt(vector: number): void {
    const { simulation } = this;
    simulation.charge(this.#profile.injection, 'host');
    if (simulation.current === this) {
      // Sent within an exit: it is there at the entry that ends it.
      if (!this.#pending.has(vector)) this.#pending.set(vector, { window: this.#inHandler });
      return;
    }
    if (this.halted) simulation.charge(this.#profile.wake, 'host');
    simulation.schedule(simulation.now, () => this.#arrive(vector));
  }

  /** An input of the I/O APIC that is level-triggered and sends `vector`. */
  level(vector: number): InterruptLine {
    this.#levels.add(vector);
    return {
      raise: () => {
        if (this.#high.has(vector)) return;
        this.#high.add(vector);
        this.interrupt(vector);
      },
      lower: () => {
        this.#high.delete(vector);
      },
    };
  }

  protected override take(): (() => void) | undefined {
    if (this.#halted) {
      // A process that is ready now (a workload begins) needs no interrupt; one is on its way otherwise.
      if (this.waiting + this.#softirqs.length === 0) return undefined;
      this.#halted = false;
    }
    const vector = Math.max(...this.#pending.keys());
    if (vector > 0) return () => this.#deliver(vector);
    return this.#softirqs.shift() ?? super.take() ?? (() => this.#halt());
  }

  #halt(): void {
    this.exit('halt', false, () => undefined);
    this.#halted = true;
  }

  #arrive(vector: number): void {
    if (this.#pending.has(vector)) return;
    const running = this.freeAt > this.simulation.eventTime;
    this.#pending.set(vector, { window: running && this.#inHandler });
    if (this.#halted) {
      this.#wake();
      return;
    }
    if (!this.#profile.posted && running && !this.#kicked) {
      this.#kicked = true;
      this.exits.kick++;
      this.prolong(this.#profile.exits.kick);
    }
    this.look();
  }

  #wake(): void {
    if (this.#waking) return;
    this.#waking = true;
    this.simulation.schedule(this.simulation.eventTime + this.#profile.guestWake, () => {
      this.#waking = false;
      this.#halted = false;
      this.look();
    });
  }

  #deliver(vector: number): void {
    const { interruptEntry, posted } = this.#profile;
    const { window } = this.#pending.get(vector) ?? { window: false };
    this.#pending.delete(vector);
    this.#kicked = false;
    if (window && !posted) this.exit('interruptWindow', false, () => undefined);
    for (const waiting of this.#pending.values()) waiting.window = true;
    this.interrupts++;
    this.charge(interruptEntry, 'guest');
    this.#inHandler = true;
    this.#handlers.get(vector)?.();
    const level = this.#levels.has(vector);
    if (!posted || level) this.exit('endOfInterrupt', false, () => undefined);
    // Still asserted at the end of the interrupt: it comes again. [SDM 3A §11.8.5]
    if (level && this.#high.has(vector)) this.#pending.set(vector, { window: false });
    // The handler is done when its time has passed: what comes before that finds interrupts off.
    this.simulation.schedule(this.time, () => {
      this.#inHandler = false;
    });
  }
}
