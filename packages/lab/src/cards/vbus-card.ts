/** What cards on a vbus have in common: the device in the container, its link, and the figures of the connector that all share. */
import type { ConfigurationError } from '@paravirt/bus';
import type { DeviceClass, NorthDevice } from '@paravirt/vbus';
import type { Cable, HostPlace } from './board.ts';
import type { Card, CardFacts } from './card.ts';
import { attempt, type Nic } from './nic.ts';
import type { VbusSide } from './vbus-side.ts';
import { type CardOptions, macOf } from './virtio-pci-card.ts';

export interface VbusCardOptions extends CardOptions {
  readonly side: VbusSide;
}

export abstract class VbusCard implements Card {
  readonly mac: Uint8Array;
  readonly cable: Cable;
  protected readonly options: VbusCardOptions;
  protected readonly place: HostPlace;
  readonly #name: string;

  constructor(options: VbusCardOptions) {
    const { board, setup, index } = options;
    this.options = options;
    this.place = board.place(setup.place, index);
    this.cable = board.cable(this.place, index, options.bitsPerSecond);
    this.mac = macOf(index);
    this.#name = `net${index}`;
  }

  /** Pieces of memory that the driver gives to the device. */
  protected abstract readonly sharedRegions: number;

  get facts(): CardFacts {
    const first = this.options.index === 0;
    return {
      doorbellAddresses: first ? this.options.side.doorbellAddresses : 0,
      interruptMessages: first ? 1 : 0,
      sharedRegions: this.sharedRegions,
    };
  }

  /** All figures are the connector's: the first card tells them for all. */
  get other(): Readonly<Record<string, number>> {
    if (this.options.index > 0) return {};
    const { bridgeCalls, busCalls, events } = this.options.side.counters;
    const { coalescedSame, coalescedOther } = events;
    return { bridgeCalls, busCalls, coalescedSame, coalescedOther };
  }

  start(ready: (result: Nic | ConfigurationError) => void): void {
    this.options.side.plug(this.#name, (id) => ready(attempt(() => this.probe(id))), ready);
  }

  insert(ready: (result: Nic | ConfigurationError) => void): void {
    this.start(ready);
  }

  remove(gone: () => void): void {
    this.options.side.unplug(this.#name, () => {
      this.device?.close();
      gone();
    });
  }

  /** Opens device `id` and drives it. @throws ConfigurationError what was refused. */
  protected abstract probe(id: number): Nic;

  /** The device while the driver has it open. */
  protected abstract readonly device: NorthDevice | undefined;

  /** Puts the device into the container; to be called once. */
  protected create(deviceClass: DeviceClass): void {
    const { host } = this.options.side;
    if (!host.classes.has(deviceClass.name)) host.addClass(deviceClass);
    host.createDevice(this.#name, deviceClass.name);
  }
}
