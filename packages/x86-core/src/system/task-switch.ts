/**
 * Task switching. [SDM 3A ch. 8: §8.2.1 32-bit TSS, §8.3 the thirteen steps, §8.4 task linking, §8.6 16-bit TSS] Not in long mode.
 *
 * Up to `commit` a fault leaves the old task as it was. What loading the new task's segments finds wrong is raised in the new task: its
 * registers are loaded already, and the instruction to restart is its own.
 */
import { CR0_PG, CR0_TS, CR4_PAE } from '../control-bits.ts';
import { VECTOR } from '../fault.ts';
import { RFLAGS_NT, RFLAGS_VM } from '../flags.ts';
import type { Processor } from '../processor.ts';
import { SEGMENT_NUMBER } from '../state.ts';
import { type Breakpoints, raiseDebug } from './debug-registers.ts';
import {
  type Descriptor,
  descriptorBase,
  descriptorLimit,
  findDescriptor,
  isCode,
  isConforming,
  isNull,
  isWritableData,
  markAccessed,
  nullContents,
  segmentContents,
  selectorError,
  systemContents,
  TYPE,
  TYPE_BUSY,
  writeSegment,
  writeType,
} from './descriptor.ts';
import { tableAddress, virtual8086Contents } from './mode.ts';

/** What makes the switch: decides about busy flags, the back link and NT. */
export type SwitchKind = 'jump' | 'call' | 'interrupt' | 'return';

export interface SwitchOptions {
  /** EXT bit of error codes. */
  readonly ext?: number;
  /** RFLAGS to save in the old TSS; default: as they are. */
  readonly pushedFlags?: bigint;
}

/** Offsets in a TSS. */
interface TssLayout {
  /** Bytes of a register slot. */
  readonly slot: 2 | 4;
  /** Smallest limit. */
  readonly limit: number;
  readonly ip: number;
  readonly flags: number;
  readonly registers: number;
  /** Selectors ES CS SS DS (FS GS), `slot` bytes apart, LDT behind them. */
  readonly selectors: number;
  readonly selectorCount: 4 | 6;
  /** End of what an outgoing task is saved to. */
  readonly savedEnd: number;
}

/** [SDM 3A, Figure 8-2] */
const TSS_32: TssLayout = {
  slot: 4,
  limit: 0x67,
  ip: 0x20,
  flags: 0x24,
  registers: 0x28,
  selectors: 0x48,
  selectorCount: 6,
  savedEnd: 0x60,
};
/** [SDM 3A, Figure 8-10] */
const TSS_16: TssLayout = {
  slot: 2,
  limit: 0x2b,
  ip: 0x0e,
  flags: 0x10,
  registers: 0x12,
  selectors: 0x22,
  selectorCount: 4,
  savedEnd: 0x2a,
};
const TSS_CR3 = 0x1c;
const TSS_TRAP = 0x64;

const layoutOf = (attributes: number): TssLayout => ((attributes & 8) !== 0 ? TSS_32 : TSS_16);

/** The TSS that a task gate names. [SDM 2A, "CALL", TASK-GATE] */
export function taskGateTarget(p: Processor, gate: Descriptor, ext: number): { selector: number; descriptor: Descriptor } {
  const selector = gate.low >>> 16;
  const descriptor = (selector & 4) !== 0 || isNull(selector) ? undefined : findDescriptor(p, selector);
  if (descriptor === undefined || descriptor.segment || (descriptor.type !== TYPE.TSS && descriptor.type !== TYPE.TSS_16))
    return p.fault(VECTOR.GP, selectorError(selector, ext));
  if (!descriptor.present) p.fault(VECTOR.NP, selectorError(selector, ext));
  return { selector, descriptor };
}

/** IRET with NT set: back to the task in the link field. [SDM 2A, "IRET", TASK-RETURN] */
export function returnFromTask(p: Processor): void {
  const selector = Number(p.readLinear(tableAddress(p, p.get64('segmentBase', SEGMENT_NUMBER.TR), 0), 2, true));
  const d = (selector & 4) !== 0 || isNull(selector) ? undefined : findDescriptor(p, selector);
  if (d === undefined || d.segment || (d.type !== TYPE.TSS_BUSY && d.type !== TYPE.TSS_16_BUSY))
    p.fault(VECTOR.TS, selectorError(selector));
  if (!d.present) p.fault(VECTOR.NP, selectorError(selector));
  switchTask(p, selector, d, 'return');
}

/** What was read from the incoming TSS. */
interface Incoming {
  readonly cr3: bigint;
  readonly ip: bigint;
  readonly flags: bigint;
  readonly registers: readonly bigint[];
  readonly selectors: readonly number[];
  readonly ldt: number;
  readonly trap: boolean;
}

/** @param d descriptor of the new task's TSS, of which the caller has checked type, rights and, for a gate, presence */
export function switchTask(p: Processor, selector: number, d: Descriptor, kind: SwitchKind, options: SwitchOptions = {}): void {
  const ext = options.ext ?? 0;
  if ((selector & 4) !== 0) p.fault(VECTOR.GP, selectorError(selector, ext));
  if (!d.present) p.fault(VECTOR.NP, selectorError(selector, ext));
  const layout = layoutOf(d.type);
  if (descriptorLimit(d) < layout.limit) p.fault(VECTOR.TS, selectorError(selector, ext));

  const oldBase = p.get64('segmentBase', SEGMENT_NUMBER.TR);
  const oldSelector = p.get('segmentSelector', SEGMENT_NUMBER.TR);
  const oldLayout = layoutOf(p.get('segmentAttributes', SEGMENT_NUMBER.TR));
  const nests = kind === 'call' || kind === 'interrupt';
  const newBase = descriptorBase(d);
  p.probeLinear(oldBase, oldLayout.savedEnd, 'write', true);
  const oldDescriptor = tableAddress(p, p.get64('gdtrBase'), oldSelector & 0xfff8);
  p.probeLinear(oldDescriptor, 8, 'write', true);
  p.probeLinear(d.address, 8, 'write', true);
  p.probeLinear(newBase, layout.limit + 1, nests ? 'write' : 'read', true);

  save(p, oldBase, oldLayout, options.pushedFlags ?? p.rflags, kind);
  // Read after saving: the tasks may share a page, and a task that switches to itself finds what it has just saved.
  const incoming = read(p, newBase, layout);
  if (!nests) {
    const type = Number(p.readLinear(oldDescriptor + 5n, 1, true));
    p.writeLinear(oldDescriptor + 5n, 1, BigInt(type & ~TYPE_BUSY), true);
  }
  if (nests) p.writeLinear(newBase, 2, BigInt(oldSelector), true);
  if (kind !== 'return') writeType(p, d.address, d.attributes | TYPE_BUSY);
  commit(p, selector, d, incoming, layout, nests);
  loadSegments(p, incoming, layout, ext);
  if (incoming.trap) raiseDebug(p, DEBUG_TASK);
}

const DEBUG_TASK: Breakpoints = { task: true };

/** Steps 6 and 7: RFLAGS, RIP, general registers and selectors into the old TSS; NT clear in a task that returns. */
function save(p: Processor, base: bigint, layout: TssLayout, rflags: bigint, kind: SwitchKind): void {
  const { slot } = layout;
  const write = (offset: number, value: bigint, bytes: 2 | 4): void =>
    p.writeLinear(tableAddress(p, base, offset), bytes, BigInt.asUintN(8 * bytes, value), true);
  write(layout.ip, p.get64('rip'), slot);
  write(layout.flags, kind === 'return' ? rflags & ~BigInt(RFLAGS_NT) : rflags, slot);
  for (let i = 0; i < 8; i++) write(layout.registers + slot * i, p.get64('gpr', i), slot);
  for (let n = 0; n < layout.selectorCount; n++) write(layout.selectors + slot * n, BigInt(p.get('segmentSelector', n)), 2);
}

function read(p: Processor, base: bigint, layout: TssLayout): Incoming {
  const { slot } = layout;
  const at = (offset: number, bytes: 2 | 4): bigint => p.readLinear(tableAddress(p, base, offset), bytes, true);
  const large = layout === TSS_32;
  const selectors: number[] = [];
  for (let n = 0; n < 6; n++) selectors.push(n < layout.selectorCount ? Number(at(layout.selectors + slot * n, 2)) : 0);
  return {
    cr3: large ? at(TSS_CR3, 4) : p.get64('cr3'),
    ip: at(layout.ip, slot),
    flags: at(layout.flags, slot),
    registers: Array.from({ length: 8 }, (_, i) => at(layout.registers + slot * i, slot)),
    selectors,
    ldt: Number(at(layout.selectors + slot * layout.selectorCount, 2)),
    trap: large && (at(TSS_TRAP, 2) & 1n) !== 0n,
  };
}

/** Steps 8 to 11: TR, CR0.TS, CR3, RFLAGS, RIP, general registers; segment registers hold selectors only. */
function commit(p: Processor, selector: number, d: Descriptor, incoming: Incoming, layout: TssLayout, nests: boolean): void {
  writeSegment(p, SEGMENT_NUMBER.TR, { ...systemContents(p, selector, d, VECTOR.TS), attributes: d.attributes | TYPE_BUSY });
  p.set64('cr0', p.get64('cr0') | BigInt(CR0_TS));
  if ((p.get64('cr0') & BigInt(CR0_PG)) !== 0n && layout === TSS_32 && incoming.cr3 !== p.get64('cr3')) {
    p.set64('cr3', incoming.cr3);
    // Reserved bits in PDPTEs are a fault of the new task.
    if ((p.get64('cr4') & BigInt(CR4_PAE)) !== 0n && !p.loadPdptes(incoming.cr3)) p.fault(VECTOR.GP, 0);
    p.flushTlb('non-global');
  }
  const kept = layout === TSS_16 ? p.rflags & 0xfffd_0000n : 0n;
  p.rflags = kept | incoming.flags | (nests ? BigInt(RFLAGS_NT) : 0n);
  p.set64('rip', incoming.ip);
  // A fault from here on belongs to the first instruction of the new task.
  p.instructionPointer = incoming.ip;
  for (let i = 0; i < 8; i++) {
    const value = incoming.registers[i] ?? 0n;
    p.set64('gpr', layout === TSS_16 ? (p.get64('gpr', i) & 0xffff_0000n) | value : value, i);
  }
  for (let n = 0; n < 6; n++) writeSegment(p, n, nullContents(incoming.selectors[n] ?? 0));
  writeSegment(p, SEGMENT_NUMBER.LDTR, nullContents(incoming.ldt));
  p.set64('dr', p.get64('dr', 7) & ~0x155n, 7);
}

/** Steps 12 and 13: LDTR, then CS, SS and the data segments, each checked; faults are #TS, #NP and #SS of the new task. */
function loadSegments(p: Processor, incoming: Incoming, layout: TssLayout, ext: number): void {
  const fault = (vector: number, selector: number): never => {
    p.modeChanged();
    return p.fault(vector, selectorError(selector, ext));
  };
  const [es = 0, cs = 0, ss = 0, ds = 0, fs = 0, gs = 0] = incoming.selectors;
  if (layout === TSS_32 && (incoming.flags & BigInt(RFLAGS_VM)) !== 0n) {
    p.set('cpl', 3);
    loadTaskLdt(p, incoming.ldt, fault);
    [es, cs, ss, ds, fs, gs].forEach((value, n) => {
      writeSegment(p, n, virtual8086Contents(value));
    });
    p.modeChanged();
    return;
  }
  p.set('cpl', cs & 3);
  loadTaskLdt(p, incoming.ldt, fault);

  const find = (selector: number): Descriptor => (isNull(selector) ? undefined : findDescriptor(p, selector)) ?? fault(VECTOR.TS, selector);
  const code = find(cs);
  if (!isCode(code) || (isConforming(code) ? code.dpl > (cs & 3) : code.dpl !== (cs & 3))) fault(VECTOR.TS, cs);
  if (!code.present) fault(VECTOR.NP, cs);
  const stack = find(ss);
  if (!isWritableData(stack) || stack.dpl !== (cs & 3) || (ss & 3) !== (cs & 3)) fault(VECTOR.TS, ss);
  if (!stack.present) fault(VECTOR.SS, ss);
  const load = (n: number, selector: number, d: Descriptor): void => {
    markAccessed(p, d);
    writeSegment(p, n, segmentContents(selector, d));
  };
  load(SEGMENT_NUMBER.CS, cs, code);
  load(SEGMENT_NUMBER.SS, ss, stack);
  for (const [n, selector] of [
    [SEGMENT_NUMBER.ES, es],
    [SEGMENT_NUMBER.DS, ds],
    [SEGMENT_NUMBER.FS, fs],
    [SEGMENT_NUMBER.GS, gs],
  ] as const) {
    if (isNull(selector)) continue;
    const d = find(selector);
    const readable = d.segment && ((d.type & 8) === 0 || (d.type & 2) !== 0);
    const privileged = isCode(d) && isConforming(d) ? false : d.dpl < (selector & 3) || d.dpl < (cs & 3);
    if (!readable || privileged) fault(VECTOR.TS, selector);
    if (!d.present) fault(VECTOR.NP, selector);
    load(n, selector, d);
  }
  p.modeChanged();
  if (incoming.ip > BigInt(p.get('segmentLimit', SEGMENT_NUMBER.CS))) p.fault(VECTOR.GP, ext);
}

function loadTaskLdt(p: Processor, selector: number, fault: (vector: number, selector: number) => never): void {
  if (isNull(selector)) return;
  const d = (selector & 4) !== 0 ? undefined : findDescriptor(p, selector);
  if (d === undefined || d.segment || d.type !== TYPE.LDT || !d.present) fault(VECTOR.TS, selector);
  writeSegment(p, SEGMENT_NUMBER.LDTR, systemContents(p, selector, d, VECTOR.TS));
}
