/** The north side in TypeScript: what a guest's drivers do, for tests and for measurements without a CPU. */
export { EINVAL } from './errno.ts';
