import { describe, expect, it } from 'vitest';
import type { ModuleInfo } from './modinfo.ts';
import { moduleIndex } from './module-index.ts';

const MODULES: Readonly<Record<string, ModuleInfo>> = {
  virtio_ring: { depends: [], softDepends: [], aliases: [] },
  virtio: { depends: ['virtio_ring'], softDepends: [], aliases: [] },
  virtio_net: { depends: ['virtio', 'virtio_ring', 'failover'], softDepends: [], aliases: ['virtio:d00000001v*'] },
  vbus_enet: { depends: [], softDepends: ['virtio'], aliases: ['vbus-proxy:virtual-ethernet', 'other:*'] },
};
const index = moduleIndex(Object.keys(MODULES), (name) => MODULES[name], new Set(['failover']));

describe('[modules.dep(5)]', () => {
  it('lists what a module needs from right to left, without what is built in', () => {
    expect(index.dep.split('\n')).toEqual([
      'virtio_ring.ko:',
      'virtio.ko: virtio_ring.ko',
      'virtio_net.ko: virtio.ko virtio_ring.ko',
      'vbus_enet.ko: virtio.ko virtio_ring.ko',
      '',
    ]);
  });
});

describe('[depmod(8)] modules.alias', () => {
  it('has a line for each pattern of each module', () => {
    expect(index.alias.split('\n')).toEqual([
      'alias virtio:d00000001v* virtio_net',
      'alias vbus-proxy:virtual-ethernet vbus_enet',
      'alias other:* vbus_enet',
      '',
    ]);
  });
});
