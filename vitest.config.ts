import { defineConfig } from 'vitest/config';

// Packages are tested from their sources (export condition `@paravirt/source`), so no build is needed first.
const conditions = ['@paravirt/source', 'module', 'node', 'development|production'];
// Random properties run with one seed, the same on every machine; FAST_CHECK_SEED=N or =random explores.
const setupFiles = ['./tooling/fast-check-seed.ts'];
const shared = { resolve: { conditions }, ssr: { resolve: { conditions, externalConditions: conditions } } };

export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          setupFiles,
          include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'tooling/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'guests',
          include: ['tests/guests/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
