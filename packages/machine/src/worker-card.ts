/**
 * A card whose data path is in a thread of its own. [docs/decisions/0010] The device is the card's half in this thread; what starts the other
 * half, and the network behind it, is the caller's (`NetOptions.worker`).
 */
import { ConfigurationError, type Ram } from '@paravirt/bus';
import { NET_CLASS_CODE, VirtioPci } from '@paravirt/virtio';
import { VirtioNetWorker } from '@paravirt/virtio/worker';
import type { CardDevice, CardIdentity, CardSurroundings } from './card-devices.ts';
import { countVirtioPci } from './card-report.ts';
import type { NetOptions } from './pc-options.ts';

/** @throws ConfigurationError `no-worker`, `not-shared`, those of the device. */
export function makeWorkerCard(identity: CardIdentity, net: NetOptions, surroundings: CardSurroundings, ram: Ram): CardDevice {
  const { interrupts, doorbell, suppression, mitigation, mtu, worker } = net;
  const { name } = identity;
  if (worker === undefined) throw new ConfigurationError('no-worker', `${name}: place worker, and nothing that starts a thread`, name);
  const notification = suppression === undefined || suppression === 'shm-signal' ? {} : { suppression };
  const device = new VirtioNetWorker({
    worker,
    memory: ram,
    mac: net.mac ?? identity.mac,
    ...notification,
    ...(mitigation === undefined ? {} : { mitigation }),
    ...(mtu === undefined ? {} : { mtu }),
  });
  const { clock, spaces } = surroundings;
  const transport = new VirtioPci({
    device,
    name: `virtio-net ${name}`,
    classCode: NET_CLASS_CODE,
    defer: (run) => void clock.schedule(clock.now(), run),
    ...notification,
    ...(interrupts === undefined ? {} : { interrupts }),
    ...(doorbell === undefined ? {} : { doorbell }),
  });
  return {
    device,
    function: transport.function,
    vbus: undefined,
    count: () => countVirtioPci(device, transport, spaces),
    doorbells: () => transport.session.queues.reduce((sum, { counters }) => sum + counters.doorbells, 0),
  };
}
