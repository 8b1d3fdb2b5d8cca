/**
 * The rules of language.ts that the type system does not hold, checked on every body as the decoder gives it out: every opcode, prefix and
 * form of ModRM in every mode. A body is run on a recorder, which notes the words it says.
 */
import { describe, expect, it } from 'vitest';
import type { Decoded } from '../decode/decoded.ts';
import { decode } from '../decode/decoder.ts';
import { VECTOR } from '../fault.ts';
import { ADC, ADD, CMP } from '../semantics/arithmetic.ts';
import { JMP, RET } from '../semantics/control-transfer.ts';
import { XCHG } from '../semantics/data-transfer.ts';
import type { Instruction } from '../semantics/instruction.ts';
import type { BitWidth, Language, Operand, Subroutine } from '../semantics/language.ts';
import { MOVS } from '../semantics/string.ts';
import { effectsOf, type Statics } from './effects.ts';

/** What a recorder notes: a word, and for memory operands whether the access is known to succeed. */
type Event = string;
const WRITES_STATE = 'writes state';
const MAY_FAULT = 'may fault';

/** Words that give a truth value or value and do nothing else are noted by name; these are noted by what they do. */
class Recorder {
  readonly events: Event[] = [];
  readonly #answer: unknown;
  /** A state write has been seen on this path. */
  #written = false;
  /** Statics that the body looked at, by itself or through a word. */
  readonly statics = new Set<string>();
  /** Accesses that may fault behind a state write. */
  readonly violations: string[] = [];
  #probed = false;

  constructor(answer: unknown) {
    this.#answer = answer;
  }

  note(event: Event, kind?: typeof WRITES_STATE | typeof MAY_FAULT): unknown {
    this.events.push(event);
    if (kind === WRITES_STATE) this.#written = true;
    else if (kind === MAY_FAULT && this.#written) this.violations.push(event);
    return this.#answer;
  }

  register(name: string, width: BitWidth): Operand<unknown> {
    return {
      width,
      isMemory: false,
      read: () => this.note(`${name} read`),
      write: () => {
        // The sticky flags of an SSE instruction stay behind when it raises #XM. [SDM 1 §11.5.2]
        this.note(`${name} written`, name === 'mxcsr' ? undefined : WRITES_STATE);
      },
    };
  }

  local(width: BitWidth): Operand<unknown> {
    return { width, isMemory: false, read: () => this.note('variable read'), write: () => this.note('variable written') };
  }

  memory(name: string, width: BitWidth, readForWrite: boolean): Operand<unknown> {
    let safe = false;
    return {
      width,
      isMemory: true,
      read: () => {
        const value = this.note(`${name} read`, safe || this.#probed ? undefined : MAY_FAULT);
        safe = safe || readForWrite;
        return value;
      },
      write: () => {
        this.note(`${name} written`, safe || this.#probed ? undefined : MAY_FAULT);
      },
    };
  }

  language(statics: Statics): Language<unknown> {
    const words: Record<string, unknown> = {
      ...pick(statics),
      variable: (_initial: unknown, width: BitWidth = statics.width) => this.local(width),
      gpr: (number: number, width: BitWidth = statics.width) => this.register(`gpr ${number}`, width),
      field: (name: string) => this.register(name, 64),
      indexedField: (name: string, _i: unknown, _s: number, _d: number, width: BitWidth) => this.register(name, width),
      memory: (segment: string, _offset: unknown, width: BitWidth, offsetWidth?: BitWidth) => {
        if (offsetWidth === undefined) this.statics.add(segment === 'SS' ? 'stackWidth' : 'addressWidth');
        return this.memory(`memory ${segment}`, width, false);
      },
      part: (_whole: unknown, _displacement: unknown, width: BitWidth) => this.memory('part', width, false),
      probe: () => {
        this.note('probe', MAY_FAULT);
        this.#probed = true;
      },
      // Whether a unit may be used (#NM) can be asked twice, with the same answer.
      faultIf: (_condition: unknown, vector: number) =>
        this.note(`faultIf ${vector}`, vector === VECTOR.NM && this.events.includes(`faultIf ${vector}`) ? undefined : MAY_FAULT),
      checkTarget: () => this.note('checkTarget', MAY_FAULT),
      flags: (kind: string) => this.note(`flags ${kind}`, WRITES_STATE),
      resultFlags: () => this.note('resultFlags', WRITES_STATE),
      setFlags: (values: object) => this.note(`setFlags ${Object.keys(values).join()}`, WRITES_STATE),
      system: (routine: { name: string }) => this.note(`system ${routine.name}`, MAY_FAULT),
      call: (subroutine: Subroutine) => {
        this.note(`call ${subroutine.name}`);
        return subroutine.results.map(() => this.#answer);
      },
      when: (_condition: unknown, then: () => void, otherwise?: () => void) => {
        const before = [this.#written, this.#probed] as const;
        this.note('when');
        then();
        const written = this.#written;
        [this.#written, this.#probed] = before;
        this.note('otherwise');
        otherwise?.();
        this.#written ||= written;
      },
      whenLikely: (condition: unknown, then: () => void, otherwise?: () => void) => {
        (words['when'] as Language<unknown>['when'])(condition, then, otherwise);
      },
      whenUnlikely: (condition: unknown, then: () => void, otherwise?: () => void) => {
        (words['when'] as Language<unknown>['when'])(condition, then, otherwise);
      },
      rarely: (condition: unknown, then: () => void, otherwise?: () => void) => {
        if (this.#written) this.violations.push('rarely');
        (words['when'] as Language<unknown>['when'])(condition, then, otherwise);
      },
      loop: (condition: () => unknown, body: () => void) => {
        condition();
        this.note('loop');
        body();
        this.note('end');
      },
      repeat: (counter: Operand<unknown>, body: () => void, leave?: () => unknown) => {
        counter.read();
        body();
        counter.write(undefined);
        leave?.();
      },
    };
    return new Proxy(words, {
      get: (target, word) => {
        if (word in statics) this.statics.add(String(word));
        return word in target ? target[word as string] : () => this.note(String(word));
      },
    }) as unknown as Language<unknown>;
  }
}

function pick({ width, addressWidth, stackWidth, codeWidth, repeatPrefix }: Statics): Statics {
  return { width, addressWidth, stackWidth, codeWidth, repeatPrefix };
}

function record(d: Decoded, answer: unknown): Recorder {
  const recorder = new Recorder(answer);
  const shapes = d.operands.map((o) => ({ width: o.width, isMemory: o.kind === 'memory' }));
  const { reads, writes } = effectsOf(d.instruction.body, d, shapes);
  const operands = d.operands.map((o, i) =>
    o.kind === 'memory'
      ? recorder.memory(`operand ${i}`, o.width, reads[i] === true && writes[i] === true)
      : recorder.register(`operand ${i}`, o.width),
  );
  d.instruction.body(recorder.language(d), ...operands);
  return recorder;
}

/** Every instruction in every shape that differs in what a body can see. */
function everyForm(): Decoded[] {
  const found = new Map<Instruction, Map<string, Decoded>>();
  const modRms = Array.from({ length: 8 }, (_, reg) => [
    (reg << 3) | 3,
    ...Array.from({ length: 8 }, (_rm, rm) => 0xc0 | (reg << 3) | rm),
  ]).flat();
  const maps = [[], [0x0f], [0x0f, 0x38]];
  for (const bits of [16, 32, 64] as const) {
    const prefixes = [[], [0x66], [0xf2], [0xf3], [0x67], ...(bits === 64 ? [[0x48], [0x49], [0xf3, 0x48]] : [])];
    for (const prefix of prefixes) {
      for (const map of maps) {
        for (let opcode = 0; opcode < 256; opcode++) {
          for (const modRm of modRms) {
            const bytes = Uint8Array.from([...prefix, ...map, opcode, modRm, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            const d = decode(bytes, bytes.length, { codeWidth: bits, stackWidth: bits });
            if (d === undefined || !('instruction' in d)) continue;
            const forms = found.get(d.instruction) ?? new Map<string, Decoded>();
            found.set(d.instruction, forms);
            const operands = d.operands.map((o) => `${o.kind}${o.width}`).join();
            const key = [d.width, d.addressWidth, d.stackWidth, d.codeWidth, d.repeatPrefix, operands].join();
            if (!forms.has(key)) forms.set(key, d);
          }
        }
      }
    }
  }
  return [...found.values()].flatMap((forms) => [...forms.values()]);
}

const FORMS = everyForm();
const describeForm = (d: Decoded): string =>
  `${d.instruction.mnemonic} ${d.operands.map((o) => `${o.kind} ${o.width}`).join(', ')} (${d.codeWidth}-bit code, width ${d.width})`;

describe('every body', () => {
  it('is found, in many forms', () => {
    expect(FORMS.length).toBeGreaterThan(1500);
  });

  it('says the same words whatever the values are: it branches by when, whenLikely, whenUnlikely, rarely, select and loop only', () => {
    const wrong = FORMS.filter((d) => {
      const [first, ...others] = [0n, 1n, {}].map((answer) => record(d, answer).events.join('\n'));
      return others.some((events) => events !== first);
    });
    expect(wrong.map(describeForm)).toEqual([]);
  });

  it('has the same effects where values are nothing at all', () => {
    const effects = (d: Decoded, answer: unknown): string =>
      [...new Set(record(d, answer).events.filter((e) => /^(operand|jump|system|memory|part|probe)/.test(e)))].join('\n');
    expect(FORMS.filter((d) => effects(d, undefined) !== effects(d, 1n)).map(describeForm)).toEqual([]);
  });

  it('tells in its options the statics that it looks at beside its operands', () => {
    const wrong = FORMS.flatMap((d) => {
      const { options } = d.instruction;
      const told: Record<string, boolean | undefined> = {
        width: true,
        addressWidth: options.address === true || d.operands.some((o) => o.kind === 'memory'),
        stackWidth: options.stack,
        codeWidth: options.code,
        repeatPrefix: options.repeats,
      };
      const untold = [...record(d, 1n).statics].filter((name) => name in told && told[name] !== true);
      return untold.length > 0 ? [`${describeForm(d)}: ${untold.join(', ')}`] : [];
    });
    expect(wrong).toEqual([]);
  });

  it('can be restarted after a fault: what may fault comes before the first write of a register, a field or a flag', () => {
    const wrong = FORMS.flatMap((d) => {
      const { violations } = record(d, 1n);
      return violations.length > 0 ? [`${describeForm(d)}: ${violations.join(', ')}`] : [];
    });
    expect(wrong).toEqual([]);
  });
});

describe('effectsOf', () => {
  const statics: Statics = { width: 32, addressWidth: 32, stackWidth: 32, codeWidth: 32, repeatPrefix: 'none' };
  const register = { width: 32, isMemory: false } as const;
  const of = (instruction: Instruction, ...shapes: { width: BitWidth; isMemory: boolean }[]): ReturnType<typeof effectsOf> =>
    effectsOf(instruction.body, statics, shapes);

  it('tells which operands a body reads and writes', () => {
    expect(of(ADD, register, register)).toMatchObject({ reads: [true, true], writes: [true, false] });
    expect(of(ADC, { width: 32, isMemory: true }, register)).toMatchObject({ reads: [true, true], writes: [true, false] });
    expect(of(CMP, register, register)).toMatchObject({ reads: [true, true], writes: [false, false] });
    expect(of(XCHG, register, register)).toMatchObject({ reads: [true, true], writes: [true, true] });
  });

  it('tells whether it jumps or repeats', () => {
    expect(of(JMP, { width: 64, isMemory: false })).toMatchObject({ jumps: true, repeats: false });
    expect(of(RET)).toMatchObject({ jumps: true });
    expect(effectsOf(MOVS.body, { ...statics, repeatPrefix: 'rep' }, []).repeats).toBe(true);
    expect(effectsOf(MOVS.body, statics, []).repeats).toBe(false);
  });
});
