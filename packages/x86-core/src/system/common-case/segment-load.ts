/**
 * Common cases of MOV, POP and L*S of ES, DS, FS and GS: a null selector or a present, accessed data segment from the GDT. In 32-bit mode ES
 * and DS stay flat. [segment-load.ts of system/]
 */
import { SEGMENT_NUMBER } from '../../state.ts';
import type { SystemLanguage } from './language.ts';
import {
  anyOf,
  dplOf,
  globalDescriptor,
  HIGH,
  low,
  nullValues,
  require,
  requireFlat,
  requireMode,
  type SegmentValues,
  segmentValues,
  wide,
  word,
  writeSegment,
} from './phrases.ts';

const { ES, DS, FS, GS } = SEGMENT_NUMBER;

export function loadSegment<V>(x: SystemLanguage<V>, number: V, selectorValue: V): undefined {
  requireMode(x);
  const n = x.bind(low(x, number));
  const selector = x.bind(x.and(low(x, selectorValue), word(x, 0xffff), 32));
  const long = x.bind(x.eq(x.state('commonMode').read(), word(x, 64), 32));
  const isNull = x.bind(x.eq(x.and(selector, word(x, 0xfffc), 32), word(x, 0), 32));
  x.giveUpIf(
    x.eq(
      x.and(word(x, (1 << ES) | (1 << DS) | (1 << FS) | (1 << GS)), x.shl(word(x, 1), x.and(n, word(x, 31), 32), 32), 32),
      word(x, 0),
      32,
    ),
  );
  x.giveUpIf(x.ltUnsigned(word(x, GS), n, 32));
  const flatOnly = x.bind(x.and(x.eq(long, x.constant(0, 8), 8), x.ltUnsigned(n, word(x, FS), 32), 8));
  x.when(
    isNull,
    () => {
      x.giveUpIf(flatOnly);
      load(x, n, long, nullValues(x, selector), word(x, 0));
    },
    () => {
      const d = globalDescriptor(x, selector);
      const { ACCESSED, EXPAND_DOWN, CODE, SEGMENT, PRESENT, WRITABLE } = HIGH;
      require(x, d.high, ACCESSED | EXPAND_DOWN | CODE | SEGMENT | PRESENT, ACCESSED | SEGMENT | PRESENT);
      const dpl = dplOf(x, d);
      x.giveUpIf(x.ltUnsigned(dpl, x.and(selector, word(x, 3), 32), 32));
      x.giveUpIf(x.ltUnsigned(dpl, x.state('cpl').read(), 32));
      const writable = x.bind(anyOf(x, d.high, WRITABLE));
      x.when(flatOnly, () => {
        x.giveUpIf(x.eq(writable, x.constant(0, 8), 8));
        requireFlat(x, d);
      });
      load(x, n, long, segmentValues(x, selector, d), x.select(writable, word(x, 3), word(x, 1), 32));
    },
  );
}

/** Writes the register and what is derived from it; `access` as in the field segmentAccess. ES and DS stay as flat as they were. */
function load<V>(x: SystemLanguage<V>, n: V, long: V, s: SegmentValues<V>, access: V): void {
  const rights = x.bind(access);
  for (const register of [ES, DS, FS, GS]) {
    x.when(x.eq(n, word(x, register), 32), () => {
      writeSegment(x, register, s);
      if (register < FS) return;
      x.state('linearBase', register).write(s.base);
      x.when(x.eq(long, x.constant(0, 8), 8), () => {
        x.state('segmentUpper', register).write(wide(x, s.limit));
        x.state('segmentLower', register).write(x.constant(0, 64));
        x.state('segmentAccess', register).write(rights);
      });
    });
  }
}
