/**
 * What network cards are made of: the device model, and what puts it on its bus. A card on PCI is a virtio-net device behind the virtio PCI
 * transport; on a vbus it is virtio-net behind that bus's transport, or venet.
 *
 * What a device puts off is a timer that is due at once: it runs between instructions, in deterministic order. What a device defers whose
 * place is `deferred` runs in the host's next turn instead.
 */
import { type AddressSpace, type Clock, ConfigurationError, type Ram, type RingEvent, type TraceSink } from '@paravirt/bus';
import type { EthernetPort } from '@paravirt/net-backend';
import type { PciFunction } from '@paravirt/pci';
import { type VbusDevice, Venet } from '@paravirt/vbus';
import { NET_CLASS_CODE, VirtioNet, VirtioPci, VirtioVbus } from '@paravirt/virtio';
import type { VirtioNetWorker } from '@paravirt/virtio/worker';
import { busOf } from './card-options.ts';
import { type CardCounts, countVenet, countVirtioPci, countVirtioVbus } from './card-report.ts';
import type { NetOptions } from './pc-options.ts';
import { makeWorkerCard } from './worker-card.ts';

export interface CardSurroundings {
  readonly clock: Clock;
  readonly ram: Ram;
  /** Where ranges of PCI functions are. */
  readonly spaces: readonly AddressSpace[];
  /** Runs something in the host's next turn. */
  readonly deferToHost: (run: () => void) => void;
  readonly ringTrace: TraceSink<RingEvent> | undefined;
}

/** What the machine says of a card that is to be made. */
export interface CardIdentity {
  readonly name: string;
  /** If the options have none. */
  readonly mac: Uint8Array;
  /** Of a venet: the attribute, at the start. */
  readonly enabled: boolean;
}

export interface CardDevice {
  readonly device: VirtioNet | VirtioNetWorker | Venet;
  /** What goes into a slot of PCI, or is linked to a vbus: one of the two. */
  readonly function: PciFunction | undefined;
  readonly vbus: VbusDevice | undefined;
  readonly count: () => CardCounts;
  /** As in `count`, without the work of putting it together. */
  readonly doorbells: () => number;
}

/** @throws ConfigurationError those of the device. */
export function makeCard(identity: CardIdentity, net: NetOptions, surroundings: CardSurroundings): CardDevice {
  if (net.place === 'worker') return makeWorkerCard(identity, net, surroundings, surroundings.ram);
  if (net.model === 'venet') return makeVenet(identity, net, surroundings);
  return busOf(net) === 'pci' ? makeVirtioPci(identity, net, surroundings) : makeVirtioVbus(identity, net, surroundings);
}

function makeVirtioPci(identity: CardIdentity, net: NetOptions, surroundings: CardSurroundings): CardDevice {
  const { interrupts, doorbell, suppression } = net;
  const device = virtioNet(identity, net, surroundings);
  const transport = new VirtioPci({
    device,
    name: `virtio-net ${identity.name}`,
    classCode: NET_CLASS_CODE,
    ...notifications(identity, net, surroundings),
    defer: net.place === 'deferred' ? surroundings.deferToHost : soonOf(surroundings),
    ...(interrupts === undefined ? {} : { interrupts }),
    ...(doorbell === undefined ? {} : { doorbell }),
    ...(suppression === undefined || suppression === 'shm-signal' ? {} : { suppression }),
  });
  return {
    device,
    function: transport.function,
    vbus: undefined,
    count: () => countVirtioPci(device, transport, surroundings.spaces),
    doorbells: () => transport.session.queues.reduce((sum, { counters }) => sum + counters.doorbells, 0),
  };
}

function makeVirtioVbus(identity: CardIdentity, net: NetOptions, surroundings: CardSurroundings): CardDevice {
  const { suppression } = net;
  const device = virtioNet(identity, net, surroundings);
  const transport = new VirtioVbus({
    device,
    ...notifications(identity, net, surroundings),
    ...(net.place === 'deferred' ? { defer: surroundings.deferToHost } : {}),
    // Without those of virtio the shm_signal is what is left.
    ...(suppression === undefined ? {} : { suppression: suppression === 'shm-signal' ? 'none' : suppression }),
  });
  return {
    device,
    function: undefined,
    vbus: transport,
    count: () => countVirtioVbus(device, transport),
    doorbells: () => transport.signals.reduce((sum, { wakeups }) => sum + wakeups, transport.noticeSignal.wakeups),
  };
}

function makeVenet(identity: CardIdentity, net: NetOptions, surroundings: CardSurroundings): CardDevice {
  const { name, enabled } = identity;
  const { mac = identity.mac, mtu } = net;
  const device = new Venet({
    port: connect(identity, net, surroundings),
    mac,
    name,
    enabled,
    ...notifications(identity, net, surroundings),
    ...(net.place === 'deferred' ? { defer: surroundings.deferToHost } : {}),
    ...(mtu === undefined ? {} : { mtu }),
  });
  return {
    device,
    function: undefined,
    vbus: device,
    count: () => countVenet(device),
    doorbells: () => Object.values(device.doorbells).reduce((sum, { wakeups }) => sum + wakeups, 0),
  };
}

function connect({ name }: CardIdentity, net: NetOptions, { clock }: CardSurroundings): EthernetPort {
  if (net.connect === undefined) throw new ConfigurationError('no-network', `${name} is connected to nothing`, name);
  return net.connect(clock);
}

function virtioNet(identity: CardIdentity, net: NetOptions, surroundings: CardSurroundings): VirtioNet {
  const port = connect(identity, net, surroundings);
  return new VirtioNet({ port, mac: net.mac ?? identity.mac, ...(net.mtu === undefined ? {} : { mtu: net.mtu }) });
}

const soonOf =
  ({ clock }: CardSurroundings) =>
  (run: () => void): void =>
    void clock.schedule(clock.now(), run);

/** What all cards take. */
function notifications({ name }: CardIdentity, { mitigation, place }: NetOptions, { clock, ringTrace }: CardSurroundings) {
  return {
    clock,
    ...(mitigation === undefined ? {} : { mitigation }),
    ...(place === 'deferred' ? { place } : {}),
    ...(ringTrace === undefined ? {} : { ringTrace, ringName: name }),
  };
}
