import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VbusHost } from './bus.ts';
import { EACCES, EBUSY, EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EPERM } from './errno.ts';
import { EchoDevice } from './testing/echo-device.ts';
import { VbusTree } from './tree.ts';

class NamedDevice extends EchoDevice {
  value = 'one';
  override readonly attributes = [
    { name: 'name', show: () => this.value, store: (text: string) => this.rename(text) },
    { name: 'fixed', show: () => 'always' },
  ];

  rename(text: string): number {
    if (text === '') return -EINVAL;
    this.value = text;
    return 0;
  }
}

const setUp = (): { host: VbusHost; tree: VbusTree } => {
  const host = new VbusHost();
  host.addClass({ name: 'echo-class', create: () => new NamedDevice() });
  return { host, tree: new VbusTree(host) };
};

/** As an administrator of 2009 would. */
const plugged = (): { host: VbusHost; tree: VbusTree } => {
  const rig = setUp();
  rig.tree.mkdir('/config/vbus/instances/lab');
  rig.tree.mkdir('/config/vbus/devices/e0');
  rig.tree.write('/config/vbus/devices/e0/type', 'echo-class\n');
  rig.tree.symlink('/config/vbus/devices/e0', '/config/vbus/instances/lab/');
  return rig;
};

describe('[vbus PCI-2, administration] The sequence an administrator follows', () => {
  it('makes a bus and a device, gives it a class, links it, and takes all away again', () => {
    const { tree } = setUp();
    expect(tree.list('/sys/vbus/deviceclass')).toEqual(['echo-class']);
    expect(tree.mkdir('/config/vbus/instances/lab')).toBe(0);
    expect(tree.list('/sys/vbus/instances/lab')).toEqual(['devices', 'members']);
    expect(tree.mkdir('/config/vbus/devices/e0')).toBe(0);
    expect(tree.list('/sys/vbus/devices/e0')).toEqual(['interfaces']);
    expect(tree.read('/config/vbus/devices/e0/type')).toBe('\n');
    expect(tree.write('/config/vbus/devices/e0/type', 'venet-tap\n')).toBe(-ENOENT);
    expect(tree.write('/config/vbus/devices/e0/type', 'echo-class\n')).toBe(0);
    expect(tree.list('/sys/vbus/devices/e0')).toEqual(['name', 'fixed', 'class', 'interfaces']);
    expect(tree.readlink('/sys/vbus/devices/e0/class')).toBe('/sys/vbus/deviceclass/echo-class');
    expect(tree.symlink('/config/vbus/devices/e0', '/config/vbus/instances/lab/')).toBe(0);
    expect(tree.list('/sys/vbus/instances/lab/devices/0')).toEqual(['device', 'type']);
    expect(tree.read('/sys/vbus/instances/lab/devices/0/type')).toBe('echo\n');
    expect(tree.readlink('/sys/vbus/instances/lab/devices/0/device')).toBe('/sys/vbus/devices/e0');
    expect(tree.readlink('/sys/vbus/devices/e0/interfaces/0')).toBe('/sys/vbus/instances/lab/devices/0');
    expect(tree.rmdir('/config/vbus/instances/lab')).toBe(-ENOTEMPTY);
    expect(tree.rmdir('/config/vbus/devices/e0')).toBe(-EBUSY);
    expect(tree.unlink('/config/vbus/instances/lab/e0')).toBe(0);
    expect(tree.list('/sys/vbus/instances/lab/devices')).toEqual([]);
    expect(tree.list('/sys/vbus/devices/e0/interfaces')).toEqual([]);
    expect([tree.rmdir('/config/vbus/devices/e0'), tree.rmdir('/config/vbus/instances/lab')]).toEqual([0, 0]);
    expect([tree.list('/config/vbus/devices'), tree.list('/config/vbus/instances')]).toEqual([[], []]);
  });

  it('shows version 1, and the clients of a bus as its members', () => {
    const { host, tree } = plugged();
    host.buses.get('lab')?.members.add('bridge');
    expect([tree.read('/sys/vbus/version'), tree.list('/sys/vbus/instances/lab/members')]).toEqual(['1\n', ['bridge']]);
    expect(tree.list('/sys/vbus/instances/lab/members/bridge')).toEqual([]);
  });
});

describe('Paths', () => {
  it('go through links, and back', () => {
    const { tree } = plugged();
    expect(tree.read('/sys/vbus/devices/e0/interfaces/0/device/interfaces/0/type')).toBe('echo\n');
    expect(tree.list('/config/vbus/instances/lab/e0')).toEqual(['type']);
    expect(tree.list('//config/./vbus/../vbus/devices/')).toEqual(['e0']);
    expect(tree.list('/')).toEqual(['config', 'sys']);
    expect(tree.list('/../..')).toEqual(['config', 'sys']);
  });

  it('tell what they lead to', () => {
    const { tree } = plugged();
    expect(['/sys', '/sys/vbus/version', '/config/vbus/instances/lab/e0', '/nothing'].map((path) => tree.kind(path))).toEqual([
      'directory',
      'file',
      'link',
      -ENOENT,
    ]);
  });

  it('are refused where they do not fit the operation', () => {
    const { tree } = plugged();
    expect(tree.list('/sys/vbus/version')).toBe(-ENOTDIR);
    expect(tree.read('/sys/vbus')).toBe(-EISDIR);
    expect(tree.write('/sys/vbus', '1')).toBe(-EISDIR);
    expect(tree.write('/sys/vbus/version', '2')).toBe(-EACCES);
    expect(tree.read('/sys/vbus/version/x')).toBe(-ENOTDIR);
    expect(tree.readlink('/sys/vbus')).toBe(-EINVAL);
    for (const path of ['/', '/x', '/sys/vbus/devices/x', '/sys/vbus/deviceclass/x'])
      expect([tree.mkdir(path), tree.rmdir(path), tree.unlink(path), tree.symlink('/config/vbus/devices/e0', path)]).toEqual(
        Array(4).fill(-EPERM),
      );
    expect(tree.mkdir('/nowhere/x')).toBe(-ENOENT);
    expect(tree.mkdir('/sys/vbus/version/x')).toBe(-ENOTDIR);
    expect(tree.mkdir('/config/vbus/devices/e0')).toBe(-EEXIST);
    for (const name of ['__proto__', 'constructor', 'toString']) expect(tree.kind(`/${name}`)).toBe(-ENOENT);
    for (const id of ['00', '0x0', ' 0', '1', '-0']) expect(tree.kind(`/sys/vbus/instances/lab/devices/${id}`)).toBe(-ENOENT);
  });

  it('link devices to buses by their own names only', () => {
    const { tree } = plugged();
    tree.mkdir('/config/vbus/instances/other');
    expect(tree.symlink('/config/vbus/devices/none', '/config/vbus/instances/other')).toBe(-ENOENT);
    expect(tree.symlink('/sys/vbus/devices/e0', '/config/vbus/instances/other')).toBe(-EINVAL);
    expect(tree.symlink('/config/vbus/devices/e0', '/config/vbus/instances/other/e1')).toBe(-EINVAL);
    expect(tree.symlink('/config/vbus/devices/e0', '/config/vbus/instances/other/e0')).toBe(0);
    expect(tree.symlink('/config/vbus/devices/e0', '/config/vbus/instances/other/e0')).toBe(-EEXIST);
  });
});

describe('Attributes', () => {
  it('are files of the device, with or without a newline when written', () => {
    const { tree } = plugged();
    const path = '/sys/vbus/devices/e0/name';
    expect(tree.read(path)).toBe('one\n');
    expect([tree.write(path, 'two\n'), tree.read(path), tree.write(path, 'three'), tree.read(path)]).toEqual([0, 'two\n', 0, 'three\n']);
    expect([tree.write(path, '\n'), tree.write('/sys/vbus/devices/e0/fixed', 'x'), tree.read(path)]).toEqual([-EINVAL, -EACCES, 'three\n']);
  });
});

describe('Random operations on the tree', () => {
  const name = fc.constantFrom(
    'config',
    'vbus',
    'sys',
    'devices',
    'instances',
    'lab',
    'e0',
    'type',
    '0',
    'device',
    'interfaces',
    '..',
    'x',
  );
  const known = fc.constantFrom(
    '/config/vbus/devices/e0',
    '/config/vbus/devices/x',
    '/config/vbus/instances/lab',
    '/config/vbus/instances/x',
    '/config/vbus/instances/lab/e0',
    '/config/vbus/devices/e0/type',
    '/sys/vbus/devices/e0/name',
  );
  const path = fc.oneof(
    known,
    known,
    fc.array(name, { maxLength: 8 }).map((parts) => `/${parts.join('/')}`),
  );
  const what = fc.constantFrom('mkdir', 'rmdir', 'unlink', 'symlink', 'write', 'list', 'read', 'readlink', 'kind');

  it('end in a state, and a device is on a bus exactly while its link is there', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(what, path, path), { maxLength: 40 }), (list) => {
        const { host, tree } = plugged();
        for (const [operation, one, other] of list) {
          const answer =
            operation === 'symlink'
              ? tree.symlink(one, other)
              : operation === 'write'
                ? tree.write(one, 'echo-class')
                : tree[operation](one);
          if (typeof answer === 'number') expect(answer).toBeLessThanOrEqual(0);
          for (const bus of host.buses.values()) {
            const linked = tree.list(`/config/vbus/instances/${bus.name}`);
            expect(linked).toEqual([...new Set([...bus.devices.values()].map(({ device }) => device))].sort());
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
