/** A network card between a recording port and a driver: what a test of the whole device needs. */
import { type GuestMemory, Ram } from '@paravirt/bus';
import { RecordingPort } from '@paravirt/net-backend/testing';
import { featureSet, VIRTIO_F_VERSION_1 } from '../features.ts';
import { NET_CLASS_CODE, VirtioNet, type VirtioNetOptions } from '../net/virtio-net.ts';
import { QueueCounters } from '../queue/counters.ts';
import type { VirtioEvent } from '../session.ts';
import { VirtioPci, type VirtioPciOptions } from '../transport/pci.ts';
import { NetDriver, type NetDriverOptions } from './net-driver.ts';
import { PciDriver, type PciDriverOptions } from './pci-driver.ts';
import { PciSlot } from './pci-slot.ts';

export interface NetRigOptions extends Partial<Omit<VirtioNetOptions, 'port'>> {
  readonly port?: RecordingPort;
  /** Default: 16 MiB. */
  readonly memory?: GuestMemory;
  /** Where the driver puts things. */
  readonly driver?: PciDriverOptions;
  /** How the card notifies, and where its data path runs. */
  readonly card?: Omit<VirtioPciOptions, 'device' | 'classCode' | 'trace' | 'defer'>;
}

export class NetRig {
  readonly port: RecordingPort;
  readonly device: VirtioNet;
  readonly card: VirtioPci;
  readonly slot: PciSlot;
  readonly pci: PciDriver;
  readonly events: VirtioEvent[] = [];
  /** Work that the session put off; run it with `runDeferred`. */
  readonly deferred: (() => void)[] = [];

  constructor(options: NetRigOptions = {}) {
    const {
      port = new RecordingPort(),
      memory = new Ram(new ArrayBuffer(16 << 20)),
      mac = Uint8Array.of(0x52, 0x54, 0, 1, 2, 3),
      driver,
      card,
      ...rest
    } = options;
    this.port = port;
    this.device = new VirtioNet({ port, mac, ...rest });
    this.card = new VirtioPci({
      ...card,
      device: this.device,
      classCode: NET_CLASS_CODE,
      trace: (event) => void this.events.push(event),
      defer: (run) => void this.deferred.push(run),
    });
    this.slot = new PciSlot(this.card.function, memory);
    this.pci = new PciDriver(this.slot, driver);
  }

  /** A driver that is up and running. Default features: VERSION_1 and `bits`. */
  start(bits: readonly number[] = [], options: Partial<NetDriverOptions> = {}): NetDriver {
    return new NetDriver(this.pci, { features: featureSet(VIRTIO_F_VERSION_1, ...bits), ...options });
  }

  /** A copy of what was counted at a queue so far. */
  counters(queue: number): QueueCounters {
    return { ...(this.card.session.queues[queue]?.counters ?? new QueueCounters()) };
  }

  runDeferred(): void {
    for (const run of this.deferred.splice(0)) run();
  }
}
