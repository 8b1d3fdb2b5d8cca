/** Port input and output with their permission check. [SDM 1 §19.5; SDM 2A, "IN"; SDM 2B, "OUT"] */
import { VECTOR } from '../fault.ts';
import type { Processor } from '../processor.ts';
import { SEGMENT_NUMBER } from '../state.ts';
import { ioPrivilege, isReal, isVirtual8086, tableAddress } from './mode.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';
import { hasLargeTss } from './task-state.ts';

/** Where a TSS keeps the offset of its I/O permission bitmap, and the smallest limit with it. */
const IO_MAP_BASE = 0x66;
const TSS_LIMIT = 0x67;

/** #GP(0) unless IOPL or the bitmap in the TSS allows all `bytes` ports. */
function checkPermission(p: Processor, port: number, bytes: number): void {
  if (isReal(p) || (p.get('cpl') <= ioPrivilege(p) && !isVirtual8086(p))) return;
  const limit = p.get('segmentLimit', SEGMENT_NUMBER.TR);
  if (!hasLargeTss(p) || limit < TSS_LIMIT) p.fault(VECTOR.GP, 0);
  const base = p.get64('segmentBase', SEGMENT_NUMBER.TR);
  const map = Number(p.readLinear(tableAddress(p, base, IO_MAP_BASE), 2, true));
  const offset = map + (port >>> 3);
  // Two bytes are always read; the map ends with a byte of ones.
  if (offset + 1 > limit) p.fault(VECTOR.GP, 0);
  const bits = Number(p.readLinear(tableAddress(p, base, offset), 2, true)) >>> (port & 7);
  if ((bits & ((1 << bytes) - 1)) !== 0) p.fault(VECTOR.GP, 0);
}

const widthOf = (bytes: bigint): 1 | 2 | 4 => (bytes === 1n ? 1 : bytes === 2n ? 2 : 4);

export const checkPort: SystemRoutine = systemRoutine('checkPort', (p, port = 0n, bytes = 1n) => {
  checkPermission(p, Number(port & 0xffffn), Number(bytes));
  return undefined;
});

/** Checks, then reads. */
export const readPort: SystemRoutine = systemRoutine('readPort', (p, port = 0n, bytes = 1n) => {
  checkPermission(p, Number(port & 0xffffn), Number(bytes));
  return BigInt(p.readPort(Number(port & 0xffffn), widthOf(bytes)));
});

/** Checks, then writes. */
export const writePort: SystemRoutine = systemRoutine('writePort', (p, port = 0n, bytes = 1n, value = 0n) => {
  checkPermission(p, Number(port & 0xffffn), Number(bytes));
  p.writePort(Number(port & 0xffffn), widthOf(bytes), Number(value & 0xffff_ffffn));
  return undefined;
});
