/**
 * The interpreter's meaning of Language: operands are found at run time in a decoded record, whose address is local 0. One handler serves
 * every instruction of the same shape. A handler is one of two:
 *
 *   a *case* of the main function: memory through the inlined TLB check, jumps by a branch to the main function's own code;
 *   a *function* of its own, (record) → outcome: memory through shared helper functions, jumps by storing RIP and returning.
 *
 * Cases serve the common instructions in flat segments; functions serve everything.
 */
import type { BitWidth, Language, Operand, SegmentName, Subroutine } from '../semantics/language.ts';
import { type FieldName, SEGMENT_NUMBER, STATE } from '../state.ts';
import type { SystemRoutine } from '../system/routine.ts';
import { SERIALIZING } from '../system/serializing.ts';
import { ATOMIC_FENCE, call as callCode, i32Const, load, localGet, localSet, OP, store } from '../wasm/instructions.ts';
import { cleaned, type Expr, expr, typeOf, wide } from './expression.ts';
import { forward, repeatedByte } from './forward-strings.ts';
import { OUTCOME, RECORD_LOCAL } from './handler-surroundings.ts';
import { InterpreterOperands } from './interpreter-operands.ts';
import { RECORD, RECORD_SHIFT } from './record.ts';

const record: readonly number[] = localGet(RECORD_LOCAL);

export class InterpreterLanguage extends InterpreterOperands implements Language<Expr> {
  /** Local that holds the outcome, if a system routine may be called on some path: it ends the block there. */
  outcome: number | undefined;
  /** In a case of the main function: a system routine was called, on every path. */
  calledRoutine = false;

  // Control

  nextIp(): Expr {
    return this.bind(this.#ip([...record, ...load(OP.i64Load16U, RECORD.next)]));
  }

  thisIp(): Expr {
    const length = [...record, ...load(OP.i64Load8U, RECORD.length)];
    return this.bind(this.#ip([...record, ...load(OP.i64Load16U, RECORD.next), ...length, OP.i64Sub]));
  }

  #ip(distance: readonly number[]): Expr {
    const { main } = this.around;
    const base = main === undefined ? [...i32Const(0), ...load(OP.i64Load, STATE.ripBase.address)] : localGet(main.ripBase);
    return expr('i64', true, base, distance, OP.i64Add);
  }

  checkTarget(target: Expr): void {
    const t = this.bind(target);
    const state = (name: FieldName): number[] => [...i32Const(0), ...load(OP.i64Load, STATE[name].address)];
    this.f.emit(t.code, state('codeBias'), OP.i64Add, state('codeRange'), OP.i64GtU);
    this.f.open(OP.if);
    this.raise(13);
    this.f.close();
  }

  jump(target: Expr): void {
    const { main } = this.around;
    if (main !== undefined) {
      this.f.emit(target.code, localSet(main.target));
      this.f.branch(main.jumped);
      return;
    }
    const t = this.bind(target);
    this.checkTarget(t);
    this.#storeRip(t.code);
    this.f.emit(i32Const(OUTCOME.jumped), OP.return);
  }

  #storeRip(code: readonly number[]): void {
    this.f.emit(i32Const(0), code, store(OP.i64Store, STATE.rip.address));
  }

  faultIf(condition: Expr, vector: number): void {
    this.f.emit(condition.code);
    this.f.open(OP.if);
    this.raise(vector);
    this.f.close();
  }

  repeat(counter: Operand<Expr>, body: () => void, leave?: () => Expr, atOnce?: (limit: Expr) => Expr): void {
    if (this.around.main !== undefined) throw new Error('a repetition is no case of the main function');
    const w = counter.width;
    const out = this.f.open(OP.block);
    this.f.emit(this.eq(counter.read(), this.constant(0, w), w).code);
    this.f.branchIf(out);
    const again = this.f.open(OP.loop);
    if (atOnce !== undefined && w !== 16) this.#repeatAtOnce(counter, atOnce);
    body();
    const left = this.bind(this.sub(counter.read(), this.constant(1, w), w));
    counter.write(left);
    this.f.emit(this.eq(left, this.constant(0, w), w).code);
    this.f.branchIf(out);
    if (leave !== undefined) {
      this.f.emit(leave().code);
      this.f.branchIf(out);
    }
    // This iteration counts as an instruction; what came before it in the run is counted now, too.
    const runStart = [...i32Const(0), ...load(OP.i32Load, STATE.runStart.address)];
    const remaining = [...i32Const(0), ...load(OP.i32Load, STATE.remaining.address)];
    const done = [...record, ...runStart, OP.i32Sub, ...i32Const(RECORD_SHIFT), OP.i32ShrU, ...i32Const(1), OP.i32Add];
    const rest = this.bind(expr('i32', true, remaining, done, OP.i32Sub));
    this.f.emit(i32Const(0), rest.code, store(OP.i32Store, STATE.remaining.address));
    this.f.emit(i32Const(0), record, store(OP.i32Store, STATE.runStart.address));
    this.f.emit(rest.code, i32Const(0), OP.i32LtS);
    this.f.open(OP.if);
    this.#storeRip(this.thisIp().code);
    this.f.emit(i32Const(OUTCOME.leave), OP.return);
    this.f.close();
    this.f.branch(again);
    this.f.close();
    this.f.close();
  }

  /** Iterations that `atOnce` does count as instructions; the last one is left, and what the slice has no room for. */
  #repeatAtOnce(counter: Operand<Expr>, atOnce: (limit: Expr) => Expr): void {
    const w = counter.width;
    const before = [
      ...record,
      ...i32Const(0),
      ...load(OP.i32Load, STATE.runStart.address),
      OP.i32Sub,
      ...i32Const(RECORD_SHIFT),
      OP.i32ShrU,
    ];
    const room = this.bind(expr('i32', true, i32Const(0), load(OP.i32Load, STATE.remaining.address), before, OP.i32Sub));
    this.when(this.ltSigned(this.constant(0, 32), room, 32), () => {
      const others = this.bind(this.sub(counter.read(), this.constant(1, w), w));
      const most = w === 64 ? this.bind(this.zeroExtend(room, 32, 64)) : room;
      const done = this.bind(atOnce(this.bind(this.select(this.ltUnsigned(others, most, w), others, most, w))));
      this.when(this.ne(done, this.constant(0, w), w), () => {
        counter.write(this.sub(counter.read(), done, w));
        const rest = this.sub(room, this.truncate(done, w, 32), 32);
        this.f.emit(i32Const(0), rest.code, store(OP.i32Store, STATE.remaining.address));
        this.f.emit(i32Const(0), record, store(OP.i32Store, STATE.runStart.address));
      });
    });
  }

  copyForward(to: Expr, from: Expr, limit: Expr, width: BitWidth): Expr {
    const source = this.segmentCode('source');
    const isData = [...source, ...i32Const(STATE.linearBase.address + 8 * SEGMENT_NUMBER.DS), OP.i32Eq];
    return forward(this, limit, width, this.#whereFlat(isData), (bytes, unit) => [
      ...this.#flatLinear('ES', to),
      ...this.#flatLinear('DS', from),
      ...bytes,
      ...unit,
      ...callCode(this.around.helper('copyForward')),
    ]);
  }

  fillForward(to: Expr, value: Expr, limit: Expr, width: BitWidth): Expr {
    const { byte, same } = repeatedByte(this, value, width);
    return forward(this, limit, width, this.#whereFlat(same.code), (bytes, unit) => [
      ...this.#flatLinear('ES', to),
      ...byte.code,
      ...bytes,
      ...unit,
      ...callCode(this.around.helper('fillForward')),
    ]);
  }

  #whereFlat(condition: readonly number[]): number[] {
    return [...condition, ...i32Const(0), ...load(OP.i32Load, STATE.flatSegments.address), OP.i32And];
  }

  #flatLinear(segment: SegmentName, offset: Expr): number[] {
    const mask = [...i32Const(0), ...load(OP.i64Load, STATE.linearMask.address)];
    return [...wide(offset, this.addressWidth), ...this.segmentCode(segment), ...load(OP.i64Load), OP.i64Add, ...mask, OP.i64And];
  }

  fence(): void {
    if (this.around.shared) this.f.emit(ATOMIC_FENCE);
  }

  system(routine: SystemRoutine, ...values: Expr[]): Expr {
    if (SERIALIZING.has(routine)) this.fence();
    if (this.around.main === undefined) {
      this.outcome ??= this.f.local('i32');
      this.f.emit(i32Const(OUTCOME.jumped), localSet(this.outcome));
    } else {
      this.calledRoutine = true;
      this.storePosition();
    }
    this.#storeRip(this.nextIp().code);
    const { common } = routine;
    if (common === undefined) this.#callRoutine(routine, values);
    else {
      if (common.parameters.length !== values.length) throw new Error(`${routine.name} takes ${common.parameters.length} arguments`);
      const bound = values.map((value) => this.bind(value));
      this.f.emit(...bound.map(wideArgument), callCode(this.around.commonCase(common)), OP.i32Eqz);
      this.f.open(OP.if);
      this.#callRoutine(routine, bound);
      this.f.close();
    }
    return this.bind(expr('i64', true, i32Const(0), load(OP.i64Load, STATE.systemResult.address)));
  }

  #callRoutine(routine: SystemRoutine, values: readonly Expr[]): void {
    values.forEach((value, i) => {
      this.f.emit(i32Const(0), wideArgument(value), store(OP.i64Store, STATE.systemArguments.address + 8 * i));
    });
    this.f.emit(i32Const(this.around.routine(routine)), i32Const(values.length), callCode(this.around.helper('system')));
  }

  call(subroutine: Subroutine, ...values: Expr[]): readonly Expr[] {
    const code = values.map((value, i) => cleaned(value, subroutine.parameters[i] as BitWidth));
    this.f.emit(...code, callCode(this.around.subroutine(subroutine)));
    const locals = subroutine.results.map((width) => ({ local: this.f.local(typeOf(width)), width }));
    for (const { local } of [...locals].reverse()) this.f.emit(localSet(local));
    return locals.map(({ local, width }) => ({ type: typeOf(width), code: localGet(local), clean: true, bound: true }));
  }
}

/** An argument of a system routine, widened to 64 bits. */
const wideArgument = (value: Expr): readonly number[] => wide(value, value.type === 'i64' ? 64 : 32);
