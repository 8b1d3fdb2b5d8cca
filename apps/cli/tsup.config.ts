import { packageConfig } from '../../tooling/tsup.base.ts';

export default packageConfig({ main: 'src/main.ts' }, { dts: false });
