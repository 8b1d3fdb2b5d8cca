import { describe, expect, it } from 'vitest';
import { initramfs } from './initramfs.ts';

describe('The initramfs', () => {
  it('has busybox, our programs, /init, the modules where `uname -r` says, and their index', () => {
    const bytes = initramfs({
      busybox: new Uint8Array(8),
      release: '6.1.0-1-test',
      modules: new Map([['virtio', new TextEncoder().encode('ELF of virtio')]]),
      index: { dep: 'virtio.ko:\n', alias: 'alias pci:v00001AF4* virtio\n' },
      programs: new Map([['labnet', new TextEncoder().encode('ELF of labnet')]]),
    });
    const text = new TextDecoder('latin1').decode(bytes);
    const modules = ['virtio.ko', 'modules.dep', 'modules.alias'].map((name) => `lib/modules/6.1.0-1-test/${name}`);
    for (const path of ['bin/busybox', 'bin/labnet', 'init', 'etc/udhcpc.sh', 'etc/mdev.conf', 'dev/console', ...modules])
      expect(text).toContain(`${path}\0`);
    for (const contents of ['ELF of virtio', 'ELF of labnet', 'virtio.ko:\n', 'alias pci:v00001AF4* virtio\n'])
      expect(text).toContain(contents);
  });
});
