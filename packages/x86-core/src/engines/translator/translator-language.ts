/**
 * The translator's meaning of Language: operands are known when the code is written. General and XMM registers are locals of the region's
 * function, addresses are sums of what is there, jumps are branches.
 */
import type { Decoded, DecodedOperand } from '../../decode/decoded.ts';
import type { BitWidth, Language, Operand, SegmentName, Subroutine } from '../../semantics/language.ts';
import { type FieldName, SEGMENT_NUMBER, STATE } from '../../state.ts';
import type { SystemRoutine } from '../../system/routine.ts';
import { SERIALIZING } from '../../system/serializing.ts';
import { ATOMIC_FENCE, call as callCode, i32Const, i64Const, load, localGet, localSet, OP, store } from '../../wasm/instructions.ts';
import { effectsOfCase } from '../case-effects.ts';
import { cleaned, constantExpr, type Expr, expr, typeOf, wide } from '../expression.ts';
import { forward, repeatedByte } from '../forward-strings.ts';
import { loadOf, storeOf } from '../memory-instructions.ts';
import { SETTLED } from './lazy-flags.ts';
import type { PlannedInstruction } from './plan.ts';
import { isControlField, type RegionSurroundings } from './surroundings.ts';
import { type MemoryOperand, type Place, TranslatorMemory } from './translator-memory.ts';

const CS = BigInt(SEGMENT_NUMBER.CS);
const ALL_32 = 0xffff_ffffn;
/** In 64-bit mode: t + 2^47 < 2^48. */
const HALF_CANONICAL = i64Const(2n ** 47n);

export class TranslatorLanguage extends TranslatorMemory implements Language<Expr> {
  readonly #decoded: Decoded;
  readonly #instruction: PlannedInstruction;

  constructor(instruction: PlannedInstruction, around: RegionSurroundings) {
    const { decoded, analysis } = instruction;
    super(decoded, around, analysis.effects);
    this.#instruction = instruction;
    this.#decoded = decoded;
  }

  operands(): Operand<Expr>[] {
    const { reads, writes } = this.#instruction.analysis.effects;
    return this.#decoded.operands.map((o, i) => {
      if (o.kind === 'memory') return this.#modRm(o, reads[i] === true && writes[i] === true);
      if (o.kind === 'register') return this.#register(o);
      return immediate(o.value, o.width);
    });
  }

  #register(o: Extract<DecodedOperand, { kind: 'register' }>): Operand<Expr> {
    if (o.field === 'gpr') return this.#general(o.index, o.width, o.displacement);
    if (o.field === 'xmm' && o.displacement === 0) return this.#vector(o.index, o.width);
    const address = STATE[o.field].address + o.index * STATE[o.field].size + o.displacement;
    const place = this.#state(address, o.width);
    if (o.field !== 'fpr') return place;
    // Sign and exponent of the x87 register become ones. [SDM 1 §9.5.1]
    return {
      ...place,
      write: (value) => {
        place.write(value);
        this.f.emit(i32Const(0), i32Const(0xffff), store(OP.i32Store16, address + 8));
      },
    };
  }

  /** @param displacement 1: AH, CH, DH, BH */
  #general(index: number, width: BitWidth, displacement = 0): Operand<Expr> {
    const local = (writes: boolean): number => this.around.register('gpr', index, writes);
    const whole = (): Expr => ({ type: this.around.generalType, code: localGet(local(false)), clean: true });
    const w: BitWidth = this.around.generalType === 'i64' ? 64 : 32;
    return {
      width,
      isMemory: false,
      read: () => {
        if (width >= w) return this.bind(width === w ? whole() : this.zeroExtend(whole(), w, width));
        const moved = displacement === 1 ? this.shr(whole(), constantExpr(8n, w), w) : whole();
        return this.bind(this.truncate(moved, w, width));
      },
      write: (value) => {
        if (width >= 32) {
          const placed = w === 64 ? wide(value, width) : this.truncate(value, width, 32).code;
          this.f.emit(placed, localSet(local(true)));
          return;
        }
        const shift = displacement * 8;
        const mask = constantExpr(~(((1n << BigInt(width)) - 1n) << BigInt(shift)), w);
        const cut = w === 64 ? expr('i64', true, wide(value, width)) : expr('i32', true, cleaned(value, width));
        const placed = shift === 0 ? cut : this.shl(cut, constantExpr(8n, w), w);
        this.f.emit(this.or(this.and(whole(), mask, w), placed, w).code, localSet(local(true)));
      },
    };
  }

  #vector(index: number, width: BitWidth): Operand<Expr> {
    const local = (writes: boolean): number => this.around.register('xmm', index, writes);
    const whole = (): Expr => ({ type: 'v128', code: localGet(local(false)), clean: true });
    return {
      width,
      isMemory: false,
      read: () => this.bind(width === 128 ? whole() : this.lane(whole(), 0, width)),
      write: (value) => {
        const code = width === 128 ? value.code : this.withLane(whole(), 0, value, width).code;
        this.f.emit(code, localSet(local(true)));
      },
    };
  }

  #state(address: number, width: BitWidth, index: readonly number[] = i32Const(0)): Operand<Expr> {
    return {
      width,
      isMemory: false,
      read: () => this.bind(expr(typeOf(width), true, index, loadOf(width, address))),
      write: (value) => this.f.emit(index, value.code, storeOf(width, address)),
    };
  }

  gpr(number: number, width: BitWidth = this.width): Operand<Expr> {
    return this.#general(number, width);
  }

  field(name: FieldName): Operand<Expr> {
    const { address, size } = STATE[name];
    const width = (size * 8) as BitWidth;
    if (!isControlField(name)) return this.#state(address, width);
    const local = (writes: boolean): number => this.around.register(name, 0, writes);
    const isTop = name === 'ftop';
    return {
      width,
      isMemory: false,
      read: () => {
        if (isTop && this.around.top !== undefined) return constantExpr(BigInt(this.around.top), width);
        return this.bind({ type: typeOf(width), code: localGet(local(false)), clean: true });
      },
      write: (value) => {
        this.f.emit(cleaned(value, width), localSet(local(true)));
        if (isTop) this.around.top = value.constant === undefined ? undefined : Number(value.constant);
      },
    };
  }

  indexedField(name: FieldName, index: Expr, stride: number, displacement: number, width: BitWidth): Operand<Expr> {
    const { address } = STATE[name];
    if (name === 'segmentSelector' && index.constant === CS && width === 16) return this.#codeSelector();
    if (index.constant !== undefined) return this.#state(address + Number(index.constant) * stride + displacement, width);
    const at = this.bind(expr('i32', true, cleaned(index, 32), i32Const(stride), OP.i32Mul));
    return this.#state(address + displacement, width, at.code);
  }

  /** It stays the same within a region. */
  #codeSelector(): Operand<Expr> {
    const local = this.around.register('segmentSelector', SEGMENT_NUMBER.CS, false);
    return {
      width: 16,
      isMemory: false,
      read: () => ({ type: 'i32', code: localGet(local), clean: true, bound: true }),
      write: () => {
        throw new Error('CS is not written in a region');
      },
    };
  }

  // Memory

  #modRm(o: Extract<DecodedOperand, { kind: 'memory' }>, readForWrite: boolean): MemoryOperand {
    let offset: Expr | undefined;
    const place: Place = {
      segment: o.segment,
      offset: () => (offset ??= this.bind(this.#effectiveOffset(o))),
      offsetWidth: this.#decoded.addressWidth,
    };
    return this.memoryAt(place, o.width, readForWrite);
  }

  /** base + index × scale + displacement, of the address width. */
  #effectiveOffset({ base, index, scale, displacement }: Extract<DecodedOperand, { kind: 'memory' }>): Expr {
    const w = this.#decoded.addressWidth;
    const parts: Expr[] = [];
    if (base === 'rip') parts.push(this.#ip(BigInt(this.#instruction.distance + this.#decoded.length) + displacement));
    else if (base !== undefined) parts.push(this.#general(base, w).read());
    if (index !== undefined) {
      const value = this.#general(index, w).read();
      parts.push(scale === 0 ? value : this.shl(value, constantExpr(BigInt(scale), w), w));
    }
    if (base !== 'rip' && (displacement !== 0n || parts.length === 0)) parts.push(constantExpr(displacement, w));
    const [first, ...others] = parts.map((part) => (part.type === 'i64' && w !== 64 ? this.truncate(part, 64, w) : part));
    const sum = others.reduce((a, b) => this.add(a, b, w), first as Expr);
    return w === 16 ? { ...sum, code: cleaned(sum, 16), clean: true } : sum;
  }

  memory(segment: SegmentName | 'source', offset: Expr, width: BitWidth, offsetWidth?: BitWidth): Operand<Expr> {
    const name = segment === 'source' ? this.#decoded.sourceSegment : segment;
    const w = (offsetWidth ?? (segment === 'SS' ? this.stackWidth : this.addressWidth)) as 16 | 32 | 64;
    const at = this.bind(offset);
    return this.memoryAt({ segment: name, offset: () => at, offsetWidth: w }, width, false);
  }

  effectiveAddress(operand: Operand<Expr>): Expr {
    const { offset, offsetWidth } = operand as MemoryOperand;
    return offsetWidth === this.addressWidth ? offset() : this.truncate(offset(), offsetWidth, this.addressWidth);
  }

  linearAddress(operand: Operand<Expr>): Expr {
    const { segment, offset, offsetWidth } = operand as MemoryOperand;
    const at = expr('i64', true, wide(offset(), offsetWidth));
    const moved = segment === 'FS' || segment === 'GS' ? this.add(at, this.#segmentBase(segment), 64) : at;
    return this.bind(this.codeWidth === 64 ? moved : this.and(moved, constantExpr(ALL_32, 64), 64));
  }

  #segmentBase(segment: 'FS' | 'GS'): Expr {
    return this.#state(STATE.linearBase.address + 8 * (segment === 'FS' ? 4 : 5), 64).read();
  }

  part(operand: Operand<Expr>, displacement: Expr | number, width: BitWidth): Operand<Expr> {
    const whole = operand as MemoryOperand;
    const w = whole.offsetWidth;
    const distance = typeof displacement === 'number' ? constantExpr(BigInt(displacement), w) : displacement;
    let offset: Expr | undefined;
    const sum = (): Expr => {
      const at = this.add(whole.offset(), distance, w);
      return this.bind(w === 16 ? { ...at, code: cleaned(at, 16), clean: true } : at);
    };
    return this.memoryAt({ segment: whole.segment, offset: () => (offset ??= sum()), offsetWidth: w }, width, false);
  }

  probe(operand: Operand<Expr>, bytes: number, access: 'read' | 'write', alignment = 1): void {
    const linear = this.linear(operand as MemoryOperand);
    if (alignment > 1) {
      this.f.emit(linear.code, OP.i32WrapI64, i32Const(alignment - 1), OP.i32And);
      this.#bailIf();
    }
    this.host(linear, bytes, access === 'write');
  }

  /** Leaves if the value on the stack is not zero. */
  #bailIf(): void {
    this.f.openUnlikely();
    this.around.bail();
    this.f.close();
  }

  // Control

  nextIp(): Expr {
    return this.#ip(BigInt(this.#instruction.distance + this.#decoded.length));
  }

  thisIp(): Expr {
    return this.#ip(BigInt(this.#instruction.distance));
  }

  #ip(distance: bigint): Expr {
    const sum = expr('i64', true, localGet(this.around.locals.base), i64Const(distance), OP.i64Add);
    return this.codeWidth === 64 ? sum : this.and(sum, constantExpr(ALL_32, 64), 64);
  }

  checkTarget(target: Expr): void {
    // Outside 64-bit mode the code segment is flat. In the page that is executed all addresses are canonical.
    if (this.codeWidth !== 64 || this.#staysInPage()) return;
    this.f.emit(target.code, HALF_CANONICAL, OP.i64Add, i64Const(48n), OP.i64ShrU, i64Const(0n), OP.i64Ne);
    this.#bailIf();
  }

  #staysInPage(): boolean {
    const { target, distance } = this.#instruction;
    return target !== undefined && target >> 12 === distance >> 12;
  }

  jump(target: Expr): void {
    const { ending } = this.#instruction.analysis;
    if (ending === 'jump' || ending === 'branch' || ending === 'call') {
      if (ending !== 'call') this.checkTarget(target);
      this.around.jump();
      return;
    }
    const t = this.bind(target);
    this.checkTarget(t);
    this.f.emit(t.code, localSet(this.around.locals.target));
    this.around.jumpIndirect();
  }

  faultIf(condition: Expr): void {
    if (condition.constant === 0n) return;
    this.f.emit(condition.code);
    this.#bailIf();
  }

  override rarely(condition: Expr, _then: () => void, otherwise?: () => void): void {
    this.faultIf(condition);
    otherwise?.();
  }

  /** Each iteration ends with the registers that it should have, so that any may be left to the interpreter. */
  repeat(counter: Operand<Expr>, body: () => void, leave?: () => Expr, atOnce?: (limit: Expr) => Expr): void {
    if (leave !== undefined) throw new Error('repetitions that compare are left to the interpreter');
    const { around, f } = this;
    const w = counter.width;
    around.countBefore();
    const out = f.open(OP.block);
    f.emit(this.eq(counter.read(), this.constant(0, w), w).code);
    f.branchIf(out);
    const again = f.open(OP.loop);
    if (atOnce !== undefined && w !== 16) this.#repeatAtOnce(counter, atOnce);
    body();
    const left = this.bind(this.sub(counter.read(), this.constant(1, w), w));
    counter.write(left);
    f.emit(this.eq(left, this.constant(0, w), w).code);
    f.branchIf(out);
    around.countIteration();
    f.branch(again);
    f.close();
    f.close();
  }

  /** Iterations but the last one, and no more than the slice has room for. */
  #repeatAtOnce(counter: Operand<Expr>, atOnce: (limit: Expr) => Expr): void {
    const w = counter.width;
    const { remaining } = this.around.locals;
    const room = this.bind(expr('i32', true, localGet(remaining)));
    this.when(this.ltSigned(this.constant(0, 32), room, 32), () => {
      const others = this.bind(this.sub(counter.read(), this.constant(1, w), w));
      const most = w === 64 ? this.bind(this.zeroExtend(room, 32, 64)) : room;
      const done = this.bind(atOnce(this.bind(this.select(this.ltUnsigned(others, most, w), others, most, w))));
      counter.write(this.sub(counter.read(), done, w));
      this.f.emit(this.sub(room, this.truncate(done, w, 32), 32).code, localSet(remaining));
    });
  }

  copyForward(to: Expr, from: Expr, limit: Expr, width: BitWidth): Expr {
    const isFlat = SEGMENT_NUMBER[this.#decoded.sourceSegment] < SEGMENT_NUMBER.FS;
    return forward(this, limit, width, i32Const(Number(isFlat)), (bytes, unit) => [
      ...wide(to, this.addressWidth),
      ...wide(from, this.addressWidth),
      ...bytes,
      ...unit,
      ...callCode(this.around.helper('copyForward')),
    ]);
  }

  fillForward(to: Expr, value: Expr, limit: Expr, width: BitWidth): Expr {
    const { byte, same } = repeatedByte(this, value, width);
    return forward(this, limit, width, same.code, (bytes, unit) => [
      ...wide(to, this.addressWidth),
      ...byte.code,
      ...bytes,
      ...unit,
      ...callCode(this.around.helper('fillForward')),
    ]);
  }

  fence(): void {
    if (this.around.shared) this.f.emit(ATOMIC_FENCE);
  }

  /** The common case, if it is one; else the instruction is left to the interpreter, with nothing done. */
  system(routine: SystemRoutine, ...values: Expr[]): Expr {
    const { common } = routine;
    if (common === undefined) throw new Error('such system routines are left to the interpreter');
    const { around, f } = this;
    if (SERIALIZING.has(routine)) this.fence();
    const codes = values.map((value) => this.bind(expr('i64', true, wide(value, value.type === 'i64' ? 64 : 32))).code);
    const { transfers, flags } = effectsOfCase(common);
    if (transfers) {
      around.transfer(common, codes);
      return constantExpr(0n, 64);
    }
    around.storeRemaining();
    if (flags) this.#storeFlags();
    f.emit(...codes, callCode(around.commonCase(common)), OP.i32Eqz);
    this.#bailIf();
    if (flags) this.#loadFlags();
    return this.bind(expr('i64', true, i32Const(0), load(OP.i64Load, STATE.systemResult.address)));
  }

  /** Settled, where they are in the state while no region runs. */
  #storeFlags(): void {
    this.settle();
    const { flagFirst, flagSecond } = this.around.locals;
    this.f.emit(i32Const(0), localGet(flagFirst), store(OP.i64Store, STATE.flagResult.address));
    this.f.emit(i32Const(0), localGet(flagSecond), store(OP.i64Store, STATE.flagCarries.address));
    this.f.emit(i32Const(0), i32Const(0), store(OP.i32Store, STATE.flagKind.address));
  }

  #loadFlags(): void {
    const { flagFirst, flagSecond } = this.around.locals;
    this.f.emit(i32Const(0), load(OP.i64Load, STATE.flagResult.address), localSet(flagFirst));
    this.f.emit(i32Const(0), load(OP.i64Load, STATE.flagCarries.address), localSet(flagSecond));
    this.around.kind = SETTLED;
  }

  call(subroutine: Subroutine, ...values: Expr[]): readonly Expr[] {
    if (subroutine.inPlace === true) {
      const parameters = values.map((value, i) => this.bind(clean(value, subroutine.parameters[i] as BitWidth)));
      return subroutine.body<Expr>(this, ...parameters).map((result) => this.bind(result));
    }
    const code = values.map((value, i) => cleaned(value, subroutine.parameters[i] as BitWidth));
    this.f.emit(...code, callCode(this.around.subroutine(subroutine)));
    const locals = subroutine.results.map((width) => ({ local: this.f.local(typeOf(width)), width }));
    for (const { local } of [...locals].reverse()) this.f.emit(localSet(local));
    return locals.map(({ local, width }) => ({ type: typeOf(width), code: localGet(local), clean: true, bound: true }));
  }
}

const clean = (value: Expr, width: BitWidth): Expr => ({ ...value, code: cleaned(value, width), clean: true });

function immediate(value: bigint, width: BitWidth): Operand<Expr> {
  return {
    width,
    isMemory: false,
    read: () => constantExpr(value, width),
    write: () => {
      throw new Error('an immediate cannot be written');
    },
  };
}
