/**
 * The reference engine: V = bigint. It executes one instruction at a time, straight from the description, with no cache of anything: the
 * executable specification, and the oracle of the tests.
 */

import type { Decoded, DecodedOperand, DecodeMode } from '../decode/decoded.ts';
import { decode, MAX_LENGTH } from '../decode/decoder.ts';
import { VECTOR } from '../fault.ts';
import type { BitWidth, FlagName, Language, Operand, SegmentName, Subroutine } from '../semantics/language.ts';
import { type FieldName, SEGMENT_NUMBER, STATE } from '../state.ts';
import type { SystemRoutine } from '../system/routine.ts';
import { SERIALIZING } from '../system/serializing.ts';
import type { SystemProcessor } from '../system-processor.ts';
import { isShared } from '../wasm/runtime.ts';
import { type Effects, effectsOf } from './effects.ts';
import { mask, ReferenceValues, truth } from './reference-values.ts';

const FLAG_BIT: Readonly<Record<FlagName, bigint>> = { CF: 1n, PF: 4n, AF: 0x10n, ZF: 0x40n, SF: 0x80n, DF: 0x400n, OF: 0x800n };

type MemoryOperand = Operand<bigint> & { readonly segment: SegmentName; offset(): bigint; readonly offsetWidth: BitWidth };

export class ReferenceEngine extends ReferenceValues implements Language<bigint> {
  /** After a step: the instruction jumped, called a system routine or did not finish its repetition. */
  branched = false;

  readonly #processor: SystemProcessor;
  readonly #view: DataView;
  readonly #bytes = new Uint8Array(MAX_LENGTH);
  /** Where memory is shared: an atomic operation on any word fences. */
  readonly #fenceWord: Int32Array | undefined;
  #sourceSegment: SegmentName = 'DS';
  #thisIp = 0n;
  #nextIp = 0n;

  constructor(processor: SystemProcessor, view: DataView) {
    super();
    this.#processor = processor;
    this.#view = view;
    if (isShared(view)) this.#fenceWord = new Int32Array(new SharedArrayBuffer(4));
  }

  /**
   * Executes the instruction at RIP. Throws GUEST_FAULT with RIP still there, or leaves RIP at the next one. With `stopAtCrossing` an
   * instruction that lies in two pages is not executed: false.
   */
  step(stopAtCrossing = false): boolean {
    const p = this.#processor;
    const mode: DecodeMode = p.decodeMode;
    this.branched = false;
    this.#thisIp = p.get64('rip');
    p.instructionPointer = this.#thisIp;
    const decoded = this.#decode(mode, stopAtCrossing);
    if (decoded === undefined) return false;
    this.width = decoded.width;
    this.addressWidth = decoded.addressWidth;
    this.stackWidth = decoded.stackWidth;
    this.codeWidth = decoded.codeWidth;
    this.repeatPrefix = decoded.repeatPrefix;
    this.#sourceSegment = decoded.sourceSegment;
    this.#nextIp = this.#wrapIp(this.#thisIp + BigInt(decoded.length));
    const shapes = decoded.operands.map((o) => ({ width: o.width, isMemory: o.kind === 'memory' }));
    const effects = effectsOf(decoded.instruction.body, decoded, shapes);
    const operands = decoded.operands.map((o, i) => this.#operand(o, effects, i));
    p.set64('rip', this.#nextIp);
    try {
      decoded.instruction.body<bigint>(this, ...operands);
      if (decoded.lock) this.fence();
    } catch (error) {
      // Still there, unless a task switch got as far as the new task.
      p.set64('rip', p.instructionPointer);
      throw error;
    }
    return true;
  }

  /** Undefined: with `stopAtCrossing`, the instruction goes on in the next page. */
  #decode(mode: DecodeMode, stopAtCrossing: boolean): Decoded | undefined {
    const p = this.#processor;
    const available = p.fetch(this.#thisIp, this.#bytes, 0);
    let result = decode(this.#bytes, available, mode);
    if (result === undefined) {
      const next = this.#wrapIp(this.#thisIp + BigInt(available));
      if (stopAtCrossing && ((next + p.get64('linearBase', SEGMENT_NUMBER.CS)) & 0xfffn) === 0n) return undefined;
      const more = p.fetch(next, this.#bytes, available);
      result = decode(this.#bytes, available + more, mode);
    }
    if (result === undefined) return p.fault(VECTOR.GP, 0);
    if ('fault' in result) {
      if (result.unknown === true) return p.unknownOpcode(this.#bytes.slice(0, result.length));
      return result.fault === 'ud' ? p.fault(VECTOR.UD) : p.fault(VECTOR.GP, 0);
    }
    return result;
  }

  #wrapIp(ip: bigint): bigint {
    return this.codeWidth === 64 || this.#processor.decodeMode.codeWidth === 64 ? BigInt.asUintN(64, ip) : BigInt.asUintN(32, ip);
  }

  // Operands

  #operand(o: DecodedOperand, effects: Effects, position: number): Operand<bigint> {
    if (o.kind === 'immediate' || o.kind === 'number') {
      return {
        width: o.width,
        isMemory: false,
        read: () => o.value,
        write: () => {
          throw new Error('an immediate cannot be written');
        },
      };
    }
    if (o.kind === 'register') {
      const { address, size } = STATE[o.field];
      const place = this.#place(address + o.index * size + o.displacement, o.width, o.zeroExtends);
      return o.field === 'fpr' ? this.#withExponentOfOnes(place, address + o.index * size) : place;
    }
    const rmw = effects.reads[position] === true && effects.writes[position] === true;
    const { segment, width } = o;
    return this.#memoryPlace(segment, width, this.addressWidth, () => this.#effective(o), rmw);
  }

  /** An MMX register: part of an x87 register, whose sign and exponent become ones when it is written. [SDM 1 §9.5.1] */
  #withExponentOfOnes(place: Operand<bigint>, address: number): Operand<bigint> {
    return {
      ...place,
      write: (value) => {
        place.write(value);
        this.#view.setUint16(address + 8, 0xffff, true);
      },
    };
  }

  #effective(o: Extract<DecodedOperand, { kind: 'memory' }>): bigint {
    let sum = o.displacement;
    if (o.base === 'rip') sum += this.#nextIp;
    else if (o.base !== undefined) sum += this.#processor.get64('gpr', o.base);
    if (o.index !== undefined) sum += this.#processor.get64('gpr', o.index) << BigInt(o.scale);
    return BigInt.asUintN(this.addressWidth, sum);
  }

  #place(address: number, width: BitWidth, zeroExtends = false): Operand<bigint> {
    const view = this.#view;
    return {
      width,
      isMemory: false,
      read: () => readView(view, address, width),
      write: (value) => writeView(view, address, zeroExtends ? 64 : width, value),
    };
  }

  #memoryPlace(segment: SegmentName, width: BitWidth, offsetWidth: BitWidth, offset: () => bigint, rmw: boolean): MemoryOperand {
    const p = this.#processor;
    let at: bigint | undefined;
    const where = (): bigint => (at ??= offset());
    const bytes = width / 8;
    return {
      width,
      isMemory: true,
      segment,
      offsetWidth,
      offset: where,
      read: () => {
        const linear = p.linear(segment, where(), bytes, rmw ? 'write' : 'read');
        if (rmw) p.probeLinear(linear, bytes, 'write');
        if (width !== 128) return p.readLinear(linear, bytes as 1 | 2 | 4 | 8);
        const low = p.readLinear(linear, 8);
        return (p.readLinear(p.addLinear(linear, 8), 8) << 64n) | low;
      },
      write: (value) => {
        const linear = p.linear(segment, where(), bytes, 'write');
        if (width !== 128) {
          p.writeLinear(linear, bytes as 1 | 2 | 4 | 8, value);
          return;
        }
        p.probeLinear(linear, 16, 'write');
        p.writeLinear(linear, 8, BigInt.asUintN(64, value));
        p.writeLinear(p.addLinear(linear, 8), 8, value >> 64n);
      },
    };
  }

  gpr(number: number, width: BitWidth = this.width): Operand<bigint> {
    return this.#place(STATE.gpr.address + 8 * number, width, width === 32);
  }

  field(name: FieldName): Operand<bigint> {
    const { address, size } = STATE[name];
    return this.#place(address, (size * 8) as BitWidth);
  }

  indexedField(name: FieldName, index: bigint, stride: number, displacement: number, width: BitWidth): Operand<bigint> {
    return this.#place(STATE[name].address + Number(index) * stride + displacement, width);
  }

  memory(segment: SegmentName | 'source', offset: bigint, width: BitWidth, offsetWidth?: BitWidth): Operand<bigint> {
    const name = segment === 'source' ? this.#sourceSegment : segment;
    return this.#memoryPlace(name, width, offsetWidth ?? (segment === 'SS' ? this.stackWidth : this.addressWidth), () => offset, false);
  }

  effectiveAddress(operand: Operand<bigint>): bigint {
    return (operand as MemoryOperand).offset();
  }

  linearAddress(operand: Operand<bigint>): bigint {
    const { segment, offset } = operand as MemoryOperand;
    const p = this.#processor;
    return (p.get64('linearBase', SEGMENT_NUMBER[segment]) + offset()) & p.get64('linearMask');
  }

  part(operand: Operand<bigint>, displacement: bigint | number, width: BitWidth): Operand<bigint> {
    const whole = operand as MemoryOperand;
    return this.#memoryPlace(
      whole.segment,
      width,
      whole.offsetWidth,
      () => BigInt.asUintN(whole.offsetWidth, whole.offset() + BigInt(displacement)),
      false,
    );
  }

  probe(operand: Operand<bigint>, bytes: number, access: 'read' | 'write', alignment = 1): void {
    const whole = operand as MemoryOperand;
    const linear = this.#processor.linear(whole.segment, whole.offset(), bytes, access);
    if (linear % BigInt(alignment) !== 0n) this.#processor.fault(VECTOR.GP, 0);
    this.#processor.probeLinear(linear, bytes, access);
  }

  repeat(counter: Operand<bigint>, body: () => void, leave?: () => bigint): void {
    const count = counter.read();
    if (count === 0n) return;
    body();
    counter.write(count - 1n);
    if (count !== 1n && (leave === undefined || leave() === 0n)) this.#goTo(this.#thisIp);
  }

  copyForward(): bigint {
    return 0n;
  }
  fillForward(): bigint {
    return 0n;
  }

  // Flags, as the manual defines them [SDM 1 §3.4.3.1]

  flags(
    kind: 'add' | 'sub' | 'logic' | 'increment' | 'decrement',
    a: bigint,
    b: bigint,
    result: bigint,
    width: BitWidth = this.width,
  ): void {
    const sign = 1n << BigInt(width - 1);
    if (kind === 'logic') {
      this.#setStatus({ ...zeroSignParity(result, width), CF: 0n, OF: 0n, AF: 0n });
      return;
    }
    const adds = kind === 'add' || kind === 'increment';
    const carryIn = BigInt.asUintN(width, adds ? result - a - b : a - b - result);
    const carry = truth(adds ? a + b + carryIn > mask(width) : a < b + carryIn);
    const overflow = truth(((adds ? ~(a ^ b) : a ^ b) & (a ^ result) & sign) !== 0n);
    const adjust = ((a ^ b ^ result) >> 4n) & 1n;
    const keepsCarry = kind === 'increment' || kind === 'decrement';
    this.#setStatus({ ...zeroSignParity(result, width), OF: overflow, AF: adjust, ...(keepsCarry ? {} : { CF: carry }) });
  }
  resultFlags(result: bigint, carry: bigint, overflow: bigint, width: BitWidth = this.width): void {
    this.#setStatus({ ...zeroSignParity(result, width), CF: carry, OF: overflow, AF: 0n });
  }
  setFlags(values: Partial<Record<FlagName, bigint>>): void {
    this.#setStatus(values);
  }
  #setStatus(values: Partial<Record<FlagName, bigint>>): void {
    let flags = this.#processor.rflags;
    for (const [name, value] of Object.entries(values) as [FlagName, bigint][])
      flags = (flags & ~FLAG_BIT[name]) | (value !== 0n ? FLAG_BIT[name] : 0n);
    this.#processor.rflags = flags;
  }
  flag(name: FlagName): bigint {
    return truth((this.#processor.rflags & FLAG_BIT[name]) !== 0n);
  }
  condition(code: number): bigint {
    const f = (name: FlagName): boolean => this.flag(name) !== 0n;
    const base = [
      (): boolean => f('OF'),
      (): boolean => f('CF'),
      (): boolean => f('ZF'),
      (): boolean => f('CF') || f('ZF'),
      (): boolean => f('SF'),
      (): boolean => f('PF'),
      (): boolean => f('SF') !== f('OF'),
      (): boolean => f('ZF') || f('SF') !== f('OF'),
    ][code >> 1] as () => boolean;
    return truth(base() !== ((code & 1) !== 0));
  }

  // Control

  nextIp(): bigint {
    return this.#nextIp;
  }
  thisIp(): bigint {
    return this.#thisIp;
  }
  checkTarget(target: bigint): void {
    const p = this.#processor;
    if (BigInt.asUintN(64, target + p.get64('codeBias')) > p.get64('codeRange')) p.fault(VECTOR.GP, 0);
  }
  jump(target: bigint): void {
    this.checkTarget(target);
    this.#goTo(target);
  }
  #goTo(target: bigint): void {
    this.#processor.set64('rip', target);
    this.branched = true;
  }
  faultIf(condition: bigint, vector: number): void {
    if (condition !== 0n) this.#processor.fault(vector);
  }
  system(routine: SystemRoutine, ...values: bigint[]): bigint {
    this.branched = true;
    if (SERIALIZING.has(routine)) this.fence();
    return BigInt.asUintN(64, routine.run(this.#processor, ...values) ?? 0n);
  }
  fence(): void {
    if (this.#fenceWord !== undefined) Atomics.add(this.#fenceWord, 0, 0);
  }
  call(subroutine: Subroutine, ...values: bigint[]): readonly bigint[] {
    return subroutine.body<bigint>(this, ...values);
  }
}

function zeroSignParity(result: bigint, width: number): { ZF: bigint; SF: bigint; PF: bigint } {
  let ones = Number(result & 0xffn);
  ones ^= ones >> 4;
  ones ^= ones >> 2;
  ones ^= ones >> 1;
  return { ZF: truth(result === 0n), SF: (result >> BigInt(width - 1)) & 1n, PF: truth((ones & 1) === 0) };
}

function readView(view: DataView, address: number, width: BitWidth): bigint {
  switch (width) {
    case 8:
      return BigInt(view.getUint8(address));
    case 16:
      return BigInt(view.getUint16(address, true));
    case 32:
      return BigInt(view.getUint32(address, true));
    case 64:
      return view.getBigUint64(address, true);
    case 128:
      return view.getBigUint64(address, true) | (view.getBigUint64(address + 8, true) << 64n);
  }
}

function writeView(view: DataView, address: number, width: BitWidth, value: bigint): void {
  switch (width) {
    case 8:
      view.setUint8(address, Number(value));
      return;
    case 16:
      view.setUint16(address, Number(value), true);
      return;
    case 32:
      view.setUint32(address, Number(value), true);
      return;
    case 64:
      view.setBigUint64(address, value, true);
      return;
    case 128:
      view.setBigUint64(address, BigInt.asUintN(64, value), true);
      view.setBigUint64(address + 8, value >> 64n, true);
  }
}
