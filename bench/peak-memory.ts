/** The most memory that a process of ours ever had resident, from the kernel's own high-water mark [proc(5), "VmHWM"]. */
import { readFileSync } from 'node:fs';

export class PeakMemory {
  /** In bytes; 0 where the system does not tell. */
  bytes = 0;
  readonly #timer: NodeJS.Timeout;

  /** Watches until `stop`. The mark only grows, so looking now and then misses nothing but the last moments. */
  constructor(pid: number) {
    const look = (): void => {
      try {
        const match = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
        this.bytes = Math.max(this.bytes, Number(match?.[1] ?? 0) * 1024);
      } catch {
        // Not Linux, or the process has ended.
      }
    };
    this.#timer = setInterval(look, 100);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
