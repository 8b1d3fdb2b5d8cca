/**
 * How far the lab is, on standard error: points done and in all, what is under way, about how long it will take. On a terminal it is one line
 * that is rewritten; elsewhere a line now and then, so that logs stay short.
 */
import { type Point, pointName } from '@paravirt/lab';
import type { ProgressStream } from '../image/progress.ts';
import type { Outcome } from './outcome.ts';

/** Without a terminal, in ms. */
const LINE_INTERVAL = 15_000;
/** In ms: what a point of each kind takes, as long as none was measured. Those of Linux boot a guest. */
const GUESS: Readonly<Record<Point['driver'], number>> = { model: 200, linux: 20_000 };

export interface LabProgressOptions {
  readonly stream: ProgressStream;
  readonly points: readonly Point[];
  /** Who measures at once, as far as is known; for the estimate before there is a better one. */
  readonly workers: number;
  /** Real time in ms. */
  readonly now?: () => number;
}

export class LabProgress {
  readonly #stream: ProgressStream;
  readonly #total: number;
  readonly #workers: number;
  readonly #now: () => number;
  readonly #left: Map<string, Point>;
  readonly #took: Record<Point['driver'], { count: number; ms: number }> = { model: { count: 0, ms: 0 }, linux: { count: 0, ms: 0 } };
  #present = '';
  #shown = false;
  #lineAt: number;

  constructor({ stream, points, workers, now = () => performance.now() }: LabProgressOptions) {
    this.#stream = stream;
    this.#total = points.length;
    this.#workers = Math.max(1, workers);
    this.#now = now;
    this.#lineAt = now();
    this.#left = new Map(points.map((point) => [pointName(point), point]));
  }

  started(point: Point): void {
    this.#present = pointName(point);
    this.#update();
  }

  /** An outcome; those that were known before the start do not tell how long others take. */
  done({ result, host }: Outcome, before = false): void {
    const name = pointName(result.point);
    if (!this.#left.delete(name)) return;
    const took = this.#took[result.point.driver];
    if (!before) {
      took.count++;
      took.ms += host.wall / 1e6;
    }
    this.#present = name;
    this.#update();
  }

  /** A line that stays. */
  notice(text: string): void {
    this.end();
    this.#stream.write(`paravirt: ${text}\n`);
  }

  /** Erases what is shown. Idempotent. */
  end(): void {
    if (this.#shown) this.#stream.write('\r\x1b[K');
    this.#shown = false;
  }

  #update(): void {
    if (this.#stream.isTTY === true) {
      const columns = Math.max((this.#stream.columns ?? 80) - 1, 20);
      this.#stream.write(`\r\x1b[K${this.#line().slice(0, columns)}`);
      this.#shown = true;
    } else if (this.#left.size === 0 || this.#now() - this.#lineAt >= LINE_INTERVAL) {
      this.#lineAt = this.#now();
      this.#stream.write(`${this.#line()}\n`);
    }
  }

  #line(): string {
    const seconds = this.#estimate();
    const left = seconds === undefined || this.#left.size === 0 ? '' : `, about ${duration(seconds)} left`;
    return `${this.#total - this.#left.size}/${this.#total}${left}: ${this.#present}`;
  }

  /** Seconds: what is left, at the mean time of its kind, divided among the workers. */
  #estimate(): number | undefined {
    if (this.#took.model.count + this.#took.linux.count === 0) return undefined;
    let ms = 0;
    for (const { driver } of this.#left.values()) {
      const took = this.#took[driver];
      ms += took.count === 0 ? GUESS[driver] : took.ms / took.count;
    }
    return ms / 1000 / Math.min(this.#workers, Math.max(1, this.#left.size));
  }
}

/** `8 s`, `3 min`, `1 h 20 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds));
  if (whole < 100) return `${whole} s`;
  const minutes = Math.ceil(whole / 60);
  if (minutes < 100) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
