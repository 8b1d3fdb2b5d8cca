/**
 * The entropy device. [virtio 1.2 §5.4] One queue of buffers to fill with random bytes; at least one byte of each is filled, and never
 * more than a fixed amount, whatever the driver asks for.
 */
import type { DriverSession, VirtioDevice } from '../device.ts';
import type { FeatureRequirement, FeatureSet } from '../features.ts';

export interface VirtioRngOptions {
  /** Fills the whole array with random bytes; the array is the device's. In a browser or in Node: `(a) => crypto.getRandomValues(a)`. */
  readonly fill: (into: Uint8Array) => void;
  /** Default 64. */
  readonly queueSize?: number;
}

/** Bytes that one request gets at most. */
const MAX_REQUEST = 65536;

/** Other system peripheral. [PCI 3.0 Appendix D] */
export const RNG_CLASS_CODE = 0x08_8000;

export class VirtioRng implements VirtioDevice {
  readonly name = 'virtio-rng';
  readonly deviceId = 4;
  readonly features: FeatureSet = 0n;
  readonly featureRequirements: readonly FeatureRequirement[] = [];
  readonly queueSizes: readonly number[];
  readonly configSize: number = 0;
  readonly #fill: (into: Uint8Array) => void;
  readonly #buffer: Uint8Array = new Uint8Array(MAX_REQUEST);
  #session: DriverSession | undefined = undefined;

  constructor(options: VirtioRngOptions) {
    this.#fill = options.fill;
    this.queueSizes = [options.queueSize ?? 64];
  }

  readConfig(): number {
    return 0;
  }

  writeConfig(): void {}

  activate(session: DriverSession): boolean {
    this.#session = session;
    return session.queue(0) !== undefined;
  }

  reset(): void {
    this.#session = undefined;
  }

  /** Serves at most as many requests as the queue holds. */
  notify(): void {
    const session = this.#session;
    const queue = session?.queue(0);
    if (session === undefined || queue === undefined) return;
    for (let left = queue.size; ; left--) {
      const chain = queue.pop();
      if (chain === undefined) {
        if (!queue.requestKicks()) break;
      } else if (left <= 0) {
        queue.undo(chain);
        session.notifyLater(0);
        break;
      } else {
        const bytes = this.#buffer.subarray(0, Math.min(chain.writer.length, MAX_REQUEST));
        this.#fill(bytes);
        queue.push(chain, chain.writer.write(bytes));
      }
    }
    session.interrupt(0);
  }

  queueReset(): void {}
}
