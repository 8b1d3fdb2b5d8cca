/**
 * In which order modules must be loaded so that each finds what it depends on. The dependencies come from the modules themselves, because
 * they differ between kernel versions.
 */
import { ImageError } from './image-error.ts';
import { type ModuleInfo, moduleName } from './modinfo.ts';

/**
 * `wanted` and all they depend on, dependencies first; ties keep the order of `wanted`. What is built into the kernel is left out.
 *
 * @param info what a module says about itself; undefined if there is no such module
 * @param builtIn names (with underscores) that need no loading
 * @throws ImageError `no-module` for a name that is neither a module nor built in, `module-cycle` for modules that wait for each other
 */
export function loadOrder(
  wanted: readonly string[],
  info: (name: string) => Pick<ModuleInfo, 'depends' | 'softDepends'> | undefined,
  builtIn: ReadonlySet<string>,
): readonly string[] {
  const order: string[] = [];
  const visiting: string[] = [];

  const visit = (name: string): void => {
    if (order.includes(name) || builtIn.has(name)) return;
    const by = visiting.at(-1);
    if (visiting.includes(name))
      throw new ImageError('module-cycle', `kernel modules depend on each other: ${[...visiting, name].join(' → ')}`);
    const module = info(name);
    if (module === undefined)
      throw new ImageError(
        'no-module',
        `the kernel has no module ${name}${by === undefined ? '' : `, which ${by} needs`}, and it is not built in`,
      );
    visiting.push(name);
    const depth = visiting.length;
    for (const dependency of module.softDepends) {
      try {
        visit(dependency);
      } catch (error) {
        // A soft dependency is a wish: one that cannot be loaded first is left out.
        if (!(error instanceof ImageError)) throw error;
        visiting.length = depth;
      }
    }
    for (const dependency of module.depends) visit(dependency);
    visiting.pop();
    order.push(name);
  };

  for (const name of wanted) visit(moduleName(name));
  return order;
}
