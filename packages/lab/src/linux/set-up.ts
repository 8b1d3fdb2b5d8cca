/**
 * A card set-up of the lab in the words of the machine, and which of them a Linux guest can be measured with: its driver has to do what the
 * set-up says, and the machine has to be deterministic.
 */
import { ConfigurationError, parseMitigation } from '@paravirt/bus';
import type { NetOptions, PcOptions, Wire } from '@paravirt/machine';
import type { CardSetup, Point } from '../point.ts';

/** What a machine gets for a set-up, its network apart. */
export interface MachineSetup {
  readonly net: Omit<NetOptions, 'connect'>;
  readonly options: Pick<PcOptions, 'vbus' | 'vbusOptions'>;
}

/** Why a Linux guest cannot be measured at a point, in one line; undefined if it can. */
export function whyNotLinux({ card, cards, workload }: Point): string | undefined {
  if (card.place === 'worker') return 'a thread of its own follows no virtual time: with a Linux guest it cannot be measured twice alike';
  if (card.bus === 'pci' && card.interrupts === 'msi') return 'Linux drives virtio-net on PCI by MSI-X or INTx, never by one MSI message';
  if (cards > 1 && (workload.kind === 'hotplug' || workload.kind === 'probe')) return 'cards come one at a time to a Linux guest';
  if (workload.kind === 'bulk' && workload.frame < FRAME_MIN) return `frames of a Linux guest have ${FRAME_MIN} bytes or more`;
  if (workload.kind === 'packets' || workload.kind === 'request-response') {
    const { size, count } = workload;
    if (size < SIZE_MIN || size > SIZE_MAX) return `datagrams carry ${SIZE_MIN} to ${SIZE_MAX} bytes`;
    if (count > COUNT_MAX) return `more than ${COUNT_MAX} datagrams`;
  }
  if (workload.kind === 'bulk' && workload.bytes > BYTES_MAX) return `more than ${BYTES_MAX} bytes`;
  return undefined;
}

/** Largest IP packet that every host has to take, and Ethernet's header. [RFC 791 §3.1] */
const FRAME_MIN = 576 + 14;
/** Of a datagram: its number, and what fits into a frame. */
const SIZE_MIN = 4;
const SIZE_MAX = 1472;
const COUNT_MAX = 200_000;
const BYTES_MAX = 2 ** 30;

/** @throws ConfigurationError `bad-point` for words that do not go together. */
export function machineSetup(card: CardSetup): MachineSetup {
  const { model, bus, place } = card;
  if (place === 'worker') throw new ConfigurationError('bad-point', 'no worker with a Linux guest', card);
  const common = { model, mitigation: parseMitigation(card.mitigation), place } as const;
  if (bus === 'pci') {
    const { interrupts, doorbell, suppression } = card;
    if (interrupts === 'vector' || doorbell === 'hypercall')
      throw new ConfigurationError('bad-point', 'a card on PCI has neither a vector nor a hypercall', card);
    return { net: { ...common, bus, interrupts, doorbell, suppression }, options: {} };
  }
  const wire: Wire = card.wire ?? 'pci';
  // Virtio over a vbus: the shm_signal is always there, `flags` and `event-idx` come on top of it.
  const net = { ...common, bus, wire, ...(model === 'venet' ? {} : { suppression: card.suppression }) } as const;
  return { net, options: { vbus: [wire], vbusOptions: { aggregation: card.aggregation, ...(wire === 'pci' ? bridgeOptions(card) : {}) } } };
}

function bridgeOptions(card: CardSetup): { readonly doorbell: 'port' | 'mmio'; readonly interrupts: 'msi' | 'intx' } {
  const { doorbell, interrupts } = card;
  if (doorbell === 'hypercall' || (interrupts !== 'msi' && interrupts !== 'intx'))
    throw new ConfigurationError('bad-point', 'the bridge of a vbus on PCI has a doorbell in a BAR, and MSI or INTx', card);
  return { doorbell, interrupts };
}
