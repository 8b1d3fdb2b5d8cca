/**
 * The container as a tree of files, which reads and writes like the configfs and sysfs of 2009. [vbus PCI-2, administration]
 *
 *   /config/vbus/devices/DEV/type              mkdir makes a shell, writing the type gives it a class
 *   /config/vbus/instances/BUS/DEV →           mkdir makes a bus; a symbolic link plugs a device in, removing the link unplugs it
 *   /sys/vbus/version, deviceclass/CLASS
 *   /sys/vbus/devices/DEV/                     class →, the attributes of the device, interfaces/NAME → where it is on a bus
 *   /sys/vbus/instances/BUS/                   devices/ID/{type, device →}, members/CLIENT
 *
 * Nothing is stored here: each look asks the container. Paths are absolute; `.` and `..` mean what they always do. Every operation gives
 * its answer or −errno; texts of files end with a newline, and may be written with or without.
 */
import type { Attribute } from './attributes.ts';
import type { BusDevice, HostDevice, Vbus, VbusHost } from './bus.ts';
import { EACCES, EINVAL, EISDIR, ENOENT, ENOTDIR, EPERM } from './errno.ts';

interface Directory {
  readonly kind: 'directory';
  names(): Iterable<string>;
  find(name: string): Node | undefined;
  /** Each is −EPERM where it is not there. */
  make?(name: string): number;
  remove?(name: string): number;
  link?(name: string, target: string): number;
  unlink?(name: string): number;
}

interface File {
  readonly kind: 'file';
  read(): string;
  /** −EACCES where it is not there. */
  write?(text: string): number;
}

interface Link {
  readonly kind: 'link';
  /** Absolute, and without links in it. */
  readonly target: string;
}

type Node = Directory | File | Link;

/** `/sys/vbus/version`. */
const VERSION = '1';
const CONFIG_DEVICES = '/config/vbus/devices';
const SYS = '/sys/vbus';

const directory = (entries: Readonly<Record<string, Node>>): Directory => ({
  kind: 'directory',
  names: () => Object.keys(entries),
  find: (name) => (Object.hasOwn(entries, name) ? entries[name] : undefined),
});
/** A directory with one entry for each key of a map. */
const directoryOf = <Value>(
  map: ReadonlyMap<string, Value>,
  entry: (value: Value, name: string) => Node,
  operations: Partial<Directory> = {},
): Directory => ({
  ...operations,
  kind: 'directory',
  names: () => map.keys(),
  find(name) {
    const value = map.get(name);
    return value === undefined ? undefined : entry(value, name);
  },
});
const readOnly = (text: string): File => ({ kind: 'file', read: () => text });
const link = (target: string): Link => ({ kind: 'link', target });
const attributeFile = (attribute: Attribute): File => ({
  kind: 'file',
  read: () => attribute.show(),
  write: (text) => attribute.store?.(text) ?? -EACCES,
});

export class VbusTree {
  readonly #host: VbusHost;
  readonly #root: Directory;

  constructor(host: VbusHost) {
    this.#host = host;
    this.#root = directory({
      config: directory({ vbus: directory({ devices: this.#configDevices(), instances: this.#configInstances() }) }),
      sys: directory({ vbus: this.#sys() }),
    });
  }

  /** What is at a path; a link is told as such. */
  kind(path: string): Node['kind'] | number {
    const node = this.#at(path);
    return typeof node === 'number' ? node : node.kind;
  }

  /** Names in a directory. −ENOTDIR for a file. */
  list(path: string): readonly string[] | number {
    const node = this.#follow(path);
    if (typeof node === 'number') return node;
    return node.kind === 'directory' ? [...node.names()] : -ENOTDIR;
  }

  /** A file's text with its newline. −EISDIR for a directory. */
  read(path: string): string | number {
    const node = this.#follow(path);
    if (typeof node === 'number') return node;
    return node.kind === 'file' ? `${node.read()}\n` : -EISDIR;
  }

  /** The target of a link. −EINVAL for what is none. */
  readlink(path: string): string | number {
    const node = this.#at(path);
    if (typeof node === 'number') return node;
    return node.kind === 'link' ? node.target : -EINVAL;
  }

  /** −EACCES: the file is read-only; −EISDIR; as the file says. */
  write(path: string, text: string): number {
    const node = this.#follow(path);
    if (typeof node === 'number') return node;
    if (node.kind !== 'file') return -EISDIR;
    return node.write?.(text.endsWith('\n') ? text.slice(0, -1) : text) ?? -EACCES;
  }

  mkdir(path: string): number {
    return this.#inParent(path, (parent, name) => parent.make?.(name) ?? -EPERM);
  }

  rmdir(path: string): number {
    return this.#inParent(path, (parent, name) => parent.remove?.(name) ?? -EPERM);
  }

  /** `ln -s target path`: a path that is a directory means the target's name in it. */
  symlink(target: string, path: string): number {
    const to = this.#at(target);
    if (typeof to === 'number') return to;
    const parts = components(target);
    const inside = this.kind(path) === 'directory' ? `${path}/${parts.at(-1) ?? ''}` : path;
    return this.#inParent(inside, (parent, name) => parent.link?.(name, `/${parts.join('/')}`) ?? -EPERM);
  }

  /** Removes a link. */
  unlink(path: string): number {
    return this.#inParent(path, (parent, name) => parent.unlink?.(name) ?? -EPERM);
  }

  #configDevices(): Directory {
    const host = this.#host;
    return directoryOf(
      host.devices,
      (device) =>
        directory({
          type: { kind: 'file', read: () => device.className ?? '', write: (text) => host.setDeviceClass(device.name, text) },
        }),
      { make: (name) => host.createDevice(name), remove: (name) => host.removeDevice(name) },
    );
  }

  #configInstances(): Directory {
    const host = this.#host;
    return directoryOf(host.buses, (bus) => this.#configInstance(bus), {
      make: (name) => host.createBus(name),
      remove: (name) => host.removeBus(name),
    });
  }

  #configInstance(bus: Vbus): Directory {
    const host = this.#host;
    return {
      kind: 'directory',
      names: () => host.linksOf(bus),
      find: (name) => (host.linksOf(bus).includes(name) ? link(`${CONFIG_DEVICES}/${name}`) : undefined),
      link: (name, target) => (target === `${CONFIG_DEVICES}/${name}` ? host.link(bus.name, name) : -EINVAL),
      unlink: (name) => host.unlink(bus.name, name),
    };
  }

  #sys(): Directory {
    const host = this.#host;
    return directory({
      version: readOnly(VERSION),
      deviceclass: directoryOf(host.classes, () => directory({})),
      devices: directoryOf(host.devices, (device) => this.#sysDevice(device)),
      instances: directoryOf(host.buses, (bus) => this.#sysInstance(bus)),
    });
  }

  #sysDevice({ className, device, links }: HostDevice): Directory {
    const entries: Record<string, Node> = {};
    for (const attribute of device?.attributes ?? []) entries[attribute.name] = attributeFile(attribute);
    if (className !== undefined) entries['class'] = link(`${SYS}/deviceclass/${className}`);
    const interfaces: Record<string, Node> = {};
    for (const [bus, ids] of links) {
      for (const [i, { name }] of (device?.interfaces ?? []).entries())
        interfaces[name] = link(`${SYS}/instances/${bus.name}/devices/${ids[i]}`);
    }
    entries['interfaces'] = directory(interfaces);
    return directory(entries);
  }

  #sysInstance(bus: Vbus): Directory {
    const entry = ({ interface: { type }, device }: BusDevice): Node =>
      directory({ device: link(`${SYS}/devices/${device}`), type: readOnly(type) });
    return directory({
      devices: {
        kind: 'directory',
        names: () => [...bus.devices.keys()].map(String),
        find(name) {
          const device = bus.devices.get(Number(name));
          return device === undefined || String(device.id) !== name ? undefined : entry(device);
        },
      },
      members: {
        kind: 'directory',
        names: () => bus.members,
        find: (name) => (bus.members.has(name) ? directory({}) : undefined),
      },
    });
  }

  #inParent(path: string, act: (parent: Directory, name: string) => number): number {
    const parts = components(path);
    const name = parts.pop();
    if (name === undefined) return -EPERM;
    const parent = this.#walk(parts, true);
    if (typeof parent === 'number') return parent;
    return parent.kind === 'directory' ? act(parent, name) : -ENOTDIR;
  }

  /** What is at a path, links followed. */
  #follow(path: string): Directory | File | number {
    const node = this.#walk(components(path), true);
    // Links lead to directories only (and are followed).
    return typeof node === 'number' || node.kind !== 'link' ? node : -ENOENT;
  }

  #at(path: string): Node | number {
    return this.#walk(components(path), false);
  }

  /** Links on the way are followed; one at the end only if asked to. Targets have no links in them, so this ends. */
  #walk(parts: readonly string[], followLast: boolean): Node | number {
    let node: Node = this.#root;
    for (const [i, part] of parts.entries()) {
      if (node.kind !== 'directory') return -ENOTDIR;
      const found = node.find(part);
      if (found === undefined) return -ENOENT;
      if (found.kind === 'link' && (followLast || i < parts.length - 1)) {
        const target = this.#walk(components(found.target), false);
        if (typeof target === 'number') return target;
        node = target;
      } else node = found;
    }
    return node;
  }
}

function components(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts;
}
