/**
 * Which package may see which, and how that is found out from the sources. The table is the rule; arrows.test.ts holds the repository to
 * it. An edge that is not here is a design decision: write it down in docs/decisions before adding a line.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** What an edge may carry: everything, or types, the few values named, and all that the entries named (`./frame`) offer. */
export type Edge = 'all' | { readonly values: readonly string[]; readonly entries?: readonly string[] };

/** An error class is compared with `instanceof`, so a package that reports a caller's mistake needs the value. */
const TYPES_AND_ERRORS: Edge = { values: ['ConfigurationError'] };
/** A network card knows ports by their type, and shares what is done to frames in software (docs/decisions/0008-frames-in-software.md). */
const TYPES_AND_FRAMES: Edge = { values: [], entries: ['frame'] };

export const ARROWS: Readonly<Record<string, Readonly<Record<string, Edge>>>> = {
  bus: {},
  'x86-core': { bus: 'all' },
  pci: { bus: 'all' },
  'net-backend': { bus: TYPES_AND_ERRORS },
  vbus: { bus: 'all', pci: 'all', 'net-backend': TYPES_AND_FRAMES },
  virtio: { bus: 'all', pci: 'all', vbus: 'all', 'net-backend': TYPES_AND_FRAMES },
  machine: { bus: 'all', 'x86-core': 'all', pci: 'all', 'net-backend': 'all', vbus: 'all', virtio: 'all' },
  lab: { bus: 'all', pci: 'all', vbus: 'all', virtio: 'all', 'net-backend': 'all', machine: 'all' },
  cli: { bus: 'all', lab: 'all', machine: 'all', 'net-backend': 'all', 'x86-core': 'all' },
};

/** Packages from the registry that a workspace package may depend on. */
export const EXTERNAL: Readonly<Record<string, readonly string[]>> = {
  cli: ['@nats-io/jetstream', '@nats-io/transport-node', '@observablehq/plot', 'commander', 'linkedom'],
  'net-backend': ['vitest'],
};

/** Run by the test runner only, so they may use what the root offers: tests, and `testing-….ts` that several of them share. */
export const isTest = (path: string): boolean => path.endsWith('.test.ts') || /(^|\/)testing-[^/]+\.ts$/.test(path);
/** Examples and what `./testing` offers: they put things together, so an arrow for types carries values there too. */
export const isHarness = (path: string): boolean => /^(examples\/|(node\/)?testing[./])/.test(path);
/** Where a library package keeps what needs Node: the entry `node.ts` and the folder `node`, in any place below src. */
export const isNodeOnly = (path: string): boolean => /(^|\/)node(\.ts$|\/)/.test(path);

export interface WorkspacePackage {
  /** Without scope: `x86-core`. */
  readonly name: string;
  readonly directory: string;
  readonly isApp: boolean;
  readonly manifest: {
    readonly name: string;
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly peerDependencies?: Readonly<Record<string, string>>;
    readonly devDependencies?: Readonly<Record<string, string>>;
  };
}

export function workspacePackages(): readonly WorkspacePackage[] {
  return ['packages', 'apps'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => {
        const directory = join(ROOT, folder, name);
        const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as WorkspacePackage['manifest'];
        return { name: manifest.name.replace('@paravirt/', ''), directory, isApp: folder === 'apps', manifest };
      }),
  );
}

/** Paths of the TypeScript files below src, relative to it. */
export function sourceFiles({ directory }: Pick<WorkspacePackage, 'directory'>): readonly string[] {
  return readdirSync(join(directory, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
}

export interface Import {
  readonly specifier: string;
  /** Names imported as values; `*` for a namespace, for side effects and for a dynamic import. Empty if only types are. */
  readonly values: readonly string[];
}

/** Every module that a source text names: import, export … from, import(), typeof import(). */
export function importsOf(text: string): readonly Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, values: readonly string[]): void => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) found.push({ specifier: specifier.text, values });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, importedValues(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, exportedValues(node));
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, []);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], ['*']);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('file.ts', text, ts.ScriptTarget.ESNext, true));
  return found;
}

function importedValues(clause: ts.ImportClause | undefined): readonly string[] {
  if (clause === undefined) return ['*'];
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return [];
  const bindings = clause.namedBindings;
  const named =
    bindings === undefined
      ? []
      : ts.isNamespaceImport(bindings)
        ? ['*']
        : bindings.elements.filter((element) => !element.isTypeOnly).map((element) => (element.propertyName ?? element.name).text);
  return clause.name === undefined ? named : ['default', ...named];
}

function exportedValues(node: ts.ExportDeclaration): readonly string[] {
  if (node.isTypeOnly) return [];
  if (node.exportClause === undefined || !ts.isNamedExports(node.exportClause)) return ['*'];
  return node.exportClause.elements.filter((element) => !element.isTypeOnly).map((element) => (element.propertyName ?? element.name).text);
}

/** Globals that Node has and a browser has not. */
const NODE_GLOBALS: ReadonlySet<string> = new Set([
  'Buffer',
  'process',
  'require',
  'setImmediate',
  'clearImmediate',
  '__dirname',
  '__filename',
]);

/** Node's globals that a source text uses as free names (a declaration or a property of that name is something else). */
export function nodeGlobalsOf(text: string): readonly string[] {
  const used = new Set<string>();
  const declared = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && NODE_GLOBALS.has(node.text)) {
      const { parent } = node;
      if (ts.isPropertyAccessExpression(parent) && parent.name === node) return;
      const names = 'name' in parent && parent.name === node;
      if (names) declared.add(node.text);
      else used.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('file.ts', text, ts.ScriptTarget.ESNext, true));
  return [...used].filter((name) => !declared.has(name));
}

export interface Violation {
  /** `packages/virtio/src/net/device.ts`. */
  readonly file: string;
  readonly what: string;
}

/** What one source file of a package does that it may not. `path` is relative to src. */
export function violationsOf(owner: WorkspacePackage, path: string, text: string): readonly Violation[] {
  const file = relative(ROOT, join(owner.directory, 'src', path));
  const violations: Violation[] = [];
  const complain = (what: string): void => void violations.push({ file, what });
  const mayUseNode = owner.isApp || isTest(path) || isNodeOnly(path);

  for (const { specifier, values } of importsOf(text)) {
    if (specifier.startsWith('.')) {
      const target = resolve(owner.directory, 'src', dirname(path), specifier);
      if (!target.startsWith(owner.directory + '/')) complain(`reaches out of its package: ${specifier}`);
    } else if (specifier.startsWith('node:')) {
      if (!mayUseNode) complain(`needs Node outside of ./node: ${specifier}`);
    } else if (specifier.startsWith('@paravirt/')) {
      const [, target = '', entry = ''] = specifier.split('/');
      const edge = ARROWS[owner.name]?.[target];
      if (target === owner.name) continue;
      if (edge === undefined) complain(`no arrow from ${owner.name} to ${target}`);
      else if (edge !== 'all' && edge.entries?.includes(entry) !== true && !isTest(path) && !isHarness(path)) {
        const beyond = values.filter((name) => !edge.values.includes(name));
        if (beyond.length > 0) complain(`the arrow from ${owner.name} to ${target} is for types only, not for ${beyond.join(', ')}`);
      }
      if (owner.manifest.dependencies?.[`@paravirt/${target}`] === undefined) complain(`${specifier} is not in its dependencies`);
    } else {
      const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : (specifier.split('/')[0] ?? '');
      const { dependencies, peerDependencies, devDependencies } = owner.manifest;
      const offered: Readonly<Record<string, string | undefined>> = {
        ...dependencies,
        ...peerDependencies,
        ...(isTest(path) ? { ...devDependencies, vitest: '', 'fast-check': '' } : {}),
      };
      if (offered[name] === undefined) complain(`${specifier} is not in its dependencies`);
    }
  }
  if (!mayUseNode) for (const name of nodeGlobalsOf(text)) complain(`needs Node outside of ./node: ${name}`);
  return violations;
}
