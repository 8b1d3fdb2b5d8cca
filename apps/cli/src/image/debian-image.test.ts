import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { debianImage } from './debian-image.ts';
import { ImageError } from './image-error.ts';
import { KernelPackage } from './kernel-package.ts';
import { Progress } from './progress.ts';

let folder: string;
const environment = { ...process.env };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'image-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  process.env = { ...environment };
});

function kernelTree(modules: Readonly<Record<string, Uint8Array>>): string {
  const tree = join(folder, 'lib', 'modules', '6.1.0-1-test');
  mkdirSync(join(tree, 'kernel', 'drivers'), { recursive: true });
  mkdirSync(join(folder, 'boot'));
  writeFileSync(join(folder, 'boot', 'vmlinuz-6.1.0-1-test'), 'kernel');
  writeFileSync(join(tree, 'modules.builtin'), 'kernel/drivers/virtio-mmio.ko\n');
  for (const [name, contents] of Object.entries(modules)) writeFileSync(join(tree, 'kernel', 'drivers', name), contents);
  return folder;
}

describe('An unpacked kernel package', () => {
  it('has a kernel, modules in any compression, and a list of what is built in', () => {
    const contents = new TextEncoder().encode('module');
    const source = new KernelPackage(
      kernelTree({ 'a-b.ko': contents, 'c.ko.gz': gzipSync(contents), 'd.ko.zst': zstdCompressSync(contents), README: contents }),
    );
    expect(readFileSync(source.kernel, 'utf8')).toBe('kernel');
    expect(source.release).toBe('6.1.0-1-test');
    for (const name of ['a_b', 'c', 'd']) expect(new Uint8Array(source.module(name))).toEqual(contents);
    expect(source.builtIn.has('virtio_mmio')).toBe(true);
    expect(source.info('absent')).toBeUndefined();
    expect(() => source.info('a_b')).toThrow(ImageError);
  });

  it('is refused if it has neither', () => {
    expect(() => new KernelPackage(folder)).toThrow('no boot/vmlinuz');
  });
});

describe('paravirt image debian', () => {
  const silent = new Progress({ write: () => true });

  it('says what to pass instead where there is no apt', async () => {
    process.env['PATH'] = folder;
    process.env['XDG_CACHE_HOME'] = folder;
    await expect(debianImage({ arch: 'x86_64', progress: silent })).rejects.toThrow(
      /^there is no apt-cache on this machine: boot a kernel \(bzImage\) and an initramfs of your own: paravirt run --kernel/,
    );
  });

  it('says which command makes apt know the packages of another architecture', async () => {
    // An apt that knows nothing.
    for (const name of ['apt-cache', 'apt-get'])
      writeFileSync(join(folder, name), '#!/bin/sh\necho "E: No packages found" >&2\nexit 100\n', { mode: 0o755 });
    process.env['PATH'] = `${folder}:${environment['PATH']}`;
    process.env['XDG_CACHE_HOME'] = join(folder, 'cache');
    await expect(debianImage({ arch: 'i686', progress: silent })).rejects.toThrow(
      '`dpkg --add-architecture i386 && apt-get update` as root',
    );
  });

  it('makes, caches and copies an image out of packages', async () => {
    // An apt that offers two packages made here.
    const deb = (name: string, build: (root: string) => void): string => {
      const root = join(folder, `${name}-root`);
      mkdirSync(join(root, 'DEBIAN'), { recursive: true });
      writeFileSync(
        join(root, 'DEBIAN', 'control'),
        `Package: ${name}\nVersion: 1\nArchitecture: amd64\nMaintainer: a <a@b.c>\nDescription: d\n`,
      );
      build(root);
      execFileSync('dpkg-deb', ['-Znone', '-b', root, join(folder, `${name}.deb`)]);
      return `${name}.deb`;
    };
    const kernel = deb('linux-image-6.1-test', (root) => {
      mkdirSync(join(root, 'boot'));
      mkdirSync(join(root, 'lib', 'modules', '6.1'), { recursive: true });
      writeFileSync(join(root, 'boot', 'vmlinuz-6.1'), 'the kernel');
      writeFileSync(join(root, 'lib', 'modules', '6.1', 'modules.builtin'), 'kernel/virtio_pci.ko\nkernel/virtio_net.ko\n');
    });
    const busybox = deb('busybox-static', (root) => {
      mkdirSync(join(root, 'bin'));
      writeFileSync(join(root, 'bin', 'busybox'), 'the busybox');
    });
    const show =
      'case "$*" in *busybox*) echo "Version: 1";; *headers*) exit 100;; *cloud*) printf "Version: 1\\nDepends: linux-image-6.1-test (= 1)\\n";; *) echo "Version: 1";; esac';
    writeFileSync(join(folder, 'apt-cache'), `#!/bin/sh\n${show}\n`, { mode: 0o755 });
    const get = `case "$*" in *busybox*) cp ${folder}/${busybox} .;; *) cp ${folder}/${kernel} .;; esac`;
    writeFileSync(join(folder, 'apt-get'), `#!/bin/sh\n${get}\n`, { mode: 0o755 });
    process.env['PATH'] = `${folder}:${environment['PATH']}`;
    process.env['XDG_CACHE_HOME'] = join(folder, 'cache');

    const first = await debianImage({ arch: 'x86_64', progress: silent });
    // This archive has no headers, so the modules of guests/linux are left out, and that is said.
    expect(first).toMatchObject({ arch: 'x86_64', cached: false, modules: [], omitted: 'apt offers no linux-headers-6.1-test:amd64' });
    expect(readFileSync(first.kernel, 'utf8')).toBe('the kernel');
    expect(readFileSync(first.initrd, 'latin1')).toContain('the busybox');
    const second = await debianImage({ arch: 'x86_64', progress: silent, out: join(folder, 'out') });
    expect(second).toMatchObject({ cached: true, kernel: join(folder, 'out', 'vmlinuz-x86_64') });
    expect(readFileSync(second.kernel, 'utf8')).toBe('the kernel');
  });
});
