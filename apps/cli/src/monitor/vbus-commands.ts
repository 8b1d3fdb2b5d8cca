/**
 * The administrator's view of the virtual buses: the tree of configfs and sysfs with the commands that one would type in a shell, and
 * shorter ones for what is done most.
 */
import { errnoName, type Pc } from '@paravirt/machine';
import { CommandError } from './command-error.ts';
import { done, lines, type MonitorCommand } from './monitor-command.ts';
import type { Answer } from './protocol.ts';

/** @throws CommandError with the errno's name. */
function check<T>(result: T | number, what: string): T {
  if (typeof result !== 'number') return result;
  throw new CommandError(errnoName(result), what);
}

const checkZero = (result: number, what: string): Answer => {
  if (result < 0) throw new CommandError(errnoName(result), what);
  return done;
};

/** The bus that is meant: the one named, or the only one. @throws CommandError `ENOENT` */
function busName(pc: Pc, given: string | undefined): string {
  if (given !== undefined) return given;
  const [only, ...others] = pc.vbus.buses.keys();
  if (only !== undefined && others.length === 0) return only;
  throw new CommandError(
    'ENOENT',
    only === undefined ? 'the machine has no vbus: see --vbus' : `which bus? ${[only, ...others].join(', ')}`,
  );
}

/** Names in a directory; a link with what it points to. */
function list(pc: Pc, path: string): readonly { readonly name: string; readonly kind: string; readonly target?: string }[] {
  const tree = pc.vbusTree;
  const kind = check<string>(tree.kind(path), path);
  // As `ls` does: a file or a link by itself.
  if (kind === 'file') return [{ name: path, kind }];
  return check<readonly string[]>(tree.list(path), path).map((name) => {
    const at = `${path.replace(/\/+$/, '')}/${name}`;
    const target = tree.readlink(at);
    const what = tree.kind(at);
    return { name, kind: typeof what === 'string' ? what : 'gone', ...(typeof target === 'string' ? { target } : {}) };
  });
}

export const vbusCommands: readonly MonitorCommand[] = [
  {
    name: 'vbus ls',
    usage: '[PATH]',
    description: 'what is in a directory of /config/vbus and /sys/vbus',
    arguments: [0, 1],
    run: ({ pc }, [path = '/']) => {
      const entries = list(pc, path);
      const mark = (kind: string): string => (kind === 'directory' ? '/' : '');
      return lines(
        entries,
        entries.map(({ name, kind, target }) => (target === undefined ? `${name}${mark(kind)}` : `${name} -> ${target}`)),
      );
    },
  },
  {
    name: 'vbus cat',
    usage: 'PATH',
    description: 'the text of a file',
    arguments: [1, 1],
    run: ({ pc }, [path = '']) => {
      const text = check<string>(pc.vbusTree.read(path), path);
      return { value: text, text: text.endsWith('\n') ? text : `${text}\n` };
    },
  },
  {
    name: 'vbus echo',
    usage: 'TEXT PATH',
    description: "write a file: a device's type, an attribute",
    arguments: [2, 2],
    run: ({ pc }, [text = '', path = '']) => checkZero(pc.vbusTree.write(path, text), path),
  },
  {
    name: 'vbus mkdir',
    usage: 'PATH',
    description: 'make a device or a bus',
    arguments: [1, 1],
    run: ({ pc }, [path = '']) => checkZero(pc.vbusTree.mkdir(path), path),
  },
  {
    name: 'vbus rmdir',
    usage: 'PATH',
    description: 'remove a device or a bus that nobody uses',
    arguments: [1, 1],
    run: ({ pc }, [path = '']) => checkZero(pc.vbusTree.rmdir(path), path),
  },
  {
    name: 'vbus ln',
    usage: 'TARGET PATH',
    description: 'plug a device into a bus, by a symbolic link',
    arguments: [2, 2],
    run: ({ pc }, [target = '', path = '']) => checkZero(pc.vbusTree.symlink(target, path), path),
  },
  {
    name: 'vbus rm',
    usage: 'PATH',
    description: 'unplug a device, by removing its link',
    arguments: [1, 1],
    run: ({ pc }, [path = '']) => checkZero(pc.vbusTree.unlink(path), path),
  },
  {
    name: 'vbus link',
    usage: 'DEVICE [BUS]',
    description: 'plug a device into a bus; tells its ids there',
    arguments: [1, 2],
    run: ({ pc }, [device = '', bus]) => {
      const on = busName(pc, bus);
      checkZero(pc.vbus.link(on, device), `${device} on ${on}`);
      const ids = pc.vbus.idsOf(on, device);
      return lines({ bus: on, ids }, [`${on}/${ids.join('+')}`]);
    },
  },
  {
    name: 'vbus unlink',
    usage: 'DEVICE [BUS]',
    description: 'unplug a device',
    arguments: [1, 2],
    run: ({ pc }, [device = '', bus]) => {
      const linked = [...(pc.vbus.devices.get(device)?.links.keys() ?? [])].map(({ name }) => name);
      const on = bus ?? linked[0];
      if (on === undefined) throw new CommandError('ENOENT', `${device} is on no bus`);
      if (bus === undefined && linked.length > 1) throw new CommandError('ENOENT', `which bus? ${linked.join(', ')}`);
      return checkZero(pc.vbus.unlink(on, device), `${device} on ${on}`);
    },
  },
  {
    name: 'vbus create',
    usage: 'DEVICE CLASS',
    description: 'make a device of a class: venet-tap, virtio-net',
    arguments: [2, 2],
    run: ({ pc }, [device = '', className = '']) => checkZero(pc.vbus.createDevice(device, className), `${device} of ${className}`),
  },
  {
    name: 'vbus remove',
    usage: 'DEVICE',
    description: 'remove a device that is on no bus',
    arguments: [1, 1],
    run: ({ pc }, [device = '']) => checkZero(pc.vbus.removeDevice(device), device),
  },
  {
    name: 'vbus get',
    usage: 'DEVICE ATTRIBUTE',
    description: 'an attribute of a device',
    arguments: [2, 2],
    run: ({ pc }, [device = '', attribute = '']) => {
      const path = attributePath(device, attribute);
      const text = check<string>(pc.vbusTree.read(path), path).trimEnd();
      return lines(text, [text]);
    },
  },
  {
    name: 'vbus set',
    usage: 'DEVICE ATTRIBUTE VALUE',
    description: 'change an attribute of a device',
    arguments: [3, 3],
    run: ({ pc }, [device = '', attribute = '', value = '']) => {
      const path = attributePath(device, attribute);
      return checkZero(pc.vbusTree.write(path, value), path);
    },
  },
];

/** @throws CommandError `EINVAL` for what is no name. */
function attributePath(device: string, attribute: string): string {
  if (/[/]/.test(device + attribute)) throw new CommandError('EINVAL', `${device} ${attribute}`);
  return `/sys/vbus/devices/${device}/${attribute}`;
}
