/**
 * The side that wants points measured: puts the points of a run on the server, offers the run to workers, and takes down what they tell until
 * every point has an outcome. A worker may be lost at any time, outcomes may come twice, in any order, and from anybody: an outcome counts if
 * its point was asked for, and the first one does.
 */
import { randomBytes } from 'node:crypto';
import { AckPolicy, type ConsumerMessages, JetStreamApiError, jetstream, RetentionPolicy } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { type Point, pointName } from '@paravirt/lab';
import { ARCHITECTURES, type Architecture, type Circumstances } from '../circumstances.ts';
import type { Executor, ExecutorEvents } from '../executor.ts';
import { hostMachine } from '../host-machine.ts';
import type { ImageFiles } from '../measure.ts';
import { agree, type Outcome } from '../outcome.ts';
import { deleteDeadRuns } from './dead-runs.ts';
import { storeFile } from './file-store.ts';
import {
  ACKNOWLEDGE_WITHIN,
  decodeOutcome,
  encodeOffer,
  encodeOutcome,
  encodePoint,
  namesOf,
  OFFER_INTERVAL,
  OFFERS,
  QUESTIONS,
  STREAM_LIFETIME,
  WORKERS,
} from './protocol.ts';
import { connectTo, type Server } from './server.ts';

export interface CoordinatorOptions {
  readonly address: string;
  readonly circumstances: Circumstances;
  /** Where the files of `circumstances.images` are. */
  readonly images: Readonly<Partial<Record<Architecture, ImageFiles>>>;
}

/** In ms: how often is looked whether somebody is at work. */
const AUDIT_INTERVAL = 5_000;
/** Times that points without an outcome are put on the server. */
const MOST_ROUNDS = 3;

export class NatsCoordinator implements Executor {
  readonly #options: CoordinatorOptions;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
  }

  async run(points: readonly Point[], events: ExecutorEvents, signal: AbortSignal): Promise<void> {
    if (points.length === 0 || signal.aborted) return;
    const server = await connectTo(this.#options.address, 'paravirt lab');
    const run = new Run(server, this.#options, points, events);
    try {
      await run.untilDone(signal);
    } finally {
      await run.close();
    }
  }
}

/** One run, from its streams' making to their end. */
class Run {
  readonly #server: Server;
  readonly #options: CoordinatorOptions;
  readonly #events: ExecutorEvents;
  readonly #name = randomBytes(8).toString('hex');
  readonly #names = namesOf(this.#name);
  readonly #missing: Map<string, Point>;
  readonly #known = new Map<string, Outcome>();
  readonly #timers: NodeJS.Timeout[] = [];
  #messages: ConsumerMessages | undefined;
  #rounds = 0;
  #asked = false;
  /** Messages that are no outcomes. */
  #strays = 0;
  /** Outcomes known when nobody was at work last time. */
  #idleAt: number | undefined;
  #failure: Error | undefined;

  constructor(server: Server, options: CoordinatorOptions, points: readonly Point[], events: ExecutorEvents) {
    this.#server = server;
    this.#options = options;
    this.#events = events;
    this.#missing = new Map(points.map((point) => [pointName(point), point]));
  }

  async untilDone(signal: AbortSignal): Promise<void> {
    const { connection } = this.#server;
    await this.#makeStreams();
    const consumer = await jetstream(connection).consumers.get(this.#names.outcomes.stream);
    const messages = (this.#messages = await consumer.consume());
    const stop = (): void => messages.stop();
    signal.addEventListener('abort', stop);
    void connection.closed().then((error) => {
      if (error instanceof Error) this.#failure ??= new Error(`the NATS server is lost: ${error.message}`);
      stop();
    });
    try {
      if (signal.aborted) return;
      await this.#publish();
      this.#offer();
      connection.subscribe(QUESTIONS, { callback: () => this.#offer() });
      this.#timers.push(setInterval(() => this.#offer(), OFFER_INTERVAL));
      this.#timers.push(setInterval(() => void this.#audit(messages), AUDIT_INTERVAL));
      this.#timers.push(deleteDeadRuns(this.#server, this.#name));
      for await (const message of messages) {
        this.#take(message.data);
        if (this.#missing.size === 0) break;
      }
      if (this.#missing.size > 0 && !signal.aborted) throw this.#failure ?? new Error('the NATS server tells no outcomes any more');
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#messages?.stop();
    const { connection, manager } = this.#server;
    if (connection.isClosed()) return;
    for (const { stream } of Object.values(this.#names)) await manager.streams.delete(stream).catch(() => false);
    await connection.drain().catch(() => connection.close());
  }

  async #makeStreams(): Promise<void> {
    const { connection, manager } = this.#server;
    const { points, outcomes, files } = this.#names;
    const max_age = nanos(STREAM_LIFETIME);
    await manager.streams.add({ name: files.stream, subjects: [`${files.subject}.*`], max_age });
    for (const arch of ARCHITECTURES) {
      const [digests, paths] = [this.#options.circumstances.images[arch], this.#options.images[arch]];
      if (digests === undefined || paths === undefined) continue;
      await storeFile(connection, this.#names, digests.kernel, paths.kernel);
      await storeFile(connection, this.#names, digests.initrd, paths.initrd);
    }
    await manager.streams.add({ name: outcomes.stream, subjects: [outcomes.subject], max_age });
    await manager.streams.add({ name: points.stream, subjects: [points.subject], max_age, retention: RetentionPolicy.Workqueue });
    await manager.consumers.add(points.stream, {
      durable_name: WORKERS,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ACKNOWLEDGE_WITHIN),
      max_ack_pending: -1,
    });
  }

  #offer(): void {
    const { circumstances } = this.#options;
    if (!this.#server.connection.isClosed()) this.#server.connection.publish(OFFERS, encodeOffer({ run: this.#name, circumstances }));
  }

  /** Puts the points that have no outcome yet on the server. */
  async #publish(): Promise<void> {
    this.#rounds++;
    const client = jetstream(this.#server.connection);
    for (const point of [...this.#missing.values()]) await client.publish(this.#names.points.subject, encodePoint(point));
  }

  #take(data: Uint8Array): void {
    let outcome: Outcome;
    try {
      outcome = decodeOutcome(data);
    } catch (error) {
      if (this.#strays++ === 0) this.#events.onNotice?.(`a message that is no outcome was left aside: ${(error as Error).message}`);
      return;
    }
    const name = pointName(outcome.result.point);
    const known = this.#known.get(name);
    if (known === undefined && this.#missing.delete(name)) {
      this.#known.set(name, outcome);
      this.#events.onOutcome(outcome);
    } else if (known !== undefined && !agree(known, outcome) && known.lost !== true && outcome.lost !== true) {
      this.#events.onDisagreement?.(known, outcome);
    }
  }

  /** What nobody has and nobody told is put on the server again, or given up; where nobody waits for work, the user is told. */
  async #audit(messages: ConsumerMessages): Promise<void> {
    const { manager } = this.#server;
    try {
      const { num_ack_pending, num_waiting, num_pending } = await manager.consumers.info(this.#names.points.stream, WORKERS);
      const idle = this.#known.size === this.#idleAt;
      this.#idleAt = num_ack_pending === 0 ? this.#known.size : undefined;
      if (!idle || num_ack_pending > 0 || this.#missing.size === 0) return;
      if (num_pending > 0) {
        if (num_waiting === 0) this.#ask();
      } else if (this.#rounds < MOST_ROUNDS) await this.#publish();
      else for (const point of [...this.#missing.values()]) this.#take(encodeOutcome(untold(point)));
    } catch (error) {
      if (!(error instanceof JetStreamApiError)) return; // a connection that is made again
      this.#failure ??= new Error(`the streams of this run are gone from the NATS server: ${error.message}`);
    }
    if (this.#missing.size === 0 || this.#failure !== undefined) messages.stop();
  }

  #ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    const { address, circumstances } = this.#options;
    this.#events.onNotice?.(`nobody works on it; start \`paravirt lab worker --nats ${address}\` of paravirt ${circumstances.build}`);
  }
}

const untold = (point: Point): Outcome => ({
  result: { point, failed: `no worker told what became of it, ${MOST_ROUNDS} times` },
  host: { machine: hostMachine(), cpu: 0, workload: 0, wall: 0 },
  lost: true,
});
