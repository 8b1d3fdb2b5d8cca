/**
 * The guest's root file system: busybox, our programs, the modules with their index for modprobe, /init and what it needs. It is not compressed:
 * unpacking costs the guest more than copying. /dev/console is there before devtmpfs is, so that /init can be heard from the start.
 */
import { CpioArchive } from './cpio.ts';
import { INIT_SCRIPT, MDEV_CONF, UDHCPC_SCRIPT } from './init-script.ts';
import { type ModuleIndex, moduleFile } from './module-index.ts';

export interface InitramfsContents {
  readonly busybox: Uint8Array;
  /** What `uname -r` says. */
  readonly release: string;
  /** Name → ELF file. */
  readonly modules: ReadonlyMap<string, Uint8Array>;
  readonly index: ModuleIndex;
  /** Name in /bin → ELF file. */
  readonly programs: ReadonlyMap<string, Uint8Array>;
}

const DIRECTORIES = ['bin', 'dev', 'etc', 'lib', 'lib/modules', 'proc', 'root', 'sys', 'tmp'];

/** Text files by path; all that is ours and the same for every guest. */
export const SCRIPTS: Readonly<Record<string, { readonly text: string; readonly permissions: number }>> = {
  init: { text: INIT_SCRIPT, permissions: 0o755 },
  'etc/mdev.conf': { text: MDEV_CONF, permissions: 0o644 },
  'etc/udhcpc.sh': { text: UDHCPC_SCRIPT, permissions: 0o755 },
};

/** The archive, as the kernel unpacks it. */
export function initramfs({ busybox, release, modules, index, programs }: InitramfsContents): Uint8Array {
  const archive = new CpioArchive();
  for (const path of DIRECTORIES) archive.directory(path);
  archive.characterDevice('dev/console', 5, 1);
  archive.file('bin/busybox', busybox, 0o755);
  for (const [name, contents] of programs) archive.file(`bin/${name}`, contents, 0o755);
  for (const [path, { text, permissions }] of Object.entries(SCRIPTS)) archive.file(path, text, permissions);
  const directory = `lib/modules/${release}`;
  archive.directory(directory);
  archive.file(`${directory}/modules.dep`, index.dep);
  archive.file(`${directory}/modules.alias`, index.alias);
  for (const [name, contents] of modules) archive.file(`${directory}/${moduleFile(name)}`, contents);
  return archive.toBytes();
}
