/** LAR, LSL, VERR, VERW: what a selector would give. [SDM 2A, "LAR", "LSL"; SDM 2C, "VERR/VERW"; SDM 3A §5.10] */
import type { Processor } from '../processor.ts';
import { type Descriptor, descriptorLimit, findDescriptor, isCode, isConforming, isLongMode, isNull, TYPE } from './descriptor.ts';
import { requireProtected } from './mode.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';

/** Bit 32 of a result: the answer is there. */
const KNOWN = 1n << 32n;

const LAR_TYPES: readonly number[] = [
  TYPE.TSS_16,
  TYPE.LDT,
  TYPE.TSS_16_BUSY,
  TYPE.CALL_GATE_16,
  TYPE.TASK_GATE,
  TYPE.TSS,
  TYPE.TSS_BUSY,
  TYPE.CALL_GATE,
];
const LAR_TYPES_LONG: readonly number[] = [TYPE.LDT, TYPE.TSS, TYPE.TSS_BUSY, TYPE.CALL_GATE];
const LSL_TYPES: readonly number[] = [TYPE.TSS_16, TYPE.LDT, TYPE.TSS_16_BUSY, TYPE.TSS, TYPE.TSS_BUSY];
const LSL_TYPES_LONG: readonly number[] = [TYPE.LDT, TYPE.TSS, TYPE.TSS_BUSY];

/** The descriptor, if CPL and RPL may see it. */
function visible(p: Processor, value: bigint): Descriptor | undefined {
  requireProtected.run(p);
  const selector = Number(value & 0xffffn);
  const d = isNull(selector) ? undefined : findDescriptor(p, selector);
  if (d === undefined) return undefined;
  if (isCode(d) && isConforming(d)) return d;
  return p.get('cpl') > d.dpl || (selector & 3) > d.dpl ? undefined : d;
}

/** 2^32 + access rights (second doubleword and 00FxFF00H), or 0. */
export const accessRights: SystemRoutine = systemRoutine('accessRights', (p, selector = 0n) => {
  const d = visible(p, selector);
  if (d === undefined || !(d.segment || (isLongMode(p) ? LAR_TYPES_LONG : LAR_TYPES).includes(d.type))) return 0n;
  return KNOWN | BigInt((d.high & 0x00ff_ff00) >>> 0);
});

/** 2^32 + limit in bytes, or 0. */
export const segmentLimit: SystemRoutine = systemRoutine('segmentLimit', (p, selector = 0n) => {
  const d = visible(p, selector);
  if (d === undefined || !(d.segment || (isLongMode(p) ? LSL_TYPES_LONG : LSL_TYPES).includes(d.type))) return 0n;
  return KNOWN | BigInt(descriptorLimit(d));
});

export const verifyRead: SystemRoutine = systemRoutine('verifyRead', (p, selector = 0n) => {
  const d = visible(p, selector);
  return d?.segment === true && (!isCode(d) || (d.type & 2) !== 0) ? 1n : 0n;
});

export const verifyWrite: SystemRoutine = systemRoutine('verifyWrite', (p, selector = 0n) => {
  const d = visible(p, selector);
  return d?.segment === true && !isCode(d) && (d.type & 2) !== 0 ? 1n : 0n;
});
