import { packageConfig } from '../../tooling/tsup.base.ts';

// The configuration that knows Node's types builds all entries; that the others do without them, `typecheck` proves.
export default packageConfig(
  { index: 'src/index.ts', testing: 'src/testing.ts', worker: 'src/worker.ts', node: 'src/node.ts' },
  { tsconfig: 'tsconfig.node.json' },
);
