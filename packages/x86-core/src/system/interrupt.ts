/**
 * Delivery of interrupts and exceptions. [SDM 2A, "INT n/INTO/INT3/INT1", Operation; SDM 3A ch. 6: §6.12 procedures, §6.13 error codes,
 * §6.14 64-bit mode, §6.15 double fault] Labels are functions, in the manual's order.
 */
import { VECTOR } from '../fault.ts';
import { RFLAGS_AC, RFLAGS_IF, RFLAGS_NT, RFLAGS_RF, RFLAGS_TF, RFLAGS_VM } from '../flags.ts';
import type { Processor } from '../processor.ts';
import { SEGMENT_NUMBER } from '../state.ts';
import { checkOffset, enterRealCode, loadCode, requireWithinLimit } from './code-segment.ts';
import {
  type Descriptor,
  descriptorAt,
  isBigCode,
  isCode,
  isConforming,
  isLongCode,
  isLongMode,
  isNull,
  markAccessed,
  nullContents,
  requireDescriptor,
  selectorError,
  TYPE,
  writeSegment,
} from './descriptor.ts';
import { isReal, isVirtual8086, RSP, tableAddress, writeStackPointer } from './mode.ts';
import { currentStack, Frame, type Stack } from './stack.ts';
import { innerStack, interruptStack } from './task-state.ts';
import { switchTask, taskGateTarget } from './task-switch.ts';

export interface Delivery {
  /** Pushed behind the return address. Left out: none. */
  readonly errorCode?: number;
  /** INT n, INT3, INTO: the gate's DPL counts, and error codes have EXT clear. */
  readonly software?: boolean;
  /** An interrupt from outside: RF is pushed as it is. Neither: an exception, or INT1. */
  readonly external?: boolean;
}

/** The IDT bit of an error code. */
const IDT = 2;

/** Exceptions that restart their instruction push RF set, so that its instruction breakpoint does not hit twice. [SDM 3B §18.3.1.1] */
const TRAPS: ReadonlySet<number> = new Set([VECTOR.DB, VECTOR.NMI, VECTOR.BP, VECTOR.OF, VECTOR.DF, VECTOR.MC]);

/**
 * Delivers `vector`; RIP of the state is pushed. Throws GUEST_FAULT, with nothing written (but for faults in a new task), when an
 * exception occurs on the way.
 */
export function deliver(p: Processor, vector: number, delivery: Delivery = {}): void {
  if (isReal(p)) realAddressMode(p, vector);
  else if (isLongMode(p)) longMode(p, vector, delivery);
  else protectedMode(p, vector, delivery);
  p.set('interruptShadow', 0);
  p.set('halted', 0);
  p.stepTrap = false;
}

/** REAL-ADDRESS-MODE: IDT entries are far pointers; error codes are not pushed. */
function realAddressMode(p: Processor, vector: number): void {
  if (vector * 4 + 3 > p.get('idtrLimit')) p.fault(VECTOR.GP, 0);
  const entry = Number(p.readLinear(tableAddress(p, p.get64('idtrBase'), vector * 4), 4, true));
  const offset = BigInt(entry & 0xffff);
  requireWithinLimit(p, offset);
  const stack = currentStack(p);
  const frame = new Frame(p, stack, 0);
  frame.push(p.rflags, 2);
  frame.push(BigInt(p.get('segmentSelector', SEGMENT_NUMBER.CS)), 2);
  frame.push(p.get64('rip'), 2);
  frame.write();
  writeStackPointer(p, frame.pointer, stack.width);
  p.set('eflags', p.get('eflags') & ~(RFLAGS_IF | RFLAGS_TF | RFLAGS_AC | RFLAGS_RF));
  enterRealCode(p, entry >>> 16, offset);
}

/** What an exception on the way has as its EXT bit. [SDM 3A §6.13] */
const extBit = (delivery: Delivery): 0 | 1 => (delivery.software === true ? 0 : 1);

/** PROTECTED-MODE and the checks of IA-32e-MODE that are the same: presence and rights of the gate. */
function checkInterruptGate(p: Processor, vector: number, gate: Descriptor, types: readonly number[], delivery: Delivery): void {
  const errorCode = vector * 8 + IDT;
  if (gate.segment || !types.includes(gate.type)) p.fault(VECTOR.GP, errorCode | extBit(delivery));
  if (delivery.software === true && gate.dpl < p.get('cpl')) p.fault(VECTOR.GP, errorCode);
  if (!gate.present) p.fault(VECTOR.NP, errorCode | extBit(delivery));
}

const PROTECTED_GATES = [TYPE.TASK_GATE, TYPE.INTERRUPT_GATE_16, TYPE.TRAP_GATE_16, TYPE.INTERRUPT_GATE, TYPE.TRAP_GATE];
const LONG_GATES = [TYPE.INTERRUPT_GATE, TYPE.TRAP_GATE];

function protectedMode(p: Processor, vector: number, delivery: Delivery): void {
  const ext = extBit(delivery);
  if (vector * 8 + 7 > p.get('idtrLimit')) p.fault(VECTOR.GP, (vector * 8 + IDT) | ext);
  const address = tableAddress(p, p.get64('idtrBase'), vector * 8);
  const gate = descriptorAt(address, p.readLinear(address, 8, true));
  checkInterruptGate(p, vector, gate, PROTECTED_GATES, delivery);
  if (gate.type === TYPE.TASK_GATE) taskGate(p, gate, vector, delivery);
  else trapOrInterruptGate(p, gate, vector, delivery);
}

/** TASK-GATE: the error code goes to the new task's stack. */
function taskGate(p: Processor, gate: Descriptor, vector: number, delivery: Delivery): void {
  const tss = taskGateTarget(p, gate, extBit(delivery));
  const large = (tss.descriptor.type & 8) !== 0;
  // The interrupted instruction starts anew when the task returns to it, so its RF image is set as for other gates.
  switchTask(p, tss.selector, tss.descriptor, 'interrupt', { ext: extBit(delivery), pushedFlags: flagsImage(p, vector, delivery) });
  if (delivery.errorCode === undefined) return;
  const stack = currentStack(p);
  const frame = new Frame(p, stack, extBit(delivery));
  frame.push(BigInt(delivery.errorCode), large ? 4 : 2);
  frame.write();
  writeStackPointer(p, frame.pointer, stack.width);
}

/** RFLAGS to push. */
function flagsImage(p: Processor, vector: number, delivery: Delivery): bigint {
  const restarts = delivery.software !== true && delivery.external !== true && !TRAPS.has(vector);
  return restarts ? p.rflags | BigInt(RFLAGS_RF) : p.rflags;
}

/** The handler's code segment. */
function handlerSegment(p: Processor, selector: number, ext: number): Descriptor {
  if (isNull(selector)) p.fault(VECTOR.GP, ext);
  const code = requireDescriptor(p, selector, VECTOR.GP, ext);
  const wrong = !isCode(code) || code.dpl > p.get('cpl') || (isLongMode(p) && (!isLongCode(code) || isBigCode(code)));
  if (wrong) p.fault(VECTOR.GP, selectorError(selector, ext));
  if (!code.present) p.fault(VECTOR.NP, selectorError(selector, ext));
  return code;
}

/** TRAP-OR-INTERRUPT-GATE */
function trapOrInterruptGate(p: Processor, gate: Descriptor, vector: number, delivery: Delivery): void {
  const ext = extBit(delivery);
  const slot = (gate.type & 8) !== 0 ? 4 : 2;
  const selector = gate.low >>> 16;
  const code = handlerSegment(p, selector, ext);
  const offset = BigInt((slot === 4 ? (gate.low & 0xffff) | (gate.high & 0xffff_0000) : gate.low & 0xffff) >>> 0);
  const virtual = isVirtual8086(p);
  const inner = !isConforming(code) && code.dpl < p.get('cpl');
  if (virtual && (!inner || code.dpl !== 0)) p.fault(VECTOR.GP, selectorError(selector, ext));

  // INTER-PRIVILEGE-LEVEL-INTERRUPT, INTERRUPT-FROM-VIRTUAL-8086-MODE or INTRA-PRIVILEGE-LEVEL-INTERRUPT
  const taken = inner ? innerStack(p, code.dpl, ext) : undefined;
  const stack = taken?.stack ?? currentStack(p);
  const frame = new Frame(p, stack, inner ? selectorError(stack.segment.selector, ext) : ext);
  if (virtual) {
    for (const n of [SEGMENT_NUMBER.GS, SEGMENT_NUMBER.FS, SEGMENT_NUMBER.DS, SEGMENT_NUMBER.ES])
      frame.push(BigInt(p.get('segmentSelector', n)), slot);
  }
  if (inner) {
    frame.push(BigInt(p.get('segmentSelector', SEGMENT_NUMBER.SS)), slot);
    frame.push(p.get64('gpr', RSP), slot);
  }
  pushReturn(p, frame, slot, vector, delivery);
  const target = checkOffset(p, code, offset, ext);

  if (taken?.descriptor !== undefined) markAccessed(p, taken.descriptor);
  markAccessed(p, code);
  frame.write();
  if (inner) writeSegment(p, SEGMENT_NUMBER.SS, stack.segment);
  if (virtual) {
    for (const n of [SEGMENT_NUMBER.GS, SEGMENT_NUMBER.FS, SEGMENT_NUMBER.DS, SEGMENT_NUMBER.ES]) writeSegment(p, n, nullContents(0));
  }
  writeStackPointer(p, frame.pointer, stack.width);
  enterHandler(p, gate, selector, code, inner, target);
}

/** EFLAGS, CS, EIP, error code. */
function pushReturn(p: Processor, frame: Frame, slot: 2 | 4 | 8, vector: number, delivery: Delivery): void {
  frame.push(flagsImage(p, vector, delivery), slot);
  frame.push(BigInt(p.get('segmentSelector', SEGMENT_NUMBER.CS)), slot);
  frame.push(p.get64('rip'), slot);
  if (delivery.errorCode !== undefined) frame.push(BigInt(delivery.errorCode), slot);
}

/** TF NT VM RF, for an interrupt gate IF, ← 0; CS and RIP. */
function enterHandler(p: Processor, gate: Descriptor, selector: number, code: Descriptor, inner: boolean, target: bigint): void {
  const interruptGate = (gate.type & 1) === 0;
  const cleared = RFLAGS_TF | RFLAGS_NT | RFLAGS_VM | RFLAGS_RF | (interruptGate ? RFLAGS_IF : 0);
  p.set('eflags', p.get('eflags') & ~cleared);
  loadCode(p, selector, code, inner ? code.dpl : p.get('cpl'), target);
  p.modeChanged();
}

/** IA-32e-MODE: 16-byte gates, 64-bit handlers, SS:RSP always pushed, stack aligned to 16 bytes. */
function longMode(p: Processor, vector: number, delivery: Delivery): void {
  const ext = extBit(delivery);
  if (vector * 16 + 15 > p.get('idtrLimit')) p.fault(VECTOR.GP, (vector * 8 + IDT) | ext);
  const address = tableAddress(p, p.get64('idtrBase'), vector * 16);
  const gate = descriptorAt(address, p.readLinear(address, 8, true));
  const upper = p.readLinear(tableAddress(p, address, 8), 8, true);
  checkInterruptGate(p, vector, gate, LONG_GATES, delivery);
  const selector = gate.low >>> 16;
  const code = handlerSegment(p, selector, ext);
  const offset = ((upper & 0xffff_ffffn) << 32n) | BigInt(((gate.low & 0xffff) | (gate.high & 0xffff_0000)) >>> 0);
  const inner = !isConforming(code) && code.dpl < p.get('cpl');
  const level = inner ? code.dpl : p.get('cpl');

  const entry = gate.high & 7;
  let stack: Stack;
  if (entry !== 0) stack = interruptStack(p, entry, level, ext);
  else if (inner) stack = innerStack(p, level, ext).stack;
  else stack = { ...currentStack(p), width: 64 };
  const frame = new Frame(p, { ...stack, pointer: stack.pointer & ~15n }, ext);
  frame.push(BigInt(p.get('segmentSelector', SEGMENT_NUMBER.SS)), 8);
  frame.push(p.get64('gpr', RSP), 8);
  pushReturn(p, frame, 8, vector, delivery);
  const target = checkOffset(p, code, offset, ext);

  markAccessed(p, code);
  frame.write();
  if (inner) writeSegment(p, SEGMENT_NUMBER.SS, nullContents(level));
  p.set64('gpr', frame.pointer, RSP);
  enterHandler(p, gate, selector, code, inner, target);
}
