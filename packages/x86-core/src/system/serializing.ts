/**
 * Serializing instructions: the routines before which all that was written is seen by everybody. [SDM 3A, "Serializing Instructions"]
 * MOV to CR8 is none; that it fences as well does no harm.
 */
import { invalidateCaches, invalidatePage, writeControl } from './control-registers.ts';
import { cpuid } from './cpuid.ts';
import { writeDebug } from './debug-registers.ts';
import { loadGdt, loadIdt, loadLdt, loadTask } from './descriptor-table.ts';
import { interruptReturn } from './iret.ts';
import { writeMsr } from './msr.ts';
import type { SystemRoutine } from './routine.ts';

export const SERIALIZING: ReadonlySet<SystemRoutine> = new Set([
  cpuid,
  interruptReturn,
  invalidateCaches,
  invalidatePage,
  loadGdt,
  loadIdt,
  loadLdt,
  loadTask,
  writeControl,
  writeDebug,
  writeMsr,
]);
