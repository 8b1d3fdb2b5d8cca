import { copyFileSync, mkdtempSync, openSync, readSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takenPort } from './host-server.ts';
import { debianImage, type Image, type Outcome, paravirt } from './paravirt.ts';

let folder: string;
let image: Image;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paravirt-bad-'));
  image = await debianImage('x86_64');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A file in the folder; a number makes one of that many zero bytes. */
function file(name: string, contents: Uint8Array | number): string {
  const path = join(folder, name);
  writeFileSync(path, typeof contents === 'number' ? '' : contents);
  if (typeof contents === 'number') truncateSync(path, contents);
  return path;
}

/** A mistake is told in one line, with exit code 2, and nothing else is printed. */
function expectRefusal(outcome: Outcome, about?: RegExp): void {
  expect(outcome.stderr).toMatch(/^paravirt: [^\n]+\n$/);
  if (about !== undefined) expect(outcome.stderr).toMatch(about);
  expect(outcome.stdout).toBe('');
  expect(outcome.code).toBe(2);
}

/**
 * [linux boot.rst] Bytes that a bzImage must have: boot sector, setup_sects, and syssize paragraphs of 16 bytes, of which the last need not be
 * whole.
 */
function neededBytes(path: string): number {
  const header = Buffer.alloc(0x200);
  readSync(openSync(path, 'r'), header);
  return ((header[0x1f1] || 4) + 1) * 512 + (header.readUInt32LE(0x1f4) - 1) * 16;
}

describe('A kernel that is not whole', () => {
  it('is refused in one line, wherever it is cut', { timeout: 300_000 }, async () => {
    const places = 100;
    const workers = 4;
    const needed = neededBytes(image.kernel);
    // The header's fields are where most can go wrong: half of the places are there.
    const cuts = Array.from({ length: places }, (_, i) =>
      i < places / 2 ? i * 13 : Math.floor((needed - 1) * ((i - places / 2 + 1) / (places / 2))),
    );
    cuts.sort((a, b) => b - a);
    await Promise.all(
      Array.from({ length: workers }, async (_, worker) => {
        const path = join(folder, `cut-${worker}`);
        copyFileSync(image.kernel, path);
        for (const [i, cut] of cuts.entries()) {
          if (i % workers !== worker) continue;
          truncateSync(path, cut);
          const outcome = await paravirt('run', '--kernel', path, '--memory', '256M');
          expect.soft({ cut, code: outcome.code }).toEqual({ cut, code: 2 });
          expectRefusal(outcome);
        }
      }),
    );
  });

  it('is refused when it has no bytes at all', async () => {
    expectRefusal(await paravirt('run', '--kernel', file('empty', 0)), /empty/);
  });

  it('is refused when it is something else', async () => {
    expectRefusal(await paravirt('run', '--kernel', file('text', Buffer.from('#!/bin/sh\n'.repeat(1000)))));
    expectRefusal(await paravirt('run', '--kernel', file('zeros', 1 << 20)));
  });

  it('is refused when an ELF file points out of itself', async () => {
    const bytes = Buffer.alloc(4096);
    bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
    bytes.writeUInt32LE(0xffff_fff0, 28); // e_phoff
    bytes.writeUInt16LE(0xffff, 44); // e_phnum
    bytes.writeUInt32LE(0x1bad_b002, 64);
    bytes.writeInt32LE(-0x1bad_b002, 72);
    expectRefusal(await paravirt('run', '--kernel', file('elf', bytes)));
  });
});

describe('What does not fit', () => {
  it('is refused: an initrd larger than memory', async () => {
    const initrd = file('initrd', 300 << 20);
    expectRefusal(await paravirt('run', '--kernel', image.kernel, '--initrd', initrd, '--memory', '256M'), /initrd|memory/i);
  });

  it('is refused: memory too small for the kernel', async () => {
    for (const memory of ['1M', '4M', '16M']) expectRefusal(await paravirt('run', '--kernel', image.kernel, '--memory', memory), /memory/i);
  });

  it('is refused: a command line longer than the kernel takes', async () => {
    expectRefusal(await paravirt('run', '--kernel', image.kernel, '--append', 'x'.repeat(100_000)), /command line|append/i);
  });
});

describe('Options', () => {
  it.each([
    ['an unknown option', ['--no-such-option']],
    ['memory that is no size', ['--memory', 'lots']],
    ['no memory', ['--memory', '0']],
    ['a network that does not exist', ['--net', 'tap,model=virtio-net-pci']],
    ['a card that does not exist', ['--net', 'user,model=ne2000']],
    ['a MAC address that is none', ['--net', 'user,model=virtio-net-pci,mac=52:54']],
    ['a forward that is none', ['--net', 'user,model=virtio-net-pci,forward=tcp:2222']],
    ['a time that is none', ['--timeout', 'soon']],
    ['a kernel that does not exist', ['--kernel', '/no/such/file']],
    ['an initrd that does not exist', ['--initrd', '/no/such/file']],
  ])('are refused in one line: %s', async (_, options) => {
    expectRefusal(await paravirt('run', '--kernel', image.kernel, ...options));
  });

  it('are refused in one line: nothing to boot', async () => {
    expectRefusal(await paravirt('run'));
  });

  it('are refused in one line: a port in use', async () => {
    const taken = await takenPort();
    try {
      const network = `user,model=virtio-net-pci,forward=tcp:127.0.0.1:${taken.port}-:22`;
      expectRefusal(await paravirt('run', '--kernel', image.kernel, '--net', network), new RegExp(`${taken.port}`));
    } finally {
      await taken.close();
    }
  });

  it('are refused in one line: a kernel that cannot be read', async () => {
    expectRefusal(await paravirt('run', '--kernel', folder));
  });
});
