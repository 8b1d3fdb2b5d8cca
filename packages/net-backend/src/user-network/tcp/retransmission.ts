/** The retransmission timeout [RFC 6298 §2, §3, §5.5]. Nanoseconds of the clock, as numbers. */
import { MILLISECOND, SECOND } from '../deadline.ts';

const INITIAL_RTO = SECOND;
const MIN_RTO = SECOND;
const MAX_RTO = 60 * SECOND;
/** G of [RFC 6298 §2]: the clock is far finer than this. */
const GRANULARITY = MILLISECOND;

export class RetransmissionTimeout {
  #srtt: number | undefined = undefined;
  #rttvar = 0;
  #rto = INITIAL_RTO;
  /** Time-outs since the last progress. */
  #backoffs = 0;
  /** The segment that is timed: acknowledged from this sequence number on; one at a time, never a retransmitted one (Karn). */
  #timed: number | undefined = undefined;
  #timedAt = 0;

  /** The time-out for now, with back-off. */
  get timeout(): number {
    return Math.min(this.#rto * 2 ** this.#backoffs, MAX_RTO);
  }

  /** Sequence number whose acknowledgment gives a sample. */
  get timed(): number | undefined {
    return this.#timed;
  }

  /** New data was sent up to `seq`. */
  sent(seq: number, now: number): void {
    if (this.#timed !== undefined) return;
    this.#timed = seq;
    this.#timedAt = now;
  }

  /** Something was sent again: what is under way no longer tells a time. */
  retransmitted(): void {
    this.#timed = undefined;
  }

  /** The timed segment was acknowledged. */
  sample(now: number): void {
    const rtt = now - this.#timedAt;
    this.#timed = undefined;
    if (this.#srtt === undefined) {
      this.#srtt = rtt;
      this.#rttvar = rtt / 2;
    } else {
      this.#rttvar = 0.75 * this.#rttvar + 0.25 * Math.abs(this.#srtt - rtt);
      this.#srtt = 0.875 * this.#srtt + 0.125 * rtt;
    }
    this.#rto = Math.min(Math.max(this.#srtt + Math.max(GRANULARITY, 4 * this.#rttvar), MIN_RTO), MAX_RTO);
  }

  /** The timer expired: twice as long from now on [RFC 6298 §5.5]. */
  backOff(): void {
    this.#backoffs++;
    this.#timed = undefined;
  }

  /** New data was acknowledged, or a probe answered. */
  progress(): void {
    this.#backoffs = 0;
  }
}
