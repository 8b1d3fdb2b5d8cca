import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ImageError } from './image-error.ts';
import { moduleName, readModuleInfo } from './modinfo.ts';

/** An ELF file with the sections '', .shstrtab, .modinfo; only the fields that lead there are set. */
function elf(wide: boolean, modinfo: string): Uint8Array {
  const names = '\0.shstrtab\0.modinfo\0';
  const entry = wide ? 64 : 40;
  const namesAt = 64;
  const infoAt = namesAt + names.length;
  const headers = (infoAt + modinfo.length + 7) & ~7;
  const bytes = new Uint8Array(headers + 3 * entry);
  const view = new DataView(bytes.buffer);
  const text = new TextEncoder();
  bytes.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, 1, 1]);
  bytes.set(text.encode(names), namesAt);
  bytes.set(text.encode(modinfo), infoAt);
  const [shentsize, shnum, shstrndx] = wide ? [58, 60, 62] : [46, 48, 50];
  if (wide) view.setBigUint64(40, BigInt(headers), true);
  else view.setUint32(32, headers, true);
  view.setUint16(shentsize as number, entry, true);
  view.setUint16(shnum as number, 3, true);
  view.setUint16(shstrndx as number, 1, true);
  const section = (index: number, name: number, offset: number, size: number): void => {
    const at = headers + index * entry;
    view.setUint32(at, name, true);
    if (wide) {
      view.setBigUint64(at + 24, BigInt(offset), true);
      view.setBigUint64(at + 32, BigInt(size), true);
    } else {
      view.setUint32(at + 16, offset, true);
      view.setUint32(at + 20, size, true);
    }
  };
  section(1, 1, namesAt, names.length);
  section(2, 11, infoAt, modinfo.length);
  return bytes;
}

const INFO =
  'license=GPL\0alias=virtio:d00000001v*\0alias=vbus-proxy:virtual-ethernet\0softdep=pre: crc32c libcrc-x post: later\0depends=virtio,virtio-ring\0intree=Y\0';

describe('[moduleparam.h] .modinfo', () => {
  it.each([
    ['ELFCLASS64', true],
    ['ELFCLASS32', false],
  ])('tells what a module depends on and which devices it is for (%s)', (_, wide) => {
    expect(readModuleInfo(elf(wide, INFO))).toEqual({
      depends: ['virtio', 'virtio_ring'],
      softDepends: ['crc32c', 'libcrc_x'],
      aliases: ['virtio:d00000001v*', 'vbus-proxy:virtual-ethernet'],
    });
  });

  it('tells nothing when a module depends on nothing', () => {
    expect(readModuleInfo(elf(true, 'depends=\0name=virtio\0'))).toEqual({ depends: [], softDepends: [], aliases: [] });
  });

  it('takes hyphen and underscore in names as the same', () => {
    expect(moduleName('virtio-net')).toBe('virtio_net');
  });

  it('refuses what is not an ELF file', () => {
    expect(() => readModuleInfo(new TextEncoder().encode('not a module'))).toThrow(ImageError);
    expect(() => readModuleInfo(new Uint8Array(0))).toThrow(ImageError);
  });

  it('never fails otherwise, whatever bytes are cut or changed', () => {
    const bytes = fc.nat(1000);
    fc.assert(
      fc.property(
        fc.boolean(),
        bytes,
        fc.array(fc.tuple(bytes, fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
        (wide, cut, changes) => {
          const file = elf(wide, INFO);
          for (const [at, value] of changes) if (at < file.length) file[at] = value;
          try {
            readModuleInfo(file.subarray(0, cut));
          } catch (error) {
            expect(error).toBeInstanceOf(ImageError);
          }
        },
      ),
    );
  });
});
