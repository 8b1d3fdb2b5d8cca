/**
 * When a device looks at its rings after a doorbell: at once, put off to a later turn of the host, when a timer ends, or by polling until
 * the driver has nothing more. The device says how to look and how to ask for no doorbells; when is decided here, for all cards alike.
 *
 *   none, packets    look                             timer    suppress … look
 *   place deferred   (later) look                     poll     look, suppress … look, suppress … look (nothing): doorbells again
 */
import type { Clock, Timer } from './clock.ts';
import { ConfigurationError } from './errors.ts';
import type { Mitigation } from './mitigation.ts';

export interface PickupOptions {
  /** Needed by the mitigations `timer` and `poll`. */
  readonly clock?: Clock | undefined;
  readonly mitigation: Mitigation;
  /** Runs something soon, not within the call: where a device looks that is not asked in the exit itself. Absent: it looks at once. */
  readonly defer?: ((run: () => void) => void) | undefined;
  /**
   * Does what the driver has posted, bounded work a call, and says whether there was any. Before it returns it wants doorbells again and
   * has looked once more after having said so, or has seen to it that it is called again: nothing may be left that no doorbell will tell.
   */
  readonly look: () => boolean;
  /** The ring will be looked at anyway: no doorbells until then, please. */
  readonly suppress?: (() => void) | undefined;
}

export class Pickup {
  readonly #clock: Clock | undefined;
  readonly #mitigation: Mitigation;
  readonly #defer: ((run: () => void) => void) | undefined;
  readonly #look: () => boolean;
  readonly #suppress: (() => void) | undefined;
  #timer: Timer | undefined = undefined;
  /** A look was put off and has not come yet. */
  #deferred = false;
  #polling = false;
  /** The doorbell rang while polling, since the last look began. */
  #heard = false;
  /** Looks in a row that found nothing. */
  #idle = 0;
  /** Counts stops, so that what was put off before does nothing. */
  #life = 0;

  /** @throws ConfigurationError `mitigation-clock`: a timer or polling without a clock. */
  constructor({ clock, mitigation, defer, look, suppress }: PickupOptions) {
    if ((mitigation.kind === 'timer' || mitigation.kind === 'poll') && clock === undefined)
      throw new ConfigurationError('mitigation-clock', `the mitigation ${mitigation.kind} needs a clock`, mitigation);
    this.#clock = clock;
    this.#mitigation = mitigation;
    this.#defer = defer;
    this.#look = look;
    this.#suppress = suppress;
  }

  /** The driver rang the doorbell; it may do so within `look`. */
  rung(): void {
    switch (this.#mitigation.kind) {
      case 'none':
      case 'packets':
        this.#handOver(this.#look);
        return;
      case 'timer':
        this.#rungWithTimer(this.#mitigation.ns);
        return;
      case 'poll':
        this.#rungWithPoll();
        return;
    }
  }

  /** Nothing that is under way happens any more; the next ring begins anew. */
  stop(): void {
    this.#life++;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#deferred = false;
    this.#polling = false;
  }

  /** A driver that rings although a timer is running is in need: its ring is full, or it heeds no suppression. */
  #rungWithTimer(ns: number): void {
    if (this.#timer !== undefined) {
      this.#timer.cancel();
      this.#timer = undefined;
      this.#handOver(this.#look);
    } else if (!this.#deferred) {
      this.#after(ns, this.#look);
      this.#suppress?.();
    }
  }

  #rungWithPoll(): void {
    this.#heard = true;
    if (this.#polling) return;
    this.#polling = true;
    this.#idle = 0;
    if (this.#defer !== undefined) this.#suppress?.();
    this.#handOver(() => this.#poll());
  }

  #poll(): void {
    const life = this.#life;
    this.#heard = false;
    const found = this.#look();
    if (life !== this.#life || this.#mitigation.kind !== 'poll') return;
    const { ns, rounds } = this.#mitigation;
    // A ring within the look may have come after its last glance at the ring.
    this.#idle = found || this.#heard ? 0 : this.#idle + 1;
    if (this.#idle < rounds) {
      this.#after(ns, () => this.#poll());
      this.#suppress?.();
    } else this.#polling = false;
  }

  /** At once, or put off: several calls before it runs are one. */
  #handOver(run: () => void): void {
    if (this.#defer === undefined) {
      run();
      return;
    }
    if (this.#deferred) return;
    this.#deferred = true;
    const life = this.#life;
    this.#defer(() => {
      if (life !== this.#life) return;
      this.#deferred = false;
      run();
    });
  }

  #after(ns: number, run: () => void): void {
    const clock = this.#clock;
    if (clock === undefined) return;
    this.#timer = clock.schedule(clock.now() + BigInt(ns), () => {
      this.#timer = undefined;
      run();
    });
  }
}
