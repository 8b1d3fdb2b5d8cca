import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packageConfig } from '../../tooling/tsup.base.ts';
import { readSources } from './src/image/guest-modules.ts';

/** The package carries the sources of the guest's modules, with their licence: `paravirt image debian` compiles them. */
async function copyGuestModules(): Promise<void> {
  const from = '../../guests/linux';
  const sources = readSources([from]);
  if (sources === undefined) throw new Error(`no ${from}`);
  for (const [path, text] of [...sources.files, ['COPYING', await readFile(join(from, 'COPYING'), 'utf8')] as const]) {
    const to = join('dist/guest-modules', path);
    await mkdir(dirname(to), { recursive: true });
    await writeFile(to, text);
  }
}

export default packageConfig({ main: 'src/main.ts', 'net-worker': 'src/run/net-worker.ts' }, { dts: false, onSuccess: copyGuestModules });
