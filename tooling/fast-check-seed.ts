// The seed of all random properties (fast-check) of the unit tests. A test that fails for one seed in a hundred must fail when somebody is
// looking for it, not when somebody else's change is judged: so `pnpm test` always runs the same cases, and FAST_CHECK_SEED=random (or a
// number) runs others. fast-check prints the seed of what fails.
import { env } from 'node:process';
import fc from 'fast-check';

const wanted = env['FAST_CHECK_SEED'] ?? '2009';
if (wanted !== 'random') fc.configureGlobal({ seed: Number(wanted) });
