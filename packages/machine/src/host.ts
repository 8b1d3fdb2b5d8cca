/**
 * What the run loop needs of the platform that it runs on: a monotonic time, and to let the platform's other work (sockets, the keyboard)
 * happen. The default works in Node and in browsers; tests bring their own.
 */

export interface Host {
  /** Milliseconds, with fractions; never decreases. */
  now(): number;
  /** Resolves after events that are waiting have been handled. */
  turn(): Promise<void>;
  /** Resolves after about `ms` milliseconds (Infinity: never), or as soon as `wake` is called. */
  sleep(ms: number): Sleep;
}

export interface Sleep {
  /** True: the time is over; false: it was ended before. */
  readonly done: Promise<boolean>;
  /** Ends the sleep now. Idempotent. */
  wake(): void;
}

/** The parts of the platform's globals that are used; the language's own library declares none of them. */
interface Platform {
  readonly performance: { now(): number };
  readonly setTimeout: (run: () => void, ms: number) => unknown;
  readonly clearTimeout: (timer: unknown) => void;
  readonly setImmediate?: (run: () => void) => unknown;
  readonly MessageChannel: new () => {
    readonly port1: { onmessage: (() => void) | null };
    readonly port2: { postMessage(message: unknown): void };
  };
}

/** Longer timeouts overflow the platform's 32-bit milliseconds. */
const LONGEST_TIMEOUT = 0x7fff_ffff;

/** Node's or the browser's event loop. */
export function platformHost(): Host {
  const platform = globalThis as unknown as Platform;
  return { now: () => platform.performance.now(), turn: makeTurn(platform), sleep: (ms) => sleep(platform, ms) };
}

/** setImmediate where there is one: it runs after sockets were polled. A message to oneself elsewhere: timers would wait 4 ms. */
function makeTurn(platform: Platform): () => Promise<void> {
  const { setImmediate } = platform;
  if (setImmediate !== undefined)
    return () =>
      new Promise((resolve) => {
        setImmediate(resolve);
      });
  const channel = new platform.MessageChannel();
  let waiting: (() => void)[] = [];
  channel.port1.onmessage = (): void => {
    const ready = waiting;
    waiting = [];
    for (const resolve of ready) resolve();
  };
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      channel.port2.postMessage(0);
    });
}

function sleep(platform: Platform, ms: number): Sleep {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  // A timer also for an endless sleep: it keeps Node's process alive as long as the guest may be woken.
  const timer = platform.setTimeout(() => resolve(ms <= LONGEST_TIMEOUT), Math.min(ms, LONGEST_TIMEOUT));
  return {
    done: promise,
    wake: (): void => {
      platform.clearTimeout(timer);
      resolve(false);
    },
  };
}
