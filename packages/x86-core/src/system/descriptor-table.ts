/** LGDT, LIDT, LLDT, LTR. [SDM 2A, "LGDT/LIDT", "LLDT", "LTR"] */
import { VECTOR } from '../fault.ts';
import type { Processor } from '../processor.ts';
import { SEGMENT_NUMBER } from '../state.ts';
import {
  type Descriptor,
  isLongMode,
  isNull,
  nullContents,
  requireDescriptor,
  selectorError,
  systemContents,
  TYPE,
  TYPE_BUSY,
  writeSegment,
  writeType,
} from './descriptor.ts';
import { isCanonicalAddress, requireProtected, requireSupervisor } from './mode.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';

const loadTable = (name: string, base: 'gdtrBase' | 'idtrBase', limit: 'gdtrLimit' | 'idtrLimit'): SystemRoutine =>
  systemRoutine(name, (p, limitValue = 0n, baseValue = 0n) => {
    requireSupervisor(p);
    if (!isCanonicalAddress(baseValue)) p.fault(VECTOR.GP, 0);
    p.set(limit, Number(limitValue & 0xffffn));
    p.set64(base, baseValue);
    return undefined;
  });

/** Limit in bytes, base as the operand size gives it. */
export const loadGdt: SystemRoutine = loadTable('loadGdt', 'gdtrBase', 'gdtrLimit');
export const loadIdt: SystemRoutine = loadTable('loadIdt', 'idtrBase', 'idtrLimit');

/** The descriptor of a system segment; the selector must name the GDT. */
function globalDescriptor(p: Processor, selector: number, types: readonly number[]): Descriptor {
  if ((selector & 4) !== 0) p.fault(VECTOR.GP, selectorError(selector));
  const d = requireDescriptor(p, selector);
  if (d.segment || !types.includes(d.type)) p.fault(VECTOR.GP, selectorError(selector));
  if (!d.present) p.fault(VECTOR.NP, selectorError(selector));
  return d;
}

export const loadLdt: SystemRoutine = systemRoutine('loadLdt', (p, value = 0n) => {
  requireProtected.run(p);
  requireSupervisor(p);
  const selector = Number(value & 0xffffn);
  if (isNull(selector)) writeSegment(p, SEGMENT_NUMBER.LDTR, nullContents(selector));
  else {
    const d = globalDescriptor(p, selector, [TYPE.LDT]);
    writeSegment(p, SEGMENT_NUMBER.LDTR, systemContents(p, selector, d, VECTOR.GP));
  }
  return undefined;
});

export const loadTask: SystemRoutine = systemRoutine('loadTask', (p, value = 0n) => {
  requireProtected.run(p);
  requireSupervisor(p);
  const selector = Number(value & 0xffffn);
  if (isNull(selector)) p.fault(VECTOR.GP, 0);
  const d = globalDescriptor(p, selector, isLongMode(p) ? [TYPE.TSS] : [TYPE.TSS, TYPE.TSS_16]);
  const contents = systemContents(p, selector, d, VECTOR.GP);
  writeType(p, d.address, d.attributes | TYPE_BUSY);
  writeSegment(p, SEGMENT_NUMBER.TR, { ...contents, attributes: d.attributes | TYPE_BUSY });
  return undefined;
});
