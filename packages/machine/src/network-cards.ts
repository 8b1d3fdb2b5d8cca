/**
 * The network cards of the machine, on either bus: those that it is built with, those that come and go while it runs, and those that an
 * administrator makes of a device class. A card on PCI is a virtio-net device in a slot; on a vbus it is a device of the class "venet-tap"
 * or "virtio-net", linked to the bus of its wire.
 *
 *   add ──► card ──► remove: PCI asks the guest, which may take its time or refuse; a vbus takes the device at once ──► disconnect
 */
import { ConfigurationError } from '@paravirt/bus';
import { HOTPLUG_SLOTS, type HotplugSlots, type PciBus, type PciFunction } from '@paravirt/pci';
import { type DeviceClass, EEXIST, EINVAL, ENODEV, ENOSPC, type VbusDevice, VENET_CLASS, Venet } from '@paravirt/vbus';
import type { VirtioNet } from '@paravirt/virtio';
import { VirtioNetWorker } from '@paravirt/virtio/worker';
import { type CardDevice, type CardSurroundings, makeCard } from './card-devices.ts';
import { busOf, checkCard, optionsOf } from './card-options.ts';
import { type CardReport, cardReport } from './card-report.ts';
import { defaultMac, type NetOptions } from './pc-options.ts';
import type { CardWork } from './priced-work.ts';
import { ReleasedDevice } from './released-device.ts';
import type { VirtualBus, Wire } from './virtual-bus.ts';

export interface NetworkCard {
  /** `net0`, or what the administrator has called it. */
  readonly name: string;
  readonly model: 'virtio-net' | 'venet';
  readonly bus: 'pci' | 'vbus';
  readonly device: VirtioNet | VirtioNetWorker | Venet;
  /** Where the guest finds it: `00:01.0`, or `pci/0`, the bus and its id there; undefined while it is on no bus. */
  readonly place: string | undefined;
  /** The cable: settable at any time, the guest is told if its driver wants to know. */
  linkUp: boolean;
  report(): CardReport;
}

export interface NetworkCardsOptions extends CardSurroundings {
  readonly pci: PciBus;
  readonly hotplug: HotplugSlots;
  readonly virtualBus: VirtualBus;
  /** What a device is connected to that an administrator makes. */
  readonly plug: ((name: string) => NetOptions | undefined) | undefined;
}

/** What became of a request to remove a card. */
export type Removal = 'removed' | 'requested' | 'unknown';

interface Entry extends NetworkCard {
  readonly slot: number | undefined;
  readonly function: PciFunction | undefined;
  /** What rang for the host's event loop. */
  readonly userExits: () => number;
  readonly disconnect: (() => void) | undefined;
}

const VIRTIO_NET_CLASS = 'virtio-net';
/** On all buses; there is no other limit to what an administrator makes. */
const CARDS_MAX = 256;

export class NetworkCards {
  readonly #options: NetworkCardsOptions;
  readonly #cards = new Map<string, Entry>();
  /** Options of the vbus device that is being made now. */
  #prepared: { readonly name: string; readonly net: NetOptions } | undefined = undefined;
  #made = 0;
  /** Cards whose data paths are in threads. */
  readonly #threads = new Set<VirtioNetWorker>();
  /** Of cards that are gone. */
  #past: CardWork = { frames: 0, copiedBytes: 0, userExits: 0 };

  constructor(options: NetworkCardsOptions) {
    this.#options = options;
    const { hotplug, virtualBus } = options;
    virtualBus.host.addClass(this.#deviceClass(VENET_CLASS, 'venet'));
    virtualBus.host.addClass(this.#deviceClass(VIRTIO_NET_CLASS, 'virtio-net'));
    hotplug.onEject = (_device, functions) => this.#ejected(functions);
  }

  get list(): readonly NetworkCard[] {
    return [...this.#cards.values()];
  }

  find(name: string): NetworkCard | undefined {
    return this.#cards.get(name);
  }

  /**
   * Makes a card and puts it on its bus, on PCI in the first free slot. `cold`: the machine is off, nobody has to be told.
   * @throws ConfigurationError `no-wire`, `no-slot`, `too-many-nets`, those of `checkCard` and of the device.
   */
  add(net: NetOptions, cold = false): NetworkCard {
    checkCard(net);
    if (this.#cards.size >= CARDS_MAX) throw new ConfigurationError('too-many-nets', `${CARDS_MAX} network cards are the most`, CARDS_MAX);
    const name = this.#freeName();
    return busOf(net) === 'pci' ? this.#addToPci(name, net, cold) : this.#addToVbus(name, net);
  }

  /** Takes a card away; on PCI this is the guest's to finish. `force`: at once, without asking. */
  remove(name: string, force = false): Removal {
    const card = this.#cards.get(name);
    if (card === undefined) return 'unknown';
    const { hotplug, virtualBus } = this.#options;
    if (card.slot !== undefined) {
      if (force) return hotplug.eject(card.slot) ? 'removed' : 'unknown';
      return hotplug.requestRemoval(card.slot) ? 'requested' : 'unknown';
    }
    const { host } = virtualBus;
    for (const bus of host.devices.get(name)?.links.keys() ?? []) host.unlink(bus.name, name);
    return host.removeDevice(name) === 0 ? 'removed' : 'unknown';
  }

  /** There are cards whose data paths are in other threads. */
  get any(): boolean {
    return this.#threads.size > 0;
  }

  /** Takes their interrupts. */
  look(): void {
    for (const device of this.#threads) device.look();
  }

  report(): CardReport[] {
    return this.list.map((card) => card.report());
  }

  /** Of all cards since the machine was made: what prices are for. */
  get work(): CardWork {
    let { frames, copiedBytes, userExits } = this.#past;
    for (const { device, userExits: rung } of this.#cards.values()) {
      const { rxFrames, txFrames, rxCopied, txCopied } = device.counters;
      frames += rxFrames + txFrames;
      copiedBytes += rxCopied + txCopied;
      userExits += rung();
    }
    return { frames, copiedBytes, userExits };
  }

  #freeName(): string {
    const { devices } = this.#options.virtualBus.host;
    let name: string;
    do name = `net${this.#made++}`;
    while (this.#cards.has(name) || devices.has(name));
    return name;
  }

  #addToPci(name: string, net: NetOptions, cold: boolean): NetworkCard {
    const { pci, hotplug } = this.#options;
    const card = this.#make(name, net, true);
    const { function: fn } = card;
    if (fn === undefined) throw new ConfigurationError('no-such-card', `${name} is no card for PCI`, net.model);
    const free = HOTPLUG_SLOTS.find((slot) => hotplug.state(slot) === 'empty');
    const address = cold && free !== undefined ? pci.plug(free, 0, fn) : hotplug.add(fn);
    const place = `00:${address.device.toString(16).padStart(2, '0')}.${address.function}`;
    return this.#keep(name, net, card, { slot: address.device, place: () => place });
  }

  #addToVbus(name: string, net: NetOptions): NetworkCard {
    const { model = 'virtio-net', wire = 'pci' } = net;
    const { virtualBus } = this.#options;
    if (!virtualBus.has(wire)) throw new ConfigurationError('no-wire', `${name}: the machine has no vbus on the wire ${wire}`, wire);
    this.#prepared = { name, net };
    try {
      virtualBus.host.createDevice(name, model === 'venet' ? VENET_CLASS : VIRTIO_NET_CLASS);
    } finally {
      this.#prepared = undefined;
    }
    virtualBus.host.link(wire, name);
    return this.#cards.get(name) as NetworkCard;
  }

  #make(name: string, net: NetOptions, enabled: boolean): CardDevice {
    return makeCard({ name, mac: defaultMac(this.#made - 1), enabled }, net, this.#options);
  }

  #deviceClass(className: string, model: 'venet' | 'virtio-net'): DeviceClass {
    return { name: className, create: (name) => this.#create(name, model) };
  }

  /** A device for the container: of `add`, or of an administrator, who enables it himself as in 2009. */
  #create(name: string, model: 'venet' | 'virtio-net'): VbusDevice | number {
    const prepared = this.#prepared?.name === name ? this.#prepared.net : undefined;
    if (prepared === undefined) {
      if (this.#cards.has(name)) return -EEXIST;
      if (this.#cards.size >= CARDS_MAX) return -ENOSPC;
      this.#made++;
    }
    const net = prepared ?? this.#options.plug?.(name);
    if (net === undefined) return -ENODEV;
    try {
      return this.#createDevice(name, { ...net, model, bus: 'vbus' }, prepared !== undefined);
    } catch (error) {
      if (prepared !== undefined || !(error instanceof ConfigurationError)) throw error;
      return -EINVAL;
    }
  }

  #createDevice(name: string, net: NetOptions, enabled: boolean): VbusDevice {
    checkCard(net);
    const made = this.#make(name, net, enabled);
    const { vbus } = made;
    if (vbus === undefined) throw new ConfigurationError('no-such-card', `${name} is no device of a vbus`, net.model);
    const card = this.#keep(name, net, made, { slot: undefined, place: () => this.#placeOnVbus(name) });
    return new ReleasedDevice(vbus, () => this.#forget(card));
  }

  #placeOnVbus(name: string): string | undefined {
    const places = [...(this.#options.virtualBus.host.devices.get(name)?.links ?? [])];
    return places.map(([bus, ids]) => `${bus.name}/${ids.join('+')}`)[0];
  }

  #wireOf(name: string): Wire | undefined {
    const bus = [...(this.#options.virtualBus.host.devices.get(name)?.links.keys() ?? [])][0]?.name;
    return bus === 'pci' || bus === 'hypercall' ? bus : undefined;
  }

  #keep(
    name: string,
    net: NetOptions,
    made: CardDevice,
    on: { readonly slot: number | undefined; readonly place: () => string | undefined },
  ): Entry {
    const { device, function: fn } = made;
    const model = device instanceof Venet ? 'venet' : 'virtio-net';
    const report = (): CardReport => {
      const counts = made.count();
      const options = optionsOf(net);
      if (fn !== undefined) return cardReport({ card: name, model, bus: 'pci', options }, counts, fn.messagesSent + fn.intxAssertions);
      const wire = this.#wireOf(name);
      const share = wire === undefined ? 0 : this.#options.virtualBus.interruptsPerSignal(wire);
      const identity = { card: name, model, bus: 'vbus', options, ...(wire === undefined ? {} : { wire }) } as const;
      return cardReport(identity, counts, counts.signals.sent * share);
    };
    const entry: Entry = {
      name,
      model,
      bus: fn === undefined ? 'vbus' : 'pci',
      device,
      slot: on.slot,
      function: fn,
      userExits: net.place === 'deferred' ? made.doorbells : () => 0,
      disconnect: net.disconnect,
      get place(): string | undefined {
        return on.place();
      },
      get linkUp(): boolean {
        return device.linkUp;
      },
      set linkUp(up: boolean) {
        device.linkUp = up;
      },
      report,
    };
    this.#cards.set(name, entry);
    if (device instanceof VirtioNetWorker) this.#threads.add(device);
    return entry;
  }

  #ejected(functions: readonly PciFunction[]): void {
    for (const card of [...this.#cards.values()]) if (card.function !== undefined && functions.includes(card.function)) this.#forget(card);
  }

  #forget(card: Entry): void {
    if (this.#cards.get(card.name) !== card) return;
    this.#past = this.work;
    this.#cards.delete(card.name);
    if (card.device instanceof VirtioNetWorker) {
      this.#threads.delete(card.device);
      card.device.close();
    }
    card.disconnect?.();
  }
}
