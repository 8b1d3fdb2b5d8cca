/**
 * String instructions and REP. [SDM 1 §5.1.8; SDM 2B, "REP/REPE/REPZ/REPNE/REPNZ"] The source is DS:rSI (the segment may be overridden),
 * the destination ES:rDI; index registers and counter have the address size. Each has a byte form and one of the operand size. A fault
 * leaves the registers as they were before the element that faulted.
 */
import { checkPort, readPort, writePort } from '../system/index.ts';
import { type Instruction, type InstructionOptions, type MnemonicsBySize, nullary } from './instruction.ts';
import type { BitWidth, Language, Operand } from './language.ts';
import { negated, resize } from './phrases.ts';

const RAX = 0;
const RCX = 1;
const RDX = 2;
const RSI = 6;
const RDI = 7;
const STRING: InstructionOptions = { sized: true, address: true, repeats: true };

/** A byte form and one of the operand size of the same sentence. */
interface Pair {
  readonly bytes: Instruction;
  readonly words: Instruction;
}

/** One element of a string: what it does, and whether a repetition ends after it. */
type Element = <V>(x: Language<V>, width: BitWidth) => void;

/** Several elements at once, upwards: how many of at most `limit`. */
type Run = <V>(x: Language<V>, width: BitWidth, limit: V) => V;

/** Ports have at most 32 bits: with a 64-bit operand size INS and OUTS are INSD and OUTSD. */
const PORT_STRINGS: readonly string[] = ['INS', 'OUTS'];

/** What the forms of the operand size are called. */
const mnemonicsOf = (mnemonic: string): MnemonicsBySize => ({
  16: `${mnemonic}W`,
  32: `${mnemonic}D`,
  64: `${mnemonic}${PORT_STRINGS.includes(mnemonic) ? 'D' : 'Q'}`,
});

/** `compares`: REP means "while equal", REPNE "while not equal"; otherwise any repeat prefix only counts. */
function pair(mnemonic: string, element: Element, compares = false, run?: Run): Pair {
  const form = (suffix: string, widthOf: (operandSize: BitWidth) => BitWidth, options: InstructionOptions): Instruction =>
    nullary(
      mnemonic + suffix,
      (x) => {
        const width = widthOf(x.width);
        const one = (): void => element(x, width);
        if (x.repeatPrefix === 'none') one();
        else if (compares) x.repeat(x.gpr(RCX, x.addressWidth), one, () => ends(x));
        else x.repeat(x.gpr(RCX, x.addressWidth), one, undefined, run && ((limit) => run(x, width, upwards(x, limit))));
      },
      options,
    );
  const sized = { ...STRING, mnemonics: mnemonicsOf(mnemonic) };
  return { bytes: form('B', () => 8, STRING), words: form('', (operandSize) => operandSize, sized) };
}

/** `limit`, or 0 while strings go down. */
function upwards<V>(x: Language<V>, limit: V): V {
  return x.bind(x.select(x.flag('DF'), x.constant(0, x.addressWidth), limit, x.addressWidth));
}

function ends<V>(x: Language<V>): V {
  return x.repeatPrefix === 'rep' ? negated(x, x.flag('ZF')) : x.flag('ZF');
}

/** An index register, and how it moves by one element in the direction that DF says. */
function index<V>(x: Language<V>, number: number, width: BitWidth): { at: V; next: () => void } {
  const register = x.gpr(number, x.addressWidth);
  const at = x.bind(register.read());
  const step = (bytes: number): V => x.constant(bytes, x.addressWidth);
  const next = (): void =>
    register.write(x.add(at, x.select(x.flag('DF'), step(-width / 8), step(width / 8), x.addressWidth), x.addressWidth));
  return { at, next };
}

const destination = <V>(x: Language<V>, at: V, width: BitWidth): Operand<V> => x.memory('ES', at, width);

/** Moves an index register up by `count` elements. */
function skip<V>(x: Language<V>, number: number, count: V, width: BitWidth): void {
  const register = x.gpr(number, x.addressWidth);
  const bytes = x.mul(count, x.constant(width / 8, x.addressWidth), x.addressWidth);
  register.write(x.add(register.read(), bytes, x.addressWidth));
}

const movs = pair(
  'MOVS',
  (x, width) => {
    const source = index(x, RSI, width);
    const dest = index(x, RDI, width);
    destination(x, dest.at, width).write(x.bind(x.memory('source', source.at, width).read()));
    source.next();
    dest.next();
  },
  false,
  (x, width, limit) => {
    const done = x.bind(x.copyForward(x.gpr(RDI, x.addressWidth).read(), x.gpr(RSI, x.addressWidth).read(), limit, width));
    skip(x, RSI, done, width);
    skip(x, RDI, done, width);
    return done;
  },
);
/** MOVS: ES:[rDI] ← DS:[rSI]. [SDM 2B, "MOVS/MOVSB/MOVSW/MOVSD/MOVSQ"] */
export const MOVSB: Instruction = movs.bytes;
export const MOVS: Instruction = movs.words;

const cmps = pair(
  'CMPS',
  (x, width) => {
    const source = index(x, RSI, width);
    const dest = index(x, RDI, width);
    const a = x.bind(x.memory('source', source.at, width).read());
    const b = x.bind(destination(x, dest.at, width).read());
    source.next();
    dest.next();
    x.flags('sub', a, b, x.bind(x.sub(a, b, width)), width);
  },
  true,
);
/** CMPS: the flags of DS:[rSI] − ES:[rDI]. [SDM 2A, "CMPS/CMPSB/CMPSW/CMPSD/CMPSQ"] */
export const CMPSB: Instruction = cmps.bytes;
export const CMPS: Instruction = cmps.words;

const stos = pair(
  'STOS',
  (x, width) => {
    const dest = index(x, RDI, width);
    destination(x, dest.at, width).write(x.gpr(RAX, width).read());
    dest.next();
  },
  false,
  (x, width, limit) => {
    const done = x.bind(x.fillForward(x.gpr(RDI, x.addressWidth).read(), x.gpr(RAX, width).read(), limit, width));
    skip(x, RDI, done, width);
    return done;
  },
);
/** STOS: ES:[rDI] ← rAX. [SDM 2B, "STOS/STOSB/STOSW/STOSD/STOSQ"] */
export const STOSB: Instruction = stos.bytes;
export const STOS: Instruction = stos.words;

const lods = pair('LODS', (x, width) => {
  const source = index(x, RSI, width);
  x.gpr(RAX, width).write(x.memory('source', source.at, width).read());
  source.next();
});
/** LODS: rAX ← DS:[rSI]. [SDM 2A, "LODS/LODSB/LODSW/LODSD/LODSQ"] */
export const LODSB: Instruction = lods.bytes;
export const LODS: Instruction = lods.words;

const scas = pair(
  'SCAS',
  (x, width) => {
    const dest = index(x, RDI, width);
    const a = x.bind(x.gpr(RAX, width).read());
    const b = x.bind(destination(x, dest.at, width).read());
    dest.next();
    x.flags('sub', a, b, x.bind(x.sub(a, b, width)), width);
  },
  true,
);
/** SCAS: the flags of rAX − ES:[rDI]. [SDM 2B, "SCAS/SCASB/SCASW/SCASD"] */
export const SCASB: Instruction = scas.bytes;
export const SCAS: Instruction = scas.words;

/** Ports have at most 32 bits: a 64-bit operand size means 32. */
const portWidth = (width: BitWidth): BitWidth => (width === 64 ? 32 : width);

const ins = pair('INS', (x, elementWidth) => {
  const width = portWidth(elementWidth);
  const port = x.bind(x.gpr(RDX, 16).read());
  const bytes = x.constant(width / 8, 64);
  x.system(checkPort, port, bytes);
  const dest = index(x, RDI, width);
  const element = destination(x, dest.at, width);
  // The port must not be read if the element cannot be written.
  x.probe(element, width / 8, 'write');
  element.write(resize(x, x.system(readPort, port, bytes), 64, width));
  dest.next();
});
/** INS: ES:[rDI] ← port DX. [SDM 2A, "INS/INSB/INSW/INSD"] */
export const INSB: Instruction = ins.bytes;
export const INS: Instruction = ins.words;

const outs = pair('OUTS', (x, elementWidth) => {
  const width = portWidth(elementWidth);
  const port = x.bind(x.gpr(RDX, 16).read());
  const bytes = x.constant(width / 8, 64);
  x.system(checkPort, port, bytes);
  const source = index(x, RSI, width);
  const value = x.bind(x.memory('source', source.at, width).read());
  x.system(writePort, port, bytes, value);
  source.next();
});
/** OUTS: port DX ← DS:[rSI]. [SDM 2B, "OUTS/OUTSB/OUTSW/OUTSD"] */
export const OUTSB: Instruction = outs.bytes;
export const OUTS: Instruction = outs.words;
