/**
 * What modprobe looks up, as depmod would write it: modules.dep, which modules a module needs, and modules.alias, which module is for which
 * device [modules.dep(5), depmod(8)]. The aliases are those that MODALIAS of a device's uevent is matched against.
 */
import type { ModuleInfo } from './modinfo.ts';
import { loadOrder } from './module-order.ts';

export interface ModuleIndex {
  readonly dep: string;
  readonly alias: string;
}

/** Name of the file of a module, in the directory of the index. */
export const moduleFile = (name: string): string => `${name}.ko`;

/**
 * @param names modules that are there, with all that they depend on
 * @param info what a module says about itself
 * @param builtIn names that need no loading
 */
export function moduleIndex(
  names: readonly string[],
  info: (name: string) => ModuleInfo | undefined,
  builtIn: ReadonlySet<string>,
): ModuleIndex {
  const dep = names.map((name) => {
    // modprobe loads from right to left.
    const needed = loadOrder([name], info, builtIn).slice(0, -1).toReversed();
    return [`${moduleFile(name)}:`, ...needed.map(moduleFile)].join(' ');
  });
  const alias = names.flatMap((name) => (info(name)?.aliases ?? []).map((pattern) => `alias ${pattern} ${name}`));
  return { dep: lines(dep), alias: lines(alias) };
}

const lines = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');
