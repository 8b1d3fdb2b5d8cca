/**
 * Common case of IRET: to the same privilege level or from 0 to 3, in flat 32-bit code with operand size 32 or 64-bit code with operand
 * size 64. [iret.ts of system/]
 */
import { RFLAGS_AC, RFLAGS_ID, RFLAGS_NT, RFLAGS_RF, RFLAGS_VM } from '../../flags.ts';
import { SEGMENT_NUMBER } from '../../state.ts';
import { takenBits } from './interrupt-flag.ts';
import type { Stretch, SystemLanguage } from './language.ts';
import {
  anyOf,
  cutNullSelectors,
  dplOf,
  globalDescriptor,
  low,
  RSP,
  readRflags,
  require,
  requireCanonical,
  requireCode,
  requireMode,
  requireOuterData,
  requireQuiet,
  requireStack,
  requireThat,
  type SegmentValues,
  segmentValues,
  wide,
  word,
  writeRflags,
  writeSegment,
} from './phrases.ts';

export function interruptReturn<V>(x: SystemLanguage<V>, size: V): undefined {
  requireMode(x);
  x.giveUpIf(x.ne(wide(x, x.state('commonMode').read()), size, 64));
  require(x, x.state('eflags').read(), RFLAGS_NT, 0);
  x.when(
    x.eq(size, x.constant(64, 64), 64),
    () => return64(x, size),
    () => return32(x, size),
  );
}

/** A selector on the stack. */
const popSelector = <V>(x: SystemLanguage<V>, frame: Stretch<V>, displacement: number): V =>
  x.bind(x.zeroExtend(frame(displacement, 16).read(), 16, 32));

interface Target<V> {
  readonly segment: SegmentValues<V>;
  /** Privilege returned to; it is 3 if `outer`, else CPL. */
  readonly level: V;
  readonly outer: V;
}

/** The code segment returned to. */
function returnTarget<V>(x: SystemLanguage<V>, selector: V, mode: 32 | 64): Target<V> {
  const code = globalDescriptor(x, selector);
  requireCode(x, code, mode);
  const level = x.bind(x.and(selector, word(x, 3), 32));
  x.giveUpIf(x.ne(dplOf(x, code), level, 32));
  const outer = x.bind(x.ne(level, x.state('cpl').read(), 32));
  // From 3 nothing lies further out.
  x.when(outer, () => {
    x.giveUpIf(x.ne(level, word(x, 3), 32));
    requireOuterData(x);
  });
  return { segment: segmentValues(x, selector, code), level, outer };
}

/** RFLAGS with what this return takes from the image (width 32). Bound. */
function returnFlags<V>(x: SystemLanguage<V>, image: V, size: V): V {
  const mask = takenBits(x, size, RFLAGS_RF | RFLAGS_AC | RFLAGS_ID);
  const kept = x.and(readRflags(x), x.xor(mask, word(x, 0xffff_ffff), 32), 32);
  const flags = x.bind(x.or(kept, x.and(image, mask, 32), 32));
  requireQuiet(x, flags);
  return flags;
}

/** All that follows the checks, but for the stack. */
function finish<V>(x: SystemLanguage<V>, { segment, level, outer }: Target<V>, rip: V, flags: V): void {
  writeSegment(x, SEGMENT_NUMBER.CS, segment);
  x.state('rip').write(rip);
  writeRflags(x, flags);
  x.when(outer, () => cutNullSelectors(x));
  x.state('nmiBlocked').write(word(x, 0));
  x.enterPrivilege(level);
}

/** Gives up if an NMI waits for this return. */
const requireNoNmi = <V>(x: SystemLanguage<V>): void =>
  x.giveUpIf(x.and(x.ne(x.state('nmiBlocked').read(), word(x, 0), 32), x.ne(x.state('attention').read(), word(x, 0), 32), 8));

/** RSP and SS are always popped. */
function return64<V>(x: SystemLanguage<V>, size: V): void {
  const frame = x.memory(x.register(RSP).read(), 40, 'read', 'current');
  const rip = x.bind(frame(0, 64).read());
  requireCanonical(x, rip);
  const target = returnTarget(x, popSelector(x, frame, 8), 64);
  const flags = returnFlags(x, x.bind(frame(16, 32).read()), size);
  requireNoNmi(x);
  const pointer = x.bind(frame(24, 64).read());
  const selector = popSelector(x, frame, 32);
  const segment = stackSegment64(x, selector, target.level);
  writeSegment(x, SEGMENT_NUMBER.SS, segment);
  x.register(RSP).write(pointer);
  finish(x, target, rip, flags);
}

/** SS for 64-bit code at privilege `level`: null only below 3. */
function stackSegment64<V>(x: SystemLanguage<V>, selector: V, level: V): SegmentValues<V> {
  const base = x.variable(x.constant(0, 64), 64);
  const limit = x.variable(word(x, 0), 32);
  const attributes = x.variable(word(x, 0), 32);
  x.when(
    anyOf(x, selector, 0xfffc),
    () => {
      const d = globalDescriptor(x, selector);
      requireStack(x, d, 64);
      x.giveUpIf(x.ne(x.and(selector, word(x, 3), 32), level, 32));
      x.giveUpIf(x.ne(dplOf(x, d), level, 32));
      const values = segmentValues(x, selector, d);
      base.write(values.base);
      limit.write(values.limit);
      attributes.write(values.attributes);
    },
    () => x.giveUpIf(x.eq(level, word(x, 3), 32)),
  );
  return { selector, base: base.read(), limit: limit.read(), attributes: attributes.read() };
}

function return32<V>(x: SystemLanguage<V>, size: V): void {
  const pointer = x.bind(low(x, x.register(RSP).read()));
  const frame = x.memory(wide(x, pointer), 12, 'read', 'current');
  const image = x.bind(frame(8, 32).read());
  const rip = x.bind(wide(x, frame(0, 32).read()));
  const target = returnTarget(x, popSelector(x, frame, 4), 32);
  x.giveUpIf(x.and(x.eq(x.state('cpl').read(), word(x, 0), 32), anyOf(x, image, RFLAGS_VM), 8));
  const flags = returnFlags(x, image, size);
  requireNoNmi(x);
  x.when(
    target.outer,
    () => {
      const outer = x.memory(wide(x, x.add(pointer, word(x, 12), 32)), 8, 'read', 'current');
      const top = x.bind(outer(0, 32).read());
      const selector = popSelector(x, outer, 4);
      const d = globalDescriptor(x, selector);
      requireStack(x, d, 32);
      requireThat(x, x.and(x.eq(dplOf(x, d), word(x, 3), 32), x.eq(x.and(selector, word(x, 3), 32), word(x, 3), 32), 8));
      writeSegment(x, SEGMENT_NUMBER.SS, segmentValues(x, selector, d));
      x.register(RSP).write(wide(x, top));
    },
    () => x.register(RSP).write(wide(x, x.add(pointer, word(x, 12), 32))),
  );
  finish(x, target, rip, flags);
}
