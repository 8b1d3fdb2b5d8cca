/**
 * Common case of the delivery of interrupts and exceptions: through an interrupt or trap gate to a handler at privilege 0, from privilege 0
 * or 3, in flat 32-bit code or in 64-bit code. It is no routine's: whoever delivers asks it first. [interrupt.ts of system/]
 */

import { VECTOR } from '../../fault.ts';
import { RFLAGS_IF, RFLAGS_NT, RFLAGS_RF, RFLAGS_TF, RFLAGS_VM } from '../../flags.ts';
import { SEGMENT_NUMBER } from '../../state.ts';
import type { CommonCase, Stretch, SystemLanguage } from './language.ts';
import {
  anyOf,
  type DescriptorValues,
  dplOf,
  globalDescriptor,
  low,
  nullValues,
  RSP,
  readRflags,
  require,
  requireCanonical,
  requireCode,
  requireMode,
  requireNoStep,
  requireStack,
  requireThat,
  segmentValues,
  wide,
  word,
  writeSegment,
} from './phrases.ts';

/** What is delivered: an exception (or INT1), INT n and its like, or an interrupt from outside. [Delivery in interrupt.ts of system/] */
export const KIND = { exception: 0, software: 1, external: 2 } as const;
export type DeliveryKind = (typeof KIND)[keyof typeof KIND];

/** In place of an error code: there is none. */
export const NO_ERROR_CODE = -1;

/** (vector, error code or −1, KIND), all of width 32. RIP of the state is pushed. */
export const delivery: CommonCase = {
  name: 'deliver',
  parameters: [32, 32, 32],
  body: <V>(x: SystemLanguage<V>, ...values: V[]): undefined => {
    const [vector, errorCode, kind] = values as [V, V, V];
    deliver(x, { vector, errorCode, kind });
  },
};

/** INT n, INT3, INTO. `vector` has width 64 and is below 256. */
export function deliverSoftware<V>(x: SystemLanguage<V>, vector: V): undefined {
  deliver(x, { vector: x.bind(low(x, vector)), errorCode: word(x, NO_ERROR_CODE), kind: word(x, KIND.software) });
}

/** Bound values of width 32. */
interface Event<V> {
  readonly vector: V;
  readonly errorCode: V;
  readonly kind: V;
}

function deliver<V>(x: SystemLanguage<V>, event: Event<V>): void {
  requireMode(x);
  requireNoStep(x);
  x.when(
    x.eq(x.state('commonMode').read(), word(x, 64), 32),
    () => deliver64(x, event),
    () => deliver32(x, event),
  );
}

interface Gate<V> {
  readonly selector: V;
  /** Its low 32 bits. */
  readonly offset: V;
  readonly high: V;
}

/** A present 32-bit (64-bit) interrupt or trap gate that may be used. */
function requireGate<V>(x: SystemLanguage<V>, image: Stretch<V>, { kind }: Event<V>): Gate<V> {
  const first = x.bind(image(0, 32).read());
  const second = x.bind(image(4, 32).read());
  // P, S and type; the lowest bit tells a trap gate.
  require(x, second, 0x9e00, 0x8e00);
  const dpl = x.and(x.shr(second, word(x, 13), 32), word(x, 3), 32);
  const barred = x.ltUnsigned(dpl, x.state('cpl').read(), 32);
  x.giveUpIf(x.and(x.eq(kind, word(x, KIND.software), 32), barred, 8));
  return {
    selector: x.bind(x.shr(first, word(x, 16), 32)),
    offset: x.bind(x.or(x.and(first, word(x, 0xffff), 32), x.and(second, word(x, 0xffff_0000), 32), 32)),
    high: second,
  };
}

/** Vectors of exceptions that do not restart their instruction: RF is pushed as it is. */
const TRAPS = [VECTOR.DB, VECTOR.NMI, VECTOR.BP, VECTOR.OF, VECTOR.DF, VECTOR.MC].reduce((mask, vector) => mask | (1 << vector), 0);

/** RFLAGS to push, width 32. */
function flagsImage<V>(x: SystemLanguage<V>, { vector, kind }: Event<V>): V {
  const trap = anyOf(x, x.shl(word(x, 1), x.and(vector, word(x, 31), 32), 32), TRAPS);
  const restarts = x.and(x.eq(kind, word(x, KIND.exception), 32), x.eq(trap, x.constant(0, 8), 8), 8);
  return x.bind(x.or(readRflags(x), x.select(restarts, word(x, RFLAGS_RF), word(x, 0), 32), 32));
}

/** `bytes` bytes of the TSS. */
function taskState<V>(x: SystemLanguage<V>, offset: V, bytes: 4 | 8): Stretch<V> {
  const { TR } = SEGMENT_NUMBER;
  x.giveUpIf(x.ltUnsigned(x.state('segmentLimit', TR).read(), x.add(offset, word(x, bytes - 1), 32), 32));
  return x.memory(x.add(x.state('segmentBase', TR).read(), wide(x, offset), 64), bytes, 'read', 'supervisor');
}

/** CS, RIP (width 64), CPL 0; TF NT VM RF, for an interrupt gate IF, ← 0. */
function enterHandler<V>(x: SystemLanguage<V>, gate: Gate<V>, code: DescriptorValues<V>, rip: V): void {
  const selector = x.bind(x.and(gate.selector, word(x, 0xfffc), 32));
  writeSegment(x, SEGMENT_NUMBER.CS, segmentValues(x, selector, code));
  x.state('rip').write(rip);
  const trapGate = anyOf(x, gate.high, 1 << 8);
  const always = RFLAGS_TF | RFLAGS_NT | RFLAGS_VM | RFLAGS_RF;
  const kept = x.select(trapGate, word(x, ~always), word(x, ~(always | RFLAGS_IF)), 32);
  x.state('eflags').write(x.and(x.state('eflags').read(), kept, 32));
  x.state('interruptShadow').write(word(x, 0));
  x.state('halted').write(word(x, 0));
  x.enterPrivilege(word(x, 0));
}

/** The IDT entry of a vector: `bytes` bytes. */
function idtEntry<V>(x: SystemLanguage<V>, vector: V, bytes: 8 | 16): Stretch<V> {
  const offset = x.bind(x.shl(vector, word(x, bytes === 8 ? 3 : 4), 32));
  x.giveUpIf(x.ltUnsigned(x.state('idtrLimit').read(), x.add(offset, word(x, bytes - 1), 32), 32));
  return x.memory(x.add(x.state('idtrBase').read(), wide(x, offset), 64), bytes, 'read', 'supervisor');
}

/** The handler's code segment, at DPL 0. */
function handlerSegment<V>(x: SystemLanguage<V>, gate: Gate<V>, mode: 32 | 64): DescriptorValues<V> {
  const code = globalDescriptor(x, gate.selector);
  requireCode(x, code, mode);
  x.giveUpIf(x.ne(dplOf(x, code), word(x, 0), 32));
  return code;
}

const isOuter = <V>(x: SystemLanguage<V>): V => x.bind(x.ne(x.state('cpl').read(), word(x, 0), 32));

function deliver64<V>(x: SystemLanguage<V>, event: Event<V>): void {
  const image = idtEntry(x, event.vector, 16);
  const gate = requireGate(x, image, event);
  const rip = x.bind(x.or(x.shl(wide(x, image(8, 32).read()), x.constant(32, 64), 64), wide(x, gate.offset), 64));
  requireCanonical(x, rip);
  const code = handlerSegment(x, gate, 64);
  const inner = isOuter(x);

  const pointer = x.variable(x.register(RSP).read(), 64);
  const entry = x.bind(x.and(gate.high, word(x, 7), 32));
  const listed = x.bind(x.ne(entry, word(x, 0), 32));
  x.when(x.truncate(x.or(x.zeroExtend(inner, 8, 32), x.zeroExtend(listed, 8, 32), 32), 32, 8), () => {
    // RSP0 or an entry of the interrupt stack table.
    const place = x.select(listed, x.add(word(x, 28), x.shl(entry, word(x, 3), 32), 32), word(x, 4), 32);
    const top = x.bind(taskState(x, x.bind(place), 8)(0, 64).read());
    requireCanonical(x, top);
    pointer.write(top);
  });

  // The error code, if there is one, lies at the start of this; else it stays as it is.
  const top = x.bind(x.sub(x.and(pointer.read(), x.constant(~15n, 64), 64), x.constant(48, 64), 64));
  const frame = x.memory(top, 48, 'write', 'supervisor');
  const flags = flagsImage(x, event);
  const hasErrorCode = x.bind(x.ne(event.errorCode, word(x, NO_ERROR_CODE), 32));
  frame(40, 64).write(wide(x, x.state('segmentSelector', SEGMENT_NUMBER.SS).read()));
  frame(32, 64).write(x.register(RSP).read());
  frame(24, 64).write(wide(x, flags));
  frame(16, 64).write(wide(x, x.state('segmentSelector', SEGMENT_NUMBER.CS).read()));
  frame(8, 64).write(x.state('rip').read());
  x.when(
    hasErrorCode,
    () => {
      frame(0, 64).write(wide(x, event.errorCode));
      x.register(RSP).write(top);
    },
    () => x.register(RSP).write(x.add(top, x.constant(8, 64), 64)),
  );
  x.when(inner, () => writeSegment(x, SEGMENT_NUMBER.SS, nullValues(x, word(x, 0))));
  enterHandler(x, gate, code, rip);
}

function deliver32<V>(x: SystemLanguage<V>, event: Event<V>): void {
  const gate = requireGate(x, idtEntry(x, event.vector, 8), event);
  const code = handlerSegment(x, gate, 32);
  const inner = isOuter(x);
  const flags = flagsImage(x, event);
  const hasErrorCode = x.bind(x.ne(event.errorCode, word(x, NO_ERROR_CODE), 32));
  x.when(
    inner,
    () => {
      // A 32-bit TSS: ESP0 and SS0.
      require(x, x.state('segmentAttributes', SEGMENT_NUMBER.TR).read(), 8, 8);
      const state = taskState(x, word(x, 4), 8);
      const selector = x.bind(x.zeroExtend(state(4, 16).read(), 16, 32));
      const d = globalDescriptor(x, selector);
      requireStack(x, d, 32);
      requireThat(x, x.eq(x.or(dplOf(x, d), x.and(selector, word(x, 3), 32), 32), word(x, 0), 32));
      const top = x.bind(x.sub(state(0, 32).read(), word(x, 24), 32));
      const frame = x.memory(wide(x, top), 24, 'write', 'supervisor');
      frame(20, 32).write(x.state('segmentSelector', SEGMENT_NUMBER.SS).read());
      frame(16, 32).write(low(x, x.register(RSP).read()));
      pushReturn32(x, frame, event, flags, hasErrorCode);
      writeSegment(x, SEGMENT_NUMBER.SS, segmentValues(x, selector, d));
      writePointer32(x, top, hasErrorCode);
    },
    () => {
      const top = x.bind(x.sub(low(x, x.register(RSP).read()), word(x, 16), 32));
      const frame = x.memory(wide(x, top), 16, 'write', 'supervisor');
      pushReturn32(x, frame, event, flags, hasErrorCode);
      writePointer32(x, top, hasErrorCode);
    },
  );
  enterHandler(x, gate, code, wide(x, gate.offset));
}

/** EFLAGS, CS, EIP, error code from the start of the frame on. */
function pushReturn32<V>(x: SystemLanguage<V>, frame: Stretch<V>, event: Event<V>, flags: V, hasErrorCode: V): void {
  frame(12, 32).write(flags);
  frame(8, 32).write(x.state('segmentSelector', SEGMENT_NUMBER.CS).read());
  frame(4, 32).write(low(x, x.state('rip').read()));
  x.when(hasErrorCode, () => frame(0, 32).write(event.errorCode));
}

/** ESP ← `top`, or 4 bytes above it without an error code. */
const writePointer32 = <V>(x: SystemLanguage<V>, top: V, hasErrorCode: V): void =>
  x.register(RSP).write(wide(x, x.bind(x.select(hasErrorCode, top, x.add(top, word(x, 4), 32), 32))));
