import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  ARROWS,
  EXTERNAL,
  importsOf,
  nodeGlobalsOf,
  sourceFiles,
  violationsOf,
  type WorkspacePackage,
  workspacePackages,
} from './arrows.ts';

const packages = workspacePackages();

describe('The arrows between packages', () => {
  it.each(packages.map((owner) => [owner.name, owner] as const))(
    '%s depends on nothing but what its arrows allow',
    (name, { manifest }) => {
      const own = ARROWS[name];
      expect(own, `no arrows are written down for ${name}`).toBeDefined();
      const all = [...Object.keys(manifest.dependencies ?? {}), ...Object.keys(manifest.peerDependencies ?? {})];
      const scope = '@paravirt/';
      const inside = all.filter((dependency) => dependency.startsWith(scope)).map((dependency) => dependency.slice(scope.length));
      expect(inside.filter((dependency) => own?.[dependency] === undefined)).toEqual([]);
      const outside = all.filter((dependency) => !dependency.startsWith(scope));
      expect(outside.filter((dependency) => !(EXTERNAL[name] ?? []).includes(dependency))).toEqual([]);
    },
  );

  it.each(packages.map((owner) => [owner.name, owner] as const))('%s imports nothing but what its arrows allow', (_, owner) => {
    const found = sourceFiles(owner).flatMap((path) => violationsOf(owner, path, readFileSync(join(owner.directory, 'src', path), 'utf8')));
    expect(found).toEqual([]);
  });

  it('have no cycle', () => {
    const reaches = (from: string, seen: readonly string[]): void => {
      expect(seen).not.toContain(from);
      for (const to of Object.keys(ARROWS[from] ?? {})) reaches(to, [...seen, from]);
    };
    for (const name of Object.keys(ARROWS)) reaches(name, []);
  });
});

describe('The reader of imports', () => {
  it('tells values from types in every form', () => {
    const text = `
      import a, { b, type C, d as e } from 'one';
      import type { F } from 'two';
      import * as g from 'three';
      import 'four';
      export { h, type I } from 'five';
      export type { J } from 'six';
      export * from 'seven';
      const k = await import('eight');
      type L = import('nine').M;
      const text = "import x from 'not this'"; // import y from 'nor this'
    `;
    expect(importsOf(text)).toEqual([
      { specifier: 'one', values: ['default', 'b', 'd'] },
      { specifier: 'two', values: [] },
      { specifier: 'three', values: ['*'] },
      { specifier: 'four', values: ['*'] },
      { specifier: 'five', values: ['h'] },
      { specifier: 'six', values: [] },
      { specifier: 'seven', values: ['*'] },
      { specifier: 'eight', values: ['*'] },
      { specifier: 'nine', values: [] },
    ]);
  });

  it('tells Node’s globals from properties and parameters of the same name', () => {
    expect(nodeGlobalsOf('Buffer.alloc(1); process.exit();')).toEqual(['Buffer', 'process']);
    expect(nodeGlobalsOf('ring.process(x); const f = (require: boolean) => require; interface A { process(): void }')).toEqual([]);
  });
});

describe('The rule', () => {
  const owner: WorkspacePackage = {
    name: 'virtio',
    directory: join(import.meta.dirname, '..', 'packages', 'virtio'),
    isApp: false,
    manifest: {
      name: '@paravirt/virtio',
      dependencies: { '@paravirt/bus': '', '@paravirt/net-backend': '', '@paravirt/machine': '' },
    },
  };
  const complaints = (path: string, text: string): readonly string[] => violationsOf(owner, path, text).map(({ what }) => what);

  it.each([
    ['a package it may not see', 'device.ts', "import { createPc } from '@paravirt/machine';", 'no arrow from virtio to machine'],
    [
      'a package that is not a dependency',
      'device.ts',
      "import type { Bar } from '@paravirt/pci';",
      '@paravirt/pci is not in its dependencies',
    ],
    ['values over an arrow for types', 'net.ts', "import { pair } from '@paravirt/net-backend';", 'types only, not for pair'],
    [
      'values of another entry over it',
      'net.ts',
      "import { openCaptureFile } from '@paravirt/net-backend/node';",
      'types only, not for openCaptureFile',
    ],
    ['another package’s files', 'net.ts', "import { x } from '../../pci/src/x.ts';", 'reaches out of its package'],
    ['Node outside of ./node', 'net.ts', "import { open } from 'node:fs';", 'needs Node outside of ./node: node:fs'],
    ['Node’s globals outside of ./node', 'net.ts', 'export const x = Buffer.alloc(1);', 'needs Node outside of ./node: Buffer'],
    ['a registry package that is not a dependency', 'net.ts', "import fc from 'fast-check';", 'fast-check is not in its dependencies'],
  ])('refuses %s', (_, path, text, complaint) => {
    expect(complaints(path, text)).toEqual([expect.stringContaining(complaint)]);
  });

  it.each([
    ['values of an entry that the arrow names', 'net.ts', "import { TcpSegmenter } from '@paravirt/net-backend/frame';"],
    ['types over an arrow for types', 'net.ts', "import type { EthernetPort } from '@paravirt/net-backend';"],
    ['values over it in a test', 'net.test.ts', "import { pair } from '@paravirt/net-backend'; import fc from 'fast-check';"],
    ['values over it in an example', 'examples/alone.ts', "import { portPair } from '@paravirt/net-backend';"],
    ['values over it in ./testing', 'testing.ts', "import { portPair } from '@paravirt/net-backend';"],
    ['Node below ./node', 'node/socket.ts', "import { connect } from 'node:net';"],
    ['files of its own', 'net/device.ts', "import { x } from '../queue/split.ts';"],
  ])('lets through %s', (_, path, text) => {
    expect(complaints(path, text)).toEqual([]);
  });
});
