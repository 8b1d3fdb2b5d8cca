/** The price lists that are built in. Each source line says of its figures whether they are published, derived from published ones, or assumed. */
import type { CostProfile } from './cost-profile.ts';
import { YEAR_2009 } from './profile-2009.ts';
import { YEAR_2026 } from './profile-2026.ts';
import { EMULATOR } from './profile-emulator.ts';

/** By name. */
export const profiles: ReadonlyMap<string, CostProfile> = new Map(
  [YEAR_2009, YEAR_2026, EMULATOR].map((profile) => [profile.name, profile]),
);
