/**
 * SIMD floating-point exceptions. [SDM 1 §11.5] Subroutines of semantics/float tell which exceptions a lane raises; an instruction gathers
 * those of its lanes, and before it writes anything has `raise` record them in MXCSR and fault for an unmasked one.
 */
import { CR4_OSXMMEXCPT } from '../../control-bits.ts';
import { VECTOR } from '../../fault.ts';
import { BEFORE_COMPUTING } from '../float/control.ts';
import { negation, Words } from '../float/words.ts';
import type { Language } from '../language.ts';

const EXCEPTIONS = 0x3f;
/** Distance from a flag to its mask. [SDM 1, Figure 10-3] */
const TO_MASKS = 7;

/** MXCSR, to be read once and handed to all lanes. */
export const readMxcsr = <V>(x: Language<V>): V => x.bind(x.field('mxcsr').read());

/**
 * Records what the lanes raise (values of width 32). An unmasked exception that one lane finds before computing keeps all lanes from
 * raising those found after. [SDM 1 §11.5.3]
 */
export function raise<V>(x: Language<V>, lanes: readonly V[], mxcsr: V): void {
  const d = new Words(x, 32);
  const [first, ...rest] = lanes as readonly [V, ...V[]];
  const all = d.and(
    rest.reduce((sum, lane) => d.or(sum, lane), first),
    EXCEPTIONS,
  );
  x.when(d.ne(all, 0), () => {
    const unmasked = d.and(all, d.not(d.shr(mxcsr, TO_MASKS)));
    const early = d.and(unmasked, BEFORE_COMPUTING);
    const told = d.select(d.ne(early, 0), d.and(all, BEFORE_COMPUTING), all);
    x.field('mxcsr').write(d.or(mxcsr, told));
    x.when(d.ne(unmasked, 0), () => {
      const cr4 = x.truncate(x.field('cr4').read(), 64, 32);
      const wanted = d.ne(d.and(cr4, CR4_OSXMMEXCPT), 0);
      x.faultIf(wanted, VECTOR.XM);
      x.faultIf(negation(x, wanted), VECTOR.UD);
    });
  });
}
