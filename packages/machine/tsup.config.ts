import { packageConfig } from '../../tooling/tsup.base.ts';

export default packageConfig({ index: 'src/index.ts', worker: 'src/worker.ts' });
