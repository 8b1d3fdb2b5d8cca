/**
 * The side that measures: `paravirt lab worker`. It waits for runs that are offered by the same program, takes one point at a time for each of its
 * processes, tells the outcome and acknowledges the point after that. The server hears of it while a point is under way; when it does not any
 * more, it gives the point to another worker.
 */
import { type Consumer, type JetStreamClient, type JsMsg, jetstream } from '@nats-io/jetstream';
import type { Point } from '@paravirt/lab';
import { ARCHITECTURES, type Architecture } from '../circumstances.ts';
import { hostMachine } from '../host-machine.ts';
import type { Equipment, ImageFiles } from '../measure.ts';
import { MeasuringProcess } from '../measuring-process.ts';
import type { Outcome } from '../outcome.ts';
import { SteadyMeasurer } from '../steady-measurer.ts';
import { fetchFile } from './file-store.ts';
import { listenToOffers, type OfferedRun } from './offered-runs.ts';
import { decodePoint, encodeOutcome, MOST_DELIVERIES, OFFER_LIFETIME, WORKERS, WORKING_INTERVAL } from './protocol.ts';
import { connectTo, type Server } from './server.ts';

export interface WorkerOptions {
  readonly address: string;
  /** As `buildName` tells it. */
  readonly build: string;
  /** Processes that measure. */
  readonly count: number;
  readonly notice: (text: string) => void;
}

/** In ms, the least that the client allows: how long a worker waits for a point of one run before it looks at others. */
const PATIENCE = 1_000;
/** In ms. */
const IDLE_INTERVAL = 250;
/** Works until the signal is aborted. @throws UsageError if there is no such server, Error if it is lost for good */
export async function work(options: WorkerOptions, signal: AbortSignal): Promise<void> {
  const server = await connectTo(options.address, 'paravirt lab worker');
  const { connection } = server;
  const ended = new AbortController();
  const end = (): void => ended.abort();
  signal.addEventListener('abort', end);
  let failure: Error | undefined;
  void connection.closed().then((error) => {
    if (error instanceof Error) failure = new Error(`the NATS server is lost: ${error.message}`);
    end();
  });
  try {
    const runs = listenToOffers(server, options);
    options.notice(`waiting for work of paravirt ${options.build} at ${options.address}`);
    const slots = Array.from({ length: options.count }, () => new Slot(server, runs, options.notice));
    ended.signal.addEventListener('abort', () => {
      for (const slot of slots) slot.end();
    });
    await Promise.all(slots.map((slot) => slot.work(ended.signal)));
  } finally {
    signal.removeEventListener('abort', end);
    end();
    await connection.drain().catch(() => connection.close());
  }
  if (failure !== undefined) throw failure;
}

/** One process that measures, and the point that it has. */
class Slot {
  readonly #client: JetStreamClient;
  readonly #server: Server;
  readonly #runs: ReadonlyMap<string, OfferedRun>;
  readonly #notice: (text: string) => void;
  /** What measures, and for which run it is equipped. */
  #measurer: { readonly run: OfferedRun; readonly steady: SteadyMeasurer } | undefined;
  #message: JsMsg | undefined;

  constructor(server: Server, runs: ReadonlyMap<string, OfferedRun>, notice: (text: string) => void) {
    this.#server = server;
    this.#client = jetstream(server.connection);
    this.#runs = runs;
    this.#notice = notice;
  }

  async work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const run = await this.#next(signal);
      if (run === undefined) await new Promise((resolve) => setTimeout(resolve, IDLE_INTERVAL));
      else if (this.#message !== undefined) await this.#do(run, this.#message, signal);
    }
  }

  /** Ends the process; a point that it had goes to another worker at once. */
  end(): void {
    this.#measurer?.steady.end();
    this.#measurer = undefined;
    if (!this.#server.connection.isClosed()) this.#message?.nak();
    this.#message = undefined;
  }

  /** Takes a point of any run into `#message`, and tells whose it is. */
  async #next(signal: AbortSignal): Promise<OfferedRun | undefined> {
    for (const run of this.#runs.values()) {
      if (signal.aborted || run.refused === true || performance.now() - run.heard > OFFER_LIFETIME) continue;
      try {
        const consumer: Consumer = await this.#client.consumers.get(run.names.points.stream, WORKERS);
        const message = await consumer.next({ expires: PATIENCE });
        if (message === null) continue;
        this.#message = message;
        return run;
      } catch {
        // The run has ended, or the connection is being made again.
      }
    }
    return undefined;
  }

  async #do(run: OfferedRun, message: JsMsg, signal: AbortSignal): Promise<void> {
    const heartbeat = setInterval(() => message.working(), WORKING_INTERVAL);
    try {
      const point = pointOf(message);
      if (point === undefined) return message.term('no point');
      const lost = message.info.deliveryCount > MOST_DELIVERIES;
      const outcome = lost ? undeliverable(point) : await (await this.#equipped(run)).measure(point);
      if (!signal.aborted && (await this.#tell(run, outcome))) message.ack();
    } catch (error) {
      if (signal.aborted) return;
      // An image that does not come, a process that does not start: others may be luckier.
      run.refused = true;
      message.nak();
      this.#notice(`left a run: ${(error as Error).message.split('\n')[0]}`);
    } finally {
      clearInterval(heartbeat);
      this.#message = undefined;
    }
  }

  /** False if the outcome is not stored: the run is over, or the point comes again. */
  async #tell({ names }: OfferedRun, outcome: Outcome): Promise<boolean> {
    return this.#client.publish(names.outcomes.subject, encodeOutcome(outcome)).then(
      () => true,
      () => false,
    );
  }

  /** The process with what this run needs. @throws Error if that is not to be had */
  async #equipped(run: OfferedRun): Promise<SteadyMeasurer> {
    if (this.#measurer?.run === run) return this.#measurer.steady;
    this.#measurer?.steady.end();
    const equipment = await (run.equipment ??= equip(this.#server, run));
    const start = (): MeasuringProcess => new MeasuringProcess(equipment);
    this.#measurer = { run, steady: new SteadyMeasurer({ start, machine: hostMachine(), onNotice: this.#notice }) };
    return this.#measurer.steady;
  }
}

/** Undefined for a message that is no point. */
function pointOf({ data }: JsMsg): Point | undefined {
  try {
    return decodePoint(data);
  } catch {
    return undefined;
  }
}

async function equip({ connection }: Server, { names, circumstances }: OfferedRun): Promise<Equipment> {
  const images: Partial<Record<Architecture, ImageFiles>> = {};
  for (const arch of ARCHITECTURES) {
    const image = circumstances.images[arch];
    if (image === undefined) continue;
    const kernel = await fetchFile(connection, names, image.kernel);
    images[arch] = { kernel, initrd: await fetchFile(connection, names, image.initrd), name: image.name };
  }
  return { profiles: circumstances.profiles, images };
}

const undeliverable = (point: Point): Outcome => ({
  result: { point, failed: `the worker that measured it was lost, ${MOST_DELIVERIES} times` },
  host: { machine: hostMachine(), cpu: 0, workload: 0, wall: 0 },
  lost: true,
});
