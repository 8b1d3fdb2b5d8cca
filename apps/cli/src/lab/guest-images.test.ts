import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../run/usage-error.ts';
import { guestImages, kernelRelease } from './guest-images.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'paravirt-images-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function bzImage(version: string): Buffer {
  const bytes = Buffer.alloc(0x800);
  bytes.write('HdrS', 0x202, 'latin1');
  bytes.writeUInt16LE(0x300, 0x20e);
  bytes.write(version, 0x500, 'latin1');
  return bytes;
}

const SCREEN = { write: () => {} };
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('[linux boot.rst] kernel_version', () => {
  it('names the kernel by its first word', () => {
    expect(kernelRelease(bzImage('6.1.0-40-cloud-amd64 (debian-kernel@lists.debian.org) #1 SMP'))).toBe('6.1.0-40-cloud-amd64');
  });

  it('is not believed blindly', () => {
    for (const bytes of [
      new Uint8Array(),
      new Uint8Array(0x210),
      bzImage('\x1b[2J'),
      Buffer.alloc(0x800, 0xff),
      bzImage('').subarray(0, 0x400),
    ])
      expect(kernelRelease(bytes)).toBe('unknown');
  });
});

describe('A guest from a directory', () => {
  it('is known by what is in its files', async () => {
    const kernel = bzImage('6.1.0 x');
    const initrd = Buffer.from('initrd');
    writeFileSync(join(folder, 'vmlinuz-x86_64'), kernel);
    writeFileSync(join(folder, 'initrd-x86_64'), initrd);
    expect(await guestImages(folder, SCREEN)).toEqual({
      files: { x86_64: { kernel: join(folder, 'vmlinuz-x86_64'), initrd: join(folder, 'initrd-x86_64'), name: '6.1.0' } },
      identities: { x86_64: { kernel: sha256(kernel), initrd: sha256(initrd), name: '6.1.0' } },
    });
  });

  it('is refused in one line if it is not there', async () => {
    await expect(guestImages(join(folder, 'nowhere'), SCREEN)).rejects.toBeInstanceOf(UsageError);
  });
});
