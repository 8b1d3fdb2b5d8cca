/**
 * The container: what exists on the host's side, made and joined by an administrator. [vbus PCI-2, roles and administration] Device classes make devices; buses
 * are made at will; linking a device to a bus is hot-plug, unlinking hot-unplug. A client of a bus can name only what is on that bus, by
 * an id that counts up from 0 and is never used again.
 *
 * What the administrator asks is answered with 0 or −errno, as the files of the tree (tree.ts) would.
 */
import { ConfigurationError } from '@paravirt/bus';
import { VBUS_MAX_TYPE_LENGTH } from './abi.ts';
import type { DeviceClass, DeviceInterface, VbusDevice } from './device.ts';
import { EBUSY, EEXIST, EINVAL, ENOENT, ENOTEMPTY } from './errno.ts';

/** An interface of a device on a bus. */
export interface BusDevice {
  /** 32 bits, unique on the bus for ever. */
  readonly id: number;
  readonly interface: DeviceInterface;
  /** Name of the device that it belongs to. */
  readonly device: string;
}

/** Who wants to know what comes and goes. Neither call may throw. */
export interface BusListener {
  added(device: BusDevice): void;
  /** It cannot be opened any more; connections to it have to be closed within the call. */
  dropped(device: BusDevice): void;
}

/** One bus. Its clients see nothing of any other. */
export class Vbus {
  readonly name: string;
  /** Names of the clients that are on the bus now. */
  readonly members: Set<string> = new Set();
  readonly #devices: Map<number, BusDevice> = new Map();
  readonly #listeners: Set<BusListener> = new Set();
  #nextId = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** By id, in the order of their links. */
  get devices(): ReadonlyMap<number, BusDevice> {
    return this.#devices;
  }

  /** Calls `listener` from now on; the result ends it. */
  subscribe(listener: BusListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Puts the interfaces of a device on the bus: for the container, which asked the device. */
  add(device: string, interfaces: readonly DeviceInterface[]): BusDevice[] {
    const added = interfaces.map((each) => ({ id: this.#nextId++, interface: each, device }));
    for (const entry of added) {
      this.#devices.set(entry.id, entry);
      for (const listener of [...this.#listeners]) listener.added(entry);
    }
    return added;
  }

  /** Takes one off: for the container. */
  drop(id: number): void {
    const entry = this.#devices.get(id);
    if (entry === undefined) return;
    this.#devices.delete(id);
    for (const listener of [...this.#listeners]) listener.dropped(entry);
  }
}

/** A device as the administrator knows it. Without a class it is a shell that can be given one. */
export interface HostDevice {
  readonly name: string;
  readonly className: string | undefined;
  readonly device: VbusDevice | undefined;
  /** Where it is linked: bus and ids. */
  readonly links: ReadonlyMap<Vbus, readonly number[]>;
}

interface Shell extends HostDevice {
  className: string | undefined;
  device: VbusDevice | undefined;
  readonly links: Map<Vbus, readonly number[]>;
}

/** Names of classes, devices and buses: one path component, 1 to 64 characters. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.:@-]{0,63}$/;
/** What a type string may hold. */
const TYPE = /^[\x21-\x7e]+$/;

export class VbusHost {
  readonly #classes: Map<string, DeviceClass> = new Map();
  readonly #devices: Map<string, Shell> = new Map();
  readonly #buses: Map<string, Vbus> = new Map();

  get classes(): ReadonlyMap<string, DeviceClass> {
    return this.#classes;
  }

  get devices(): ReadonlyMap<string, HostDevice> {
    return this.#devices;
  }

  get buses(): ReadonlyMap<string, Vbus> {
    return this.#buses;
  }

  /** @throws ConfigurationError `vbus-class` for a bad or taken name: classes are the program's, not the administrator's. */
  addClass(deviceClass: DeviceClass): void {
    const { name } = deviceClass;
    if (!NAME.test(name) || this.#classes.has(name))
      throw new ConfigurationError('vbus-class', `device class '${name}' is taken or not a name`, name);
    this.#classes.set(name, deviceClass);
  }

  /** −EEXIST; −EINVAL: not a name. */
  createBus(name: string): number {
    if (!NAME.test(name)) return -EINVAL;
    if (this.#buses.has(name)) return -EEXIST;
    this.#buses.set(name, new Vbus(name));
    return 0;
  }

  /** −ENOENT; −ENOTEMPTY: a device is linked to it; −EBUSY: a client is on it. */
  removeBus(name: string): number {
    const bus = this.#buses.get(name);
    if (bus === undefined) return -ENOENT;
    if (this.linksOf(bus).length > 0) return -ENOTEMPTY;
    if (bus.members.size > 0) return -EBUSY;
    this.#buses.delete(name);
    return 0;
  }

  /** A device of a class, or a shell to give a class to later. −EEXIST; −ENOENT: no such class; −EINVAL: not a name; as the class says. */
  createDevice(name: string, className?: string): number {
    if (!NAME.test(name)) return -EINVAL;
    if (this.#devices.has(name)) return -EEXIST;
    const shell: Shell = { name, className: undefined, device: undefined, links: new Map() };
    const result = className === undefined ? 0 : this.#setClass(shell, className);
    if (result === 0) this.#devices.set(name, shell);
    return result;
  }

  /** Gives a shell its class, once. −ENOENT: no such device or class; −EBUSY: it has one; as the class says. */
  setDeviceClass(name: string, className: string): number {
    const shell = this.#devices.get(name);
    return shell === undefined ? -ENOENT : this.#setClass(shell, className);
  }

  /** −ENOENT; −EBUSY: it is on a bus. */
  removeDevice(name: string): number {
    const shell = this.#devices.get(name);
    if (shell === undefined) return -ENOENT;
    if (shell.links.size > 0) return -EBUSY;
    this.#devices.delete(name);
    shell.device?.release();
    return 0;
  }

  /** Hot-plug. −ENOENT: no such bus or device; −EINVAL: the device has no class; −EEXIST: linked already; as the device says. */
  link(busName: string, deviceName: string): number {
    const bus = this.#buses.get(busName);
    const shell = this.#devices.get(deviceName);
    if (bus === undefined || shell === undefined) return -ENOENT;
    if (shell.device === undefined) return -EINVAL;
    if (shell.links.has(bus)) return -EEXIST;
    const result = shell.device.busConnect();
    if (result < 0) return result;
    const ids: number[] = [];
    shell.links.set(bus, ids);
    for (const entry of bus.add(deviceName, shell.device.interfaces)) ids.push(entry.id);
    return 0;
  }

  /** Hot-unplug: its connections are closed, its drivers told. −ENOENT: no such link. */
  unlink(busName: string, deviceName: string): number {
    const bus = this.#buses.get(busName);
    const shell = this.#devices.get(deviceName);
    const ids = bus === undefined ? undefined : shell?.links.get(bus);
    if (bus === undefined || shell === undefined || ids === undefined) return -ENOENT;
    shell.links.delete(bus);
    for (const id of ids) bus.drop(id);
    shell.device?.busDisconnect();
    return 0;
  }

  /** The ids that a device has on a bus; empty if it is not linked there. */
  idsOf(busName: string, deviceName: string): readonly number[] {
    const bus = this.#buses.get(busName);
    return (bus === undefined ? undefined : this.#devices.get(deviceName)?.links.get(bus)) ?? [];
  }

  /** Names of the devices that are linked to a bus. */
  linksOf(bus: Vbus): string[] {
    return [...this.#devices.values()].filter(({ links }) => links.has(bus)).map(({ name }) => name);
  }

  #setClass(shell: Shell, className: string): number {
    const deviceClass = this.#classes.get(className);
    if (deviceClass === undefined) return -ENOENT;
    if (shell.device !== undefined) return -EBUSY;
    const device = deviceClass.create(shell.name);
    if (typeof device === 'number') return device;
    const bad = device.interfaces.find(({ type }) => !TYPE.test(type) || type.length >= VBUS_MAX_TYPE_LENGTH);
    if (bad !== undefined) {
      device.release();
      return -EINVAL;
    }
    shell.className = className;
    shell.device = device;
    return 0;
  }
}
