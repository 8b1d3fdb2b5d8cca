/**
 * What is behind every wire: one client of one bus, its event queue, and the two bridge calls that all wires have. [vbus PCI-2 §2.3] A
 * connector carries calls and doorbells here, and interrupts away.
 *
 *   (nothing)  NEGOTIATE→  negotiated  QREG→  events flow
 *
 * NEGOTIATE begins anew whatever was there before: a guest that was rebooted, a kernel that was started by another (kexec).
 */
import type { TraceSink } from '@paravirt/bus';
import {
  BRIDGE_NEGOTIATE,
  BRIDGE_QREG,
  SHM_SIGNAL_DESC,
  VBUS_BRIDGE_NEGOTIATE,
  VBUS_BRIDGE_QREG,
  VBUS_PCI_HC_VERSION,
  VBUS_PCI_MAGIC,
} from '../abi.ts';
import type { Vbus } from '../bus.ts';
import { busCall } from '../bus-call.ts';
import { type ClientCounters, VbusClient } from '../client.ts';
import { EBUSY, EFAULT, EINVAL } from '../errno.ts';
import { type EventCounters, EventQueue } from '../event-queue.ts';
import { IOQ_SIGNAL_OFFSET } from '../ioq.ts';
import type { ClientMemory, SharedRegion } from '../shared-region.ts';
import type { ConnectorEvent } from './trace.ts';

export interface BridgeSessionOptions {
  /** For people, and the client's name on the bus. */
  readonly connector: string;
  readonly bus: Vbus;
  readonly memory: ClientMemory;
  /** Runs something soon, after the present call (a tasklet). */
  readonly defer: (run: () => void) => void;
  /** Interrupts the client: there are events. */
  readonly interrupt: () => void;
  /** As in `EventQueueOptions`. */
  readonly aggregation?: boolean;
  readonly isRaised?: () => boolean;
  readonly trace?: TraceSink<ConnectorEvent> | undefined;
}

/** Counted since the connector was made. */
export interface ConnectorCounters {
  /** Calls of the bridge and of the bus, refused ones too. */
  bridgeCalls: number;
  busCalls: number;
  /** Times that the client rang the event ring, and a device. */
  kicks: number;
  signals: number;
  /** Times that the client was interrupted. */
  interrupts: number;
  /** What the wire does not have. */
  ignored: number;
  /** Times that everything was forgotten. */
  resets: number;
  /** Of the event queue: signals per interrupt, what was suppressed, what had to wait. */
  readonly events: EventCounters;
  readonly client: ClientCounters;
}

export class BridgeSession {
  readonly counters: ConnectorCounters;
  readonly #options: BridgeSessionOptions;
  readonly #events: EventQueue;
  readonly #client: VbusClient;
  #negotiated = false;
  /** Head of the event ring. */
  #ring: SharedRegion | undefined = undefined;

  constructor(options: BridgeSessionOptions) {
    const { connector, bus, memory, defer, aggregation = true, isRaised = () => false, trace } = options;
    this.#options = options;
    this.#events = new EventQueue({
      interrupt: () => {
        this.counters.interrupts++;
        options.interrupt();
      },
      defer,
      aggregation,
      isRaised,
      trace: trace && ((event) => trace({ ...event, connector })),
    });
    this.#client = new VbusClient({ bus, memory, defer, events: this.#events, name: connector, trace });
    this.counters = {
      bridgeCalls: 0,
      busCalls: 0,
      kicks: 0,
      signals: 0,
      interrupts: 0,
      ignored: 0,
      resets: 0,
      events: this.#events.counters,
      client: this.#client.counters,
    };
  }

  get negotiated(): boolean {
    return this.#negotiated;
  }

  /** True while the client listens to an interrupt that it has not finished with: what a level-triggered pin shows. */
  get interruptPending(): boolean {
    const { northEnabled, northPending } = SHM_SIGNAL_DESC.offset;
    const ring = this.#ring;
    return ring !== undefined && ring.loadU8(IOQ_SIGNAL_OFFSET + northEnabled) !== 0 && ring.loadU8(IOQ_SIGNAL_OFFSET + northPending) !== 0;
  }

  /** NEGOTIATE or QREG; −EINVAL: neither, or a structure of another length; −EFAULT: it is not memory. */
  bridgeCall(vector: number, address: number, length: number): number {
    return this.answerBridgeCall(vector, () => {
      if (vector === VBUS_BRIDGE_NEGOTIATE) return this.#negotiate(address, length);
      return vector === VBUS_BRIDGE_QREG ? this.#registerQueue(address, length) : -EINVAL;
    });
  }

  /** Counts a bridge call, and tells of it with its answer: also one that the wire answers itself. */
  answerBridgeCall(vector: number, run: () => number): number {
    this.counters.bridgeCalls++;
    const result = run();
    this.#options.trace?.({ kind: 'bridge-call', connector: this.#options.connector, vector, result });
    return result;
  }

  /** A bus call; −EINVAL before NEGOTIATE. */
  busCall(vector: number, address: number, length: number): number {
    this.counters.busCalls++;
    const result = this.#negotiated ? busCall(this.#client, vector, address, length) : -EINVAL;
    this.#options.trace?.({ kind: 'bus-call', connector: this.#options.connector, vector, result });
    return result;
  }

  /** The client rang the event ring; there is queue 0 only. */
  kick(queue: number): void {
    this.counters.kicks++;
    if (queue === 0) this.#events.kick();
    else this.ignored('no such event queue', queue);
  }

  /** The client rang a doorbell. */
  signal(handle: number): void {
    this.counters.signals++;
    this.#client.signal(handle);
  }

  /** The client did something that the wire does not have. */
  ignored(why: string, value: number): void {
    this.counters.ignored++;
    this.#options.trace?.({ kind: 'ignored', connector: this.#options.connector, why, value });
  }

  /** Handles, memory, signals and events are gone. */
  reset(why: string): void {
    this.#negotiated = false;
    this.#ring = undefined;
    // Before: nobody hears what devices say while they are closed. After: it is forgotten.
    this.#events.reset();
    this.#client.reset();
    this.#events.reset();
    this.counters.resets++;
    this.#options.trace?.({ kind: 'reset', connector: this.#options.connector, why });
  }

  /** Reset, and off the bus for good. */
  close(): void {
    this.reset('closed');
    this.#client.close();
  }

  #negotiate(address: number, length: number): number {
    if (length !== BRIDGE_NEGOTIATE.size) return -EINVAL;
    const argument = this.#options.memory.map(address, length);
    if (argument === undefined) return -EFAULT;
    const { magic, version, capabilities } = BRIDGE_NEGOTIATE.offset;
    if (argument.readU32(magic) !== VBUS_PCI_MAGIC || argument.readU32(version) !== VBUS_PCI_HC_VERSION) return -EINVAL;
    this.reset('negotiate');
    this.#negotiated = true;
    // There are none.
    argument.writeU64(capabilities, 0n);
    return VBUS_PCI_HC_VERSION;
  }

  #registerQueue(address: number, length: number): number {
    if (length !== BRIDGE_QREG.size || !this.#negotiated) return -EINVAL;
    const { memory } = this.#options;
    const argument = memory.map(address, length);
    if (argument === undefined) return -EFAULT;
    const { count, queueCount, ring, data } = BRIDGE_QREG.offset;
    if (argument.readU32(count) !== 1) return -EINVAL;
    if (this.#events.isOpen) return -EBUSY;
    const head = Number(argument.readU64(ring));
    const result = this.#events.open(memory, argument.readU32(queueCount), head, Number(argument.readU64(data)));
    if (result < 0) return result;
    this.#ring = memory.map(head, IOQ_SIGNAL_OFFSET + SHM_SIGNAL_DESC.size);
    this.#client.ready();
    return result;
  }
}
