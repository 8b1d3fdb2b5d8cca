/** ModRM, SIB and displacement. [SDM 2A §2.1.3–2.1.5, Tables 2-1 to 2-3; §2.2.1.6 RIP-relative] */
import type { BitWidth, SegmentName } from '../semantics/language.ts';
import type { DecodedOperand } from './decoded.ts';
import type { Reader } from './decoder.ts';

export interface ModRm {
  readonly regField: number;
  readonly rmField: number;
  /** Undefined for the register form. */
  readonly memory: MemoryForm | undefined;
}

interface MemoryForm {
  readonly base: number | 'rip' | undefined;
  readonly index: number | undefined;
  readonly scale: 0 | 1 | 2 | 3;
  readonly displacement: bigint;
  /** Segment unless overridden. */
  readonly segment: SegmentName;
}

const BX = 3;
const SP = 4;
const BP = 5;
const SI = 6;
const DI = 7;

/** Base and index by rm, 16-bit addressing. [SDM 2A, Table 2-1] */
const FORMS_16: readonly (readonly [number | undefined, number | undefined])[] = [
  [BX, SI],
  [BX, DI],
  [BP, SI],
  [BP, DI],
  [SI, undefined],
  [DI, undefined],
  [BP, undefined],
  [BX, undefined],
];

export function readModRm(reader: Reader, addressWidth: 16 | 32 | 64, rex: number, mode64: boolean, alwaysRegister: boolean): ModRm {
  const byte = reader.u8();
  const mod = byte >> 6;
  const regField = (byte >> 3) & 7;
  const rmField = byte & 7;
  if (mod === 3 || alwaysRegister) return { regField, rmField, memory: undefined };
  const memory = addressWidth === 16 ? form16(reader, mod, rmField) : form32(reader, mod, rmField, rex, mode64);
  return { regField, rmField, memory };
}

function form16(reader: Reader, mod: number, rm: number): MemoryForm {
  if (mod === 0 && rm === 6) return { base: undefined, index: undefined, scale: 0, displacement: reader.signed(2), segment: 'DS' };
  const [base, index] = FORMS_16[rm] ?? [undefined, undefined];
  const displacement = mod === 0 ? 0n : reader.signed(mod === 1 ? 1 : 2);
  return { base, index, scale: 0, displacement, segment: base === BP ? 'SS' : 'DS' };
}

function form32(reader: Reader, mod: number, rm: number, rex: number, mode64: boolean): MemoryForm {
  let base: number | 'rip' | undefined = rm | ((rex & 1) << 3);
  let index: number | undefined;
  let scale: 0 | 1 | 2 | 3 = 0;
  let low = rm;
  if (rm === SP) {
    const sib = reader.u8();
    scale = (sib >> 6) as 0 | 1 | 2 | 3;
    const number = ((sib >> 3) & 7) | ((rex & 2) << 2);
    index = number === SP ? undefined : number;
    low = sib & 7;
    base = low | ((rex & 1) << 3);
  }
  let displacement = 0n;
  if (mod === 0 && low === BP) {
    base = rm === BP && mode64 ? 'rip' : undefined;
    displacement = reader.signed(4);
  } else if (mod !== 0) displacement = reader.signed(mod === 1 ? 1 : 4);
  return { base, index, scale, displacement, segment: base === SP || base === BP ? 'SS' : 'DS' };
}

export function memoryOperand(modRm: ModRm, width: BitWidth, override: SegmentName | undefined): DecodedOperand {
  const form = modRm.memory as MemoryForm;
  return {
    kind: 'memory',
    width,
    segment: override ?? form.segment,
    base: form.base,
    index: form.index,
    scale: form.scale,
    displacement: form.displacement,
  };
}
