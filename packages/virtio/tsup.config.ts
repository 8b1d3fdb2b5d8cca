import { packageConfig } from '../../tooling/tsup.base.ts';

export default packageConfig({ index: 'src/index.ts', testing: 'src/testing.ts', worker: 'src/worker.ts' });
