/**
 * Heat: how often the interpreter has jumped to a record. Counters are 16 bits wide in linear memory and shared by records whose addresses
 * are alike modulo the size of the table, which at worst calls a record hot too early.
 */
import { RECORD_SHIFT } from './record.ts';

export const HEAT_BASE = 0x4_0000;
export const HEAT_COUNTERS = 0x8000;

/** Jumps to a record after which it is hot, unless one is told otherwise. */
export const HOT = 5000;
/** More than a counter can hold. */
export const NEVER_HOT = 0x1_0000;

/** Address of the counter of a record. */
export const heatOf = (record: number): number => HEAT_BASE + (((record >>> RECORD_SHIFT) & (HEAT_COUNTERS - 1)) << 1);
