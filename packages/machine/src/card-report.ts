/**
 * What a network card did, in figures that can be compared whatever the model, the bus and the wire: from the counters of the device, of
 * its rings and of its doorbells, at the moment somebody asks.
 *
 *   exits        accesses to the card's own registers; on a vbus its doorbells, since everything else is the connector's (see there)
 *   doorbells    `rung` by the driver; `spurious`, those that brought nothing; `saved`, buffers that needed none of their own
 *   signals      to the driver: `sent`, `suppressed` because it did not want them or was at it already, and `held`: wanted, and put off by
 *                a mitigation
 *   interrupts   those that the signals became: on PCI the card's messages, or how often its wire rose; on a vbus its share of the
 *                connector's, which carry many
 */
import type { AddressSpace } from '@paravirt/bus';
import type { SignalCounters, Venet } from '@paravirt/vbus';
import type { QueueCounters, VirtioNet, VirtioPci, VirtioVbus } from '@paravirt/virtio';
import type { CardWords } from './card-options.ts';

/** As the guest sees the directions. */
export interface Directions {
  readonly transmitted: number;
  readonly received: number;
}

export interface CardCounts {
  readonly frames: Directions;
  readonly bytes: Directions;
  /** Bytes copied between the guest's memory and the host's, headers included. */
  readonly copiedBytes: Directions;
  readonly exits: number;
  readonly doorbells: { readonly rung: number; readonly spurious: number; readonly saved: number };
  readonly signals: { readonly sent: number; readonly suppressed: number; readonly held: number };
}

export interface CardReport extends CardCounts {
  readonly card: string;
  readonly model: 'virtio-net' | 'venet';
  readonly bus: 'pci' | 'vbus';
  /** How a vbus is reached. */
  readonly wire?: 'pci' | 'hypercall';
  readonly options: CardWords;
  readonly interrupts: number;
  /** Per frame, both directions together; undefined before the first. */
  readonly perFrame:
    | { readonly exits: number; readonly doorbells: number; readonly interrupts: number; readonly copiedBytes: number }
    | undefined;
}

/** What a connector of a vbus carried. */
export interface ConnectorReport {
  readonly connector: string;
  readonly bus: string;
  readonly wire: 'pci' | 'hypercall';
  readonly bridgeCalls: number;
  readonly busCalls: number;
  /** Doorbells by the guest: of the event ring, and of devices. */
  readonly kicks: number;
  readonly doorbells: number;
  /** To the guest: events put into the ring, those of them that are signals of devices, and interrupts for them. */
  readonly events: number;
  readonly signals: number;
  readonly interrupts: number;
  /**
   * Signals that needed no interrupt since one was under way: of what had signalled already, which would not have had one of its own either,
   * and of others, where sharing saved it.
   */
  readonly coalesced: { readonly same: number; readonly other: number };
  /** Of devices, carried by one interrupt; undefined before the first. */
  readonly signalsPerInterrupt: number | undefined;
}

const add = (numbers: Iterable<number>): number => [...numbers].reduce((sum, n) => sum + n, 0);

/** Completes the counts of a card. `interrupts`: with fractions if it shares them with others. */
export function cardReport(
  identity: Pick<CardReport, 'card' | 'model' | 'bus' | 'wire' | 'options'>,
  counts: CardCounts,
  interrupts: number,
): CardReport {
  const frames = counts.frames.transmitted + counts.frames.received;
  const copied = counts.copiedBytes.transmitted + counts.copiedBytes.received;
  return {
    ...identity,
    ...counts,
    interrupts: Math.round(interrupts),
    perFrame:
      frames === 0
        ? undefined
        : {
            exits: counts.exits / frames,
            doorbells: counts.doorbells.rung / frames,
            interrupts: interrupts / frames,
            copiedBytes: copied / frames,
          },
  };
}

/** The counters that both device models have. */
type Traffic = Readonly<Record<'rxFrames' | 'rxBytes' | 'rxCopied' | 'txFrames' | 'txBytes' | 'txCopied', number>>;

const traffic = (c: Traffic): Pick<CardCounts, 'frames' | 'bytes' | 'copiedBytes'> => ({
  frames: { transmitted: c.txFrames, received: c.rxFrames },
  bytes: { transmitted: c.txBytes, received: c.rxBytes },
  copiedBytes: { transmitted: c.txCopied, received: c.rxCopied },
});

/** Buffers that were found by looking, not by a doorbell of their own. */
const saved = (queues: readonly QueueCounters[]): number => add(queues.map((q) => Math.max(0, q.available - (q.doorbells - q.spurious))));

/** virtio-net on PCI: its registers are in ranges that have its name. */
export function countVirtioPci(device: Pick<VirtioNet, 'counters'>, transport: VirtioPci, spaces: readonly AddressSpace[]): CardCounts {
  const queues = transport.session.queues.map(({ counters }) => counters);
  const own = `${transport.function.name} BAR`;
  const ranges = spaces.flatMap(({ totals }) => [...totals].filter(([name]) => name.startsWith(own)));
  return {
    ...traffic(device.counters),
    exits: add(ranges.map(([, { reads, writes }]) => reads + writes)),
    doorbells: { rung: add(queues.map((q) => q.doorbells)), spurious: add(queues.map((q) => q.spurious)), saved: saved(queues) },
    signals: {
      sent: add(queues.map((q) => q.interrupts)),
      suppressed: add(queues.map((q) => q.suppressed)),
      held: add(queues.map((q) => q.held)),
    },
  };
}

/** virtio-net over vbus: two gates, of virtio and of the doorbell. */
export function countVirtioVbus(device: VirtioNet, transport: VirtioVbus): CardCounts {
  const queues = transport.session.queues.map(({ counters }) => counters);
  const signals = [...transport.signals, transport.noticeSignal];
  const rung = add(signals.map((s) => s.wakeups));
  return {
    ...traffic(device.counters),
    exits: rung,
    doorbells: { rung, spurious: add(queues.map((q) => q.spurious)), saved: saved(queues) },
    signals: {
      sent: add(signals.map((s) => s.rung)),
      suppressed: add(queues.map((q) => q.suppressed)) + add(signals.map((s) => s.suppressed)),
      held: add(queues.map((q) => q.held)),
    },
  };
}

export function countVenet(device: Venet): CardCounts {
  const { rx, tx, event, page } = device.doorbells;
  const rings: readonly Readonly<SignalCounters>[] = [rx, tx, event, page];
  const { rxFrames, txFrames } = device.counters;
  const rung = add(rings.map((r) => r.wakeups));
  const without = (frames: number, ring: Readonly<SignalCounters>): number => Math.max(0, frames - (ring.wakeups - ring.spurious));
  return {
    ...traffic(device.counters),
    exits: rung,
    doorbells: { rung, spurious: add(rings.map((r) => r.spurious)), saved: without(rxFrames, rx) + without(txFrames, tx) },
    signals: { sent: add(rings.map((r) => r.rung)), suppressed: add(rings.map((r) => r.suppressed)), held: add(rings.map((r) => r.held)) },
  };
}
