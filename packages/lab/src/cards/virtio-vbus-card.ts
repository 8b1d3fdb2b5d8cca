/** virtio-net over a vbus: the same device model and the same driver as on PCI, between them rings with shm_signals. */
import { parseMitigation } from '@paravirt/bus';
import type { NorthDevice, SignalCounters } from '@paravirt/vbus';
import { VIRTIO_VBUS_VERSION, VirtioNet, VirtioVbus } from '@paravirt/virtio';
import { NorthDriver, RECEIVE_QUEUE, TRANSMIT_QUEUE } from '@paravirt/virtio/testing';
import { VbusCard, type VbusCardOptions } from './vbus-card.ts';
import { VirtioNic } from './virtio-nic.ts';

const QUEUES = [RECEIVE_QUEUE, TRANSMIT_QUEUE] as const;

export class VirtioVbusCard extends VbusCard {
  readonly #net: VirtioNet;
  readonly #transport: VirtioVbus;
  protected readonly sharedRegions: number = QUEUES.length;
  protected device: NorthDevice | undefined = undefined;

  constructor(options: VbusCardOptions) {
    super(options);
    const { board, setup, index } = options;
    const { suppression } = setup;
    const { clock, defer } = this.place;
    this.#net = new VirtioNet({ port: this.cable.port, mac: this.mac });
    this.#transport = new VirtioVbus({
      device: this.#net,
      suppression: suppression === 'shm-signal' ? 'none' : suppression,
      mitigation: parseMitigation(setup.mitigation),
      place: setup.place === 'inline' ? 'inline' : 'deferred',
      clock,
      defer,
      ringName: `net${index}`,
      ...(board.trace === undefined ? {} : { ringTrace: board.trace.sink }),
    });
    // A class of its own: the container makes devices by name only.
    this.create({ name: `virtio-net-${index}`, create: () => this.#transport });
  }

  protected probe(id: number): VirtioNic {
    const { board, setup, index, side, fault } = this.options;
    const device = side.open(id, VIRTIO_VBUS_VERSION);
    this.device = device;
    const gated = setup.suppression === 'shm-signal';
    const transport = new NorthDriver({ device, memory: board.ram, arena: board.arena(index), signalGates: gated });
    const { counters } = this.#net;
    const north = (of: (signal: SignalCounters) => number): number =>
      QUEUES.reduce<number>((sum, queue) => sum + of(transport.signal(queue)?.counters ?? NONE), 0);
    const south = (of: (signal: Readonly<SignalCounters>) => number): number =>
      QUEUES.reduce<number>((sum, queue) => sum + of(this.#transport.signals[queue] ?? NONE), 0);
    const nic = new VirtioNic({
      index,
      vcpu: board.vcpu,
      transport,
      frame: board.options.frame,
      session: this.#transport.session,
      gated,
      gateCounts: () => ({
        doorbellsRung: north(({ rung }) => rung),
        signalsSent: south(({ rung }) => rung),
        signalsSuppressed: south(({ suppressed }) => suppressed),
      }),
      backlog: () => this.cable.host.backlog,
      copiedBytes: () => counters.rxCopied + counters.txCopied,
      frames: () => ({ transmitted: counters.txFrames, received: counters.rxFrames }),
      fault,
      ringTrace: board.trace?.sink,
    });
    transport.onInterrupt = (queue) => nic.interrupt(queue);
    return nic;
  }
}

const NONE = { rung: 0, suppressed: 0 } as SignalCounters;
