/**
 * What a kernel module says about itself: the section `.modinfo` of its ELF file, a run of NUL-terminated `key=value` strings
 * [Linux include/linux/moduleparam.h]. Only as much of ELF is read as leads there: file header, section headers, section names
 * [ELF 1.2, figures 1-3 and 1-8].
 */
import { ImageError } from './image-error.ts';

export interface ModuleInfo {
  /** Modules that must be loaded before; names with underscores. */
  readonly depends: readonly string[];
  /** Modules that should be loaded before if they exist (`softdep=pre: …`); names with underscores. */
  readonly softDepends: readonly string[];
  /** Patterns of the devices that it is for, as MODALIAS names them: `virtio:d00000001v*`. */
  readonly aliases: readonly string[];
}

/** Module names are written with either; the kernel means the same by both. */
export const moduleName = (name: string): string => name.replaceAll('-', '_');

/** @throws ImageError `bad-module` if the file is not an ELF file with a section `.modinfo`. */
export function readModuleInfo(file: Uint8Array): ModuleInfo {
  const depends: string[] = [];
  const softDepends: string[] = [];
  const aliases: string[] = [];
  for (const line of new TextDecoder('latin1').decode(sectionContents(file, '.modinfo')).split('\0')) {
    const equals = line.indexOf('=');
    const key = line.slice(0, Math.max(equals, 0));
    const value = line.slice(equals + 1);
    if (key === 'depends') depends.push(...value.split(',').filter((name) => name !== ''));
    if (key === 'softdep') softDepends.push(...softPre(value));
    if (key === 'alias' && value !== '') aliases.push(value);
  }
  return { depends: depends.map(moduleName), softDepends: softDepends.map(moduleName), aliases };
}

/** `pre: a b post: c` → a, b. */
function softPre(value: string): string[] {
  const pre = /(?:^|\s)pre:((?:\s+(?!\S+:)\S+)*)/.exec(value);
  return (pre?.[1] ?? '').split(/\s+/).filter((name) => name !== '');
}

interface Section {
  readonly name: number;
  readonly offset: number;
  readonly size: number;
}

function sectionContents(file: Uint8Array, wanted: string): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  try {
    if (view.getUint32(0, false) !== 0x7f45_4c46) throw new RangeError('no ELF magic');
    const wide = view.getUint8(4) === 2; // EI_CLASS: ELFCLASS64
    const headers = wide ? Number(view.getBigUint64(40, true)) : view.getUint32(32, true); // e_shoff
    const [entrySize, count, namesIndex] = (wide ? [58, 60, 62] : [46, 48, 50]).map((at) => view.getUint16(at, true)) as [
      number,
      number,
      number,
    ];
    const section = (index: number): Section => {
      const at = headers + index * entrySize;
      return wide
        ? {
            name: view.getUint32(at, true),
            offset: Number(view.getBigUint64(at + 24, true)),
            size: Number(view.getBigUint64(at + 32, true)),
          }
        : { name: view.getUint32(at, true), offset: view.getUint32(at + 16, true), size: view.getUint32(at + 20, true) };
    };
    const names = section(namesIndex);
    for (let i = 0; i < count; i++) {
      const { name, offset, size } = section(i);
      if (textAt(file, names.offset + name) !== wanted) continue;
      if (offset + size > file.length) throw new RangeError(`${wanted} lies beyond the end`);
      return file.subarray(offset, offset + size);
    }
    throw new RangeError(`no section ${wanted}`);
  } catch (error) {
    if (error instanceof RangeError) throw new ImageError('bad-module', `not a kernel module: ${error.message}`);
    throw error;
  }
}

function textAt(file: Uint8Array, start: number): string {
  const end = file.indexOf(0, start);
  return new TextDecoder('latin1').decode(file.subarray(start, end < 0 ? file.length : end));
}
