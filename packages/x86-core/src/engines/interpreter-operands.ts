/**
 * The interpreter's operands: registers, immediates and memory, found at run time in the decoded record whose address is local 0. A case of
 * the main function has the TLB check inlined; a handler function uses the shared helpers.
 */
import { TLB_INDEX_MASK } from '../memory/tlb.ts';
import type { BitWidth, Operand, SegmentName } from '../semantics/language.ts';
import { type FieldName, SEGMENT_NUMBER, STATE } from '../state.ts';
import { call as callCode, i32Const, i64Const, load, localGet, localSet, localTee, OP, store } from '../wasm/instructions.ts';
import type { FunctionBuilder } from '../wasm/module.ts';
import type { Statics } from './effects.ts';
import { cleaned, type Expr, expr, typeOf, wide } from './expression.ts';
import { type HandlerOperand, type OperandKind, OUTCOME, RECORD_LOCAL, type Surroundings } from './handler-surroundings.ts';
import { FOR_WRITING } from './interpreter-helpers.ts';
import { bytesOf, loadOf, storeOf } from './memory-instructions.ts';
import { RECORD } from './record.ts';
import { WasmFlags } from './wasm-flags.ts';

const record: readonly number[] = localGet(RECORD_LOCAL);
const PAGE_MASK = i64Const(-4096n);

interface MemoryOperand extends Operand<Expr> {
  /** i64 code of the offset within the segment (bound). */
  offset(): Expr;
  /** i32 code of the address of the segment's linearBase. */
  readonly segment: readonly number[];
}

export class InterpreterOperands extends WasmFlags {
  protected readonly around: Surroundings;
  readonly #operands: readonly HandlerOperand[];

  constructor(builder: FunctionBuilder, statics: Statics, operands: readonly HandlerOperand[], around: Surroundings) {
    super(builder, statics);
    this.around = around;
    this.#operands = operands;
  }

  // Operands

  operands(): Operand<Expr>[] {
    let registers = 0;
    let immediates = 0;
    const hasMemory = this.#operands.some((o) => o.kind === 'memory');
    return this.#operands.map((o) => {
      if (o.kind === 'memory') return this.#modRmOperand(o);
      if (o.kind === 'immediate') {
        const offset = immediates++ === 0 ? RECORD.immediate : RECORD.displacement;
        if (hasMemory && offset === RECORD.displacement) throw new Error('no room for a second immediate beside a memory operand');
        return this.#immediate(offset, o.width);
      }
      const slot = registers++;
      if (slot === 2 && hasMemory) throw new Error('no room for a third register beside a memory operand');
      return this.#register(RECORD.registers[slot] as number, o.width, o.kind);
    });
  }

  #immediate(offset: number, width: BitWidth): Operand<Expr> {
    return {
      width,
      isMemory: false,
      read: () =>
        this.bind(width === 64 ? expr('i64', true, record, load(OP.i64Load, offset)) : expr('i32', true, record, load(OP.i32Load, offset))),
      write: () => {
        throw new Error('an immediate cannot be written');
      },
    };
  }

  #register(slot: number, width: BitWidth, kind: OperandKind): Operand<Expr> {
    let address: Expr | undefined;
    const at = (): Expr => (address ??= this.bind(expr('i32', true, record, load(OP.i32Load16U, slot))));
    const place = this.#place(() => at().code, 0, width, kind === 'general' && width === 32);
    if (kind !== 'mmx') return place;
    // Sign and exponent of the x87 register become ones. [SDM 1 §9.5.1]
    return {
      ...place,
      write: (value) => {
        place.write(value);
        this.f.emit(at().code, i32Const(0xffff), store(OP.i32Store16, 8));
      },
    };
  }

  /** State at address code + offset. */
  #place(address: () => readonly number[], offset: number, width: BitWidth, zeroExtends: boolean): Operand<Expr> {
    return {
      width,
      isMemory: false,
      read: () => this.bind(expr(typeOf(width), true, address(), loadOf(width, offset))),
      write: (value) => {
        if (zeroExtends) this.f.emit(address(), wide(value, 32), store(OP.i64Store, offset));
        else this.f.emit(address(), value.code, storeOf(width, offset));
      },
    };
  }

  gpr(number: number, width: BitWidth = this.width): Operand<Expr> {
    return this.#place(() => i32Const(0), STATE.gpr.address + 8 * number, width, width === 32);
  }

  field(name: FieldName): Operand<Expr> {
    const { address, size } = STATE[name];
    return this.#place(() => i32Const(0), address, (size * 8) as BitWidth, false);
  }

  indexedField(name: FieldName, index: Expr, stride: number, displacement: number, width: BitWidth): Operand<Expr> {
    const at = this.bind(expr('i32', true, cleaned(index, 32), i32Const(stride), OP.i32Mul));
    return this.#place(() => at.code, STATE[name].address + displacement, width, false);
  }

  // Memory

  #modRmOperand(o: HandlerOperand): MemoryOperand {
    const segment = [...record, ...load(OP.i32Load16U, RECORD.segment)];
    let offset: Expr | undefined;
    return this.#memoryOperand(o.width, segment, () => (offset ??= this.bind(this.#effectiveOffset())), o.reads && o.writes);
  }

  /** base + index × scale + displacement, cut to the address width, as an i64. */
  #effectiveOffset(): Expr {
    const registerAt = (slot: number): number[] => [...record, ...load(OP.i32Load16U, slot), ...load(OP.i64Load)];
    const scale = [...record, ...load(OP.i64Load8U, RECORD.scale)];
    const sum = [
      ...registerAt(RECORD.base),
      ...registerAt(RECORD.index),
      ...scale,
      OP.i64Shl,
      OP.i64Add,
      ...record,
      ...load(OP.i64Load, RECORD.displacement),
      OP.i64Add,
    ];
    // In a case of the main function the linear mask cuts the sum once, after the segment base is added.
    if (this.addressWidth === 64 || this.around.main !== undefined) return expr('i64', true, sum);
    return expr('i64', true, sum, i64Const(this.addressWidth === 32 ? 0xffff_ffffn : 0xffffn), OP.i64And);
  }

  memory(segment: SegmentName | 'source', offset: Expr, width: BitWidth, offsetWidth?: BitWidth): Operand<Expr> {
    const w = offsetWidth ?? (segment === 'SS' ? this.stackWidth : this.addressWidth);
    const where = this.bind(expr('i64', true, wide(offset, w)));
    return this.#memoryOperand(width, this.segmentCode(segment), () => where, false);
  }

  protected segmentCode(name: SegmentName | 'source'): readonly number[] {
    if (name === 'source') return [...record, ...load(OP.i32Load16U, RECORD.segment)];
    return i32Const(STATE.linearBase.address + 8 * SEGMENT_NUMBER[name]);
  }

  effectiveAddress(operand: Operand<Expr>): Expr {
    const offset = (operand as MemoryOperand).offset();
    return this.addressWidth === 64
      ? offset
      : this.bind(expr('i32', this.addressWidth === 32 || this.around.main === undefined, offset.code, OP.i32WrapI64));
  }

  linearAddress(operand: Operand<Expr>): Expr {
    const { segment, offset } = operand as MemoryOperand;
    const mask = [...i32Const(0), ...load(OP.i64Load, STATE.linearMask.address)];
    return this.bind(expr('i64', true, offset().code, segment, load(OP.i64Load), OP.i64Add, mask, OP.i64And));
  }

  part(operand: Operand<Expr>, displacement: Expr | number, width: BitWidth): Operand<Expr> {
    const whole = operand as MemoryOperand;
    const w = this.addressWidth;
    const distance = typeof displacement === 'number' ? i64Const(BigInt(displacement)) : wide(displacement, w);
    const cut = w === 64 ? [] : [...i64Const(w === 32 ? 0xffff_ffffn : 0xffffn), OP.i64And];
    let offset: Expr | undefined;
    const where = (): Expr => (offset ??= this.bind(expr('i64', true, whole.offset().code, distance, OP.i64Add, cut)));
    return this.#memoryOperand(width, whole.segment, where, false);
  }

  probe(operand: Operand<Expr>, bytes: number, access: 'read' | 'write', alignment = 1): void {
    const whole = operand as MemoryOperand;
    const linear = this.#linear(whole, bytes, access === 'write');
    if (alignment > 1) {
      this.f.emit(linear.code, OP.i32WrapI64, i32Const(alignment - 1), OP.i32And);
      this.f.open(OP.if);
      this.raise(13);
      this.f.close();
    }
    this.storePosition();
    this.callHelper('probe', linear.code, i32Const(bytes | (access === 'write' ? FOR_WRITING : 0)));
    this.#faultIfTold();
  }

  /** Linear address of an operand: bound i64. */
  #linear(operand: MemoryOperand, bytes: number, write: boolean): Expr {
    const { main } = this.around;
    if (main === undefined) {
      const flags = i32Const(bytes | (write ? FOR_WRITING : 0));
      return this.#bindUnlessFault('i64', operand.offset().code, operand.segment, flags, callCode(this.around.helper('linear')));
    }
    return this.bind(
      expr('i64', true, operand.offset().code, operand.segment, load(OP.i64Load), OP.i64Add, localGet(main.linearMask), OP.i64And),
    );
  }

  #memoryOperand(width: BitWidth, segment: readonly number[], offset: () => Expr, readForWrite: boolean): MemoryOperand {
    let linear: Expr | undefined;
    let host: number | undefined;
    const operand: MemoryOperand = {
      width,
      isMemory: true,
      segment,
      offset,
      read: () => {
        linear ??= this.#linear(operand, bytesOf(width), readForWrite);
        if (this.around.main === undefined)
          return this.#bindUnlessFault(
            typeOf(width),
            linear.code,
            callCode(this.around.helper(`${readForWrite ? 'loadForWrite' : 'load'}${width}`)),
          );
        if (readForWrite) {
          host = this.f.local('i32');
          return this.#inlineLoad(operand, linear, width, 8, host);
        }
        return this.#inlineLoad(operand, linear, width, 0, undefined);
      },
      write: (value) => {
        linear ??= this.#linear(operand, bytesOf(width), true);
        if (this.around.main === undefined) this.#store(linear, value, width);
        else if (host !== undefined) this.#inlineStoreBack(linear, host, value, width);
        else this.#inlineStore(operand, linear, value, width);
      },
    };
    return operand;
  }

  /** Code of the TLB entry for a linear address, and the tag that a hit on all of the access's bytes has. */
  #tlbEntry(linear: Expr): number[] {
    return [
      ...i32Const(0),
      ...load(OP.i32Load, STATE.tlb.address),
      ...linear.code,
      OP.i32WrapI64,
      ...i32Const(7),
      OP.i32ShrU,
      ...i32Const(TLB_INDEX_MASK),
      OP.i32And,
      OP.i32Add,
    ];
  }

  #tagOf(linear: Expr, width: BitWidth): number[] {
    const last = bytesOf(width) - 1;
    return last === 0
      ? [...linear.code, ...PAGE_MASK, OP.i64And]
      : [...linear.code, ...i64Const(BigInt(last)), OP.i64Add, ...PAGE_MASK, OP.i64And];
  }

  #inlineLoad(operand: MemoryOperand, linear: Expr, width: BitWidth, tagOffset: number, host: number | undefined): Expr {
    const entry = this.f.local('i32');
    const type = typeOf(width);
    const value = this.f.local(type);
    this.f.emit(this.#tlbEntry(linear), localTee(entry), load(OP.i64Load, tagOffset), this.#tagOf(linear, width), OP.i64Eq);
    this.f.open(OP.if);
    const address = [...linear.code, OP.i32WrapI64, ...localGet(entry), ...load(OP.i32Load, 16), OP.i32Add];
    if (host !== undefined) this.f.emit(address, localTee(host), loadOf(width, 0), localSet(value));
    else this.f.emit(address, loadOf(width, 0), localSet(value));
    this.f.else();
    this.#slowPath(operand, linear);
    this.f.emit(linear.code, callCode(this.around.helper(`${tagOffset === 0 ? 'load' : 'loadForWrite'}${width}`)));
    // Leaves the value beneath.
    this.#faultIfTold();
    this.f.emit(localSet(value));
    if (host !== undefined) this.f.emit(i32Const(0), localSet(host));
    this.f.close();
    this.f.release('i32', entry);
    return { type, code: localGet(value), clean: true, bound: true };
  }

  #inlineStoreBack(linear: Expr, host: number, value: Expr, width: BitWidth): void {
    const v = this.bind(value);
    this.f.emit(localGet(host));
    this.f.open(OP.if);
    this.f.emit(localGet(host), v.code, storeOf(width, 0));
    this.f.else();
    this.storePosition();
    this.#store(linear, v, width);
    this.f.close();
  }

  #inlineStore(operand: MemoryOperand, linear: Expr, value: Expr, width: BitWidth): void {
    const v = this.bind(value);
    const entry = this.f.local('i32');
    this.f.emit(this.#tlbEntry(linear), localTee(entry), load(OP.i64Load, 8), this.#tagOf(linear, width), OP.i64Eq);
    this.f.open(OP.if);
    this.f.emit(linear.code, OP.i32WrapI64, localGet(entry), load(OP.i32Load, 16), OP.i32Add, v.code, storeOf(width, 0));
    this.f.else();
    this.#slowPath(operand, linear);
    this.#store(linear, v, width);
    this.f.close();
    this.f.release('i32', entry);
  }

  /** The TLB does not know the address, or not all of it. */
  #slowPath(operand: MemoryOperand, linear: Expr): void {
    this.storePosition();
    this.callHelper('canonical', linear.code, operand.segment, i32Const(bytesOf(operand.width)));
    this.#faultIfTold();
  }

  #store(linear: Expr, value: Expr, width: BitWidth): void {
    this.callHelper(`store${width}`, linear.code, cleaned(value, width));
    this.#faultIfTold();
  }

  /** The value that `code` leaves beneath an i32 which tells of a fault. */
  #bindUnlessFault(type: Expr['type'], ...code: readonly (readonly number[])[]): Expr {
    this.f.emit(...code);
    this.#faultIfTold();
    return this.bind({ type, code: [], clean: true });
  }

  /** Takes an i32: if it is not 0, a fault is written down, and the instruction ends. */
  #faultIfTold(): void {
    const { main } = this.around;
    if (main !== undefined) {
      this.f.branchIf(main.fault);
      return;
    }
    this.f.open(OP.if);
    this.f.emit(i32Const(OUTCOME.fault), OP.return);
    this.f.close();
  }

  /** Before a call that may fault or reach a device: where we are, for whoever asks. */
  protected storePosition(): void {
    const { main } = this.around;
    if (main === undefined) return;
    this.f.emit(
      i32Const(0),
      record,
      store(OP.i32Store, STATE.record.address),
      i32Const(0),
      localGet(main.runStart),
      store(OP.i32Store, STATE.runStart.address),
    );
  }

  protected callHelper(helper: string, ...code: readonly (readonly number[])[]): void {
    this.f.emit(...code, callCode(this.around.helper(helper)));
  }

  protected raise(vector: number): void {
    this.storePosition();
    this.callHelper('raise', i32Const(vector));
    const { main } = this.around;
    if (main !== undefined) this.f.branch(main.fault);
    else this.f.emit(i32Const(OUTCOME.fault), OP.return);
  }
}
