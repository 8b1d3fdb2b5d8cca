import { defineConfig, type Options } from 'tsup';

/** One bundler configuration for every package: ESM, one clean bundled .d.ts per entry. */
export function packageConfig(entry: Record<string, string>, extra: Options = {}): ReturnType<typeof defineConfig> {
  return defineConfig({
    entry,
    format: ['esm'],
    target: 'es2024',
    dts: true,
    clean: true,
    splitting: true,
    sourcemap: false,
    tsconfig: 'tsconfig.json',
    ...extra,
  });
}
