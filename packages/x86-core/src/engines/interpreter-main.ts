/**
 * The interpreter's main function: a loop around one br_table over decoded records. It is one function because that is three times as fast
 * as one function for each handler (612 against 190 million records/s; Node 24.21, 2-core EPYC, November 2026).
 *
 *   loop next:  br_table handler of the record
 *     case …:   the common instructions; fall to `record + 1`, or set `target` and go to `jumped`
 *     other:    call the handler through the table
 *   jumped:     count what was executed; in the same page, go on at the page's record map
 *   lookup:     the code TLB; else a page walk, or JavaScript, which decodes
 *   fault:      the common case of delivery, or the end of the run
 */
import { STATE } from '../state.ts';
import { delivery, KIND } from '../system/common-case/delivery.ts';
import type { CommonCase } from '../system/common-case/language.ts';
import { call, i32Const, i64Const, load, localGet, localSet, localTee, OP, store } from '../wasm/instructions.ts';
import { unsigned } from '../wasm/leb128.ts';
import type { FunctionBuilder, ModuleBuilder } from '../wasm/module.ts';
import { CODE_TLB_ENTRIES } from './code-tlb.ts';
import { effectsOf } from './effects.ts';
import { routineNumber } from './handler-module.ts';
import { type MainFunction, OUTCOME, RECORD_LOCAL } from './handler-surroundings.ts';
import { writeHeating } from './heat.ts';
import { InterpreterLanguage } from './interpreter-language.ts';
import { RECORD, RECORD_SHIFT, RECORD_SIZE, SPECIAL, SPECIAL_COUNT } from './record.ts';
import { REGIONS_TABLE } from './region-transfer.ts';
import type { Shape } from './shape.ts';
import { caseName } from './system-cases.ts';
import { LEFT, REGION } from './translator/region.ts';

const ADDRESS_ZERO = i32Const(0);
const get32 = (address: number): number[] => [...ADDRESS_ZERO, ...load(OP.i32Load, address)];
const get64 = (address: number): number[] => [...ADDRESS_ZERO, ...load(OP.i64Load, address)];
const record: readonly number[] = localGet(RECORD_LOCAL);
const FAULTED = [...ADDRESS_ZERO, ...i32Const(1), ...store(OP.i32Store, STATE.faulted.address)];

/** Never the RIP of an instruction that is executed again: not canonical. */
const NOWHERE = i64Const(-(2n ** 63n));

/**
 * Writes function `run(record)` into the module. `cases` follow the special records in the br_table. `shared`: memory is, so that fences
 * are written.
 */
export function buildMain(module: ModuleBuilder, helpers: ReadonlyMap<string, number>, cases: readonly Shape[], shared: boolean): void {
  const handlerType = module.typeIndex({ parameters: ['i32'], results: ['i32'] });
  const { builder: f } = module.function({ parameters: ['i32'], results: [] }, 'run');
  const helper = (name: string): number => helpers.get(name) as number;
  const runStart = f.local('i32');
  const pageMap = f.local('i32');
  const ripBase = f.local('i64');
  const linearMask = f.local('i64');
  const target = f.local('i64');
  const rest = f.local('i32');
  const scratch = f.local('i32');
  const warmth = f.local('i32');
  const distance = f.local('i64');
  /** RIP of the instruction that translated code left to the interpreter. */
  const left = f.local('i64');

  const loadPage = (): void => f.emit(get32(STATE.pageMap.address), localSet(pageMap), get64(STATE.ripBase.address), localSet(ripBase));
  const storeRip = (): void => f.emit(ADDRESS_ZERO, localGet(target), store(OP.i64Store, STATE.rip.address));
  const startRun = (): void => f.emit(record, localSet(runStart));
  /** remaining −= instructions of the run before this record (`including`: with it). Leaves the new value in `rest`. */
  const count = (including: boolean): void => {
    f.emit(
      ADDRESS_ZERO,
      get32(STATE.remaining.address),
      record,
      localGet(runStart),
      OP.i32Sub,
      i32Const(RECORD_SHIFT),
      OP.i32ShrU,
      OP.i32Sub,
    );
    if (including) f.emit(i32Const(1), OP.i32Sub);
    f.emit(localTee(rest), store(OP.i32Store, STATE.remaining.address));
  };
  const leaveIfUsedUp = (): void => {
    f.emit(localGet(rest), i32Const(0), OP.i32LtS);
    f.open(OP.if);
    storeRip();
    f.emit(OP.return);
    f.close();
  };
  // At the end of a 4 GiB segment EIP wraps around.
  const targetFromNext = (): void =>
    f.emit(localGet(ripBase), record, load(OP.i64Load16U, RECORD.next), OP.i64Add, localGet(linearMask), OP.i64And, localSet(target));
  /** Execution jumps to the record in `scratch`: if it has become hot, says so, and looks `target` up again. */
  const heat = (lookup: number): void => {
    const run = [...record, ...localGet(runStart), OP.i32Sub, ...i32Const(RECORD_SHIFT), OP.i32ShrU, ...i32Const(1), OP.i32Add];
    writeHeating(f, { record: scratch, counter: rest, old: warmth }, run);
    f.openUnlikely();
    storeRip();
    f.emit(call(helper('hot')));
    f.branch(lookup);
    f.close();
  };
  /** If `target` lies in the current page and was decoded: counts, and goes on there. */
  const goOnInPage = (lookup: number): void => {
    f.emit(localGet(target), localGet(ripBase), OP.i64Sub, localTee(distance), i64Const(4096n), OP.i64LtU);
    f.open(OP.if);
    f.emit(localGet(pageMap), localGet(distance), OP.i32WrapI64, i32Const(2), OP.i32Shl, OP.i32Add, load(OP.i32Load), localTee(scratch));
    f.open(OP.if);
    count(true);
    leaveIfUsedUp();
    heat(lookup);
    f.emit(localGet(scratch), localTee(RECORD_LOCAL), localSet(runStart));
    f.branch(next);
    f.close();
    f.close();
  };

  /** Runs the region of the record, and those that it goes on in. `rest` instructions are left. */
  const enterRegion = (): void => {
    for (const { address } of [STATE.record, STATE.runStart]) f.emit(ADDRESS_ZERO, ADDRESS_ZERO, store(OP.i32Store, address));
    f.emit(record, load(OP.i32Load, RECORD.regionEntry));
    f.emit(localGet(target), record, load(OP.i64Load32S, RECORD.regionDistance), OP.i64Sub, localGet(linearMask), OP.i64And);
    f.emit(localGet(rest), record, load(OP.i32Load, RECORD.regionSlot));
    f.emit(OP.callIndirect, unsigned(module.typeIndex(REGION)), REGIONS_TABLE, localSet(scratch), call(helper('settleState')));
    const add = (address: readonly number[], offset: number, count: readonly number[]): void =>
      f.emit(address, address, load(OP.i64Load, offset), count, OP.i64Add, store(OP.i64Store, offset));
    add(ADDRESS_ZERO, STATE.translated.address, [...localGet(rest), ...get32(STATE.remaining.address), OP.i32Sub, OP.i64ExtendI32U]);
    add([...localGet(scratch), ...i32Const(3), OP.i32Shl], STATE.regionExits.address, i64Const(1n));
    f.emit(localGet(scratch), i32Const(LEFT.usedUp), OP.i32Eq);
    f.open(OP.if);
    f.emit(OP.return);
    f.close();
    f.emit(get64(STATE.rip.address), localSet(target));
    f.emit(localGet(target), NOWHERE, localGet(scratch), i32Const(LEFT.interpret), OP.i32Eq, OP.select, localSet(left));
  };

  /** Counts the run before the instruction that faults, and stores its RIP. If there is none, a fetch has faulted, and both are done. */
  const settleFault = (): void => {
    f.emit(get32(STATE.record.address), localTee(RECORD_LOCAL));
    f.open(OP.if);
    f.emit(get32(STATE.runStart.address), localSet(runStart));
    count(false);
    targetFromNext();
    f.emit(localGet(target), record, load(OP.i64Load8U, RECORD.length), OP.i64Sub, localGet(linearMask), OP.i64And, localSet(target));
    storeRip();
    for (const { address } of [STATE.record, STATE.runStart]) f.emit(ADDRESS_ZERO, ADDRESS_ZERO, store(OP.i32Store, address));
    f.close();
  };

  startRun();
  loadPage();
  f.emit(get64(STATE.linearMask.address), localSet(linearMask), NOWHERE, localSet(left));
  /** Where we are, for who counts what was executed. */
  const storePosition = (): void => {
    f.emit(ADDRESS_ZERO, record, store(OP.i32Store, STATE.record.address));
    f.emit(ADDRESS_ZERO, localGet(runStart), store(OP.i32Store, STATE.runStart.address));
  };
  /** Goes on at the record that a helper finds; it gives 0 after a fault. */
  const goOnAt = (find: string, ...values: readonly (readonly number[])[]): void => {
    f.emit(...values, call(helper(find)), localTee(RECORD_LOCAL), OP.i32Eqz);
    f.branchIf(fault);
    loadPage();
    startRun();
    f.branch(next);
  };
  const next = f.open(OP.loop);
  const fault = f.open(OP.block);
  const lookup = f.open(OP.block);
  const jumped = f.open(OP.block);
  const routineDone = f.open(OP.block);
  f.open(OP.block); // handlers with functions of their own

  const total = SPECIAL_COUNT + cases.length;
  for (let i = 0; i < total; i++) f.open(OP.block);
  f.emit(record, load(OP.i32Load16U, RECORD.handler), OP.brTable, unsigned(total));
  for (let i = 0; i <= total; i++) f.emit(unsigned(i));

  const main: MainFunction = { jumped, routineDone, fault, target, ripBase, linearMask, runStart };
  for (let i = 0; i < total; i++) {
    f.close();
    if (i === SPECIAL.leavePage) {
      count(false);
      targetFromNext();
      leaveIfUsedUp();
      f.branch(lookup);
    } else if (i === SPECIAL.lookAgain) {
      count(false);
      targetFromNext();
      f.emit(localGet(target), record, load(OP.i64Load8U, RECORD.length), OP.i64Sub, localSet(target));
      f.branch(lookup);
    } else if (i === SPECIAL.crossing) {
      count(false);
      targetFromNext();
      leaveIfUsedUp();
      storeRip();
      goOnAt('findCrossing', record);
    } else if (i === SPECIAL.enterRegion) {
      targetFromNext();
      count(false);
      f.emit(localGet(target), localGet(left), OP.i64Eq);
      f.open(OP.if);
      f.emit(NOWHERE, localSet(left), record, i32Const(RECORD_SIZE), OP.i32Add, localSet(RECORD_LOCAL));
      startRun();
      f.branch(next);
      f.close();
      enterRegion();
      f.branch(lookup);
    } else if (i === SPECIAL.leaveRun) {
      count(false);
      targetFromNext();
      storeRip();
      f.emit(OP.return);
    } else {
      if (buildCase(f, cases[i - SPECIAL_COUNT] as Shape, helper, main, shared)) {
        f.emit(record, i32Const(RECORD_SIZE), OP.i32Add, localSet(RECORD_LOCAL));
        f.branch(next);
      } else f.branch(routineDone);
    }
  }
  f.close();
  storePosition();
  f.emit(
    record,
    record,
    load(OP.i32Load16U, RECORD.handler),
    i32Const(total),
    OP.i32Sub,
    OP.callIndirect,
    unsigned(handlerType),
    0,
    localSet(scratch),
  );
  f.emit(get32(STATE.runStart.address), localSet(runStart));
  f.emit(localGet(scratch), OP.i32Eqz);
  f.open(OP.if);
  f.emit(record, i32Const(RECORD_SIZE), OP.i32Add, localSet(RECORD_LOCAL));
  f.branch(next);
  f.close();
  f.emit(localGet(scratch), i32Const(OUTCOME.leave), OP.i32Eq);
  f.open(OP.if);
  f.emit(OP.return);
  f.close();
  f.emit(localGet(scratch), i32Const(OUTCOME.fault), OP.i32Eq);
  f.branchIf(fault);

  f.close(); // routineDone
  // The handler or the routine has checked where it goes, and what follows a routine is checked when it is fetched. The routine may have
  // made the current page void, and changed the mode.
  f.emit(get64(STATE.rip.address), get64(STATE.linearMask.address), OP.i64And, localSet(target));
  f.emit(get64(STATE.ripBase.address), localSet(ripBase));
  goOnInPage(lookup);
  count(true);
  leaveIfUsedUp();
  f.branch(lookup);

  f.close(); // jumped
  goOnInPage(lookup);
  // Execution may go there? The jump itself faults, so nothing of it has been counted.
  f.emit(localGet(target), get64(STATE.codeBias.address), OP.i64Add, get64(STATE.codeRange.address), OP.i64GtU);
  f.open(OP.if);
  storePosition();
  f.emit(i32Const(13), call(helper('raise')));
  f.branch(fault);
  f.close();
  count(true);
  leaveIfUsedUp();

  f.close(); // lookup
  const linear = distance;
  const entry = scratch;
  f.emit(localGet(target), get64(STATE.linearBase.address + 8), OP.i64Add, localGet(linearMask), OP.i64And, localSet(linear));
  f.emit(
    get32(STATE.codeTlb.address),
    localGet(linear),
    OP.i32WrapI64,
    i32Const(12),
    OP.i32ShrU,
    i32Const(CODE_TLB_ENTRIES - 1),
    OP.i32And,
    i32Const(4),
    OP.i32Shl,
    OP.i32Add,
  );
  f.emit(localTee(entry), load(OP.i64Load), localGet(linear), i64Const(-4096n), OP.i64And, OP.i64Eq);
  f.open(OP.if);
  const inPage = [...localGet(linear), OP.i32WrapI64, ...i32Const(4095), OP.i32And];
  f.emit(ADDRESS_ZERO, localGet(entry), load(OP.i32Load, 8), localTee(pageMap), store(OP.i32Store, STATE.pageMap.address));
  f.emit(ADDRESS_ZERO, localGet(target), inPage, OP.i64ExtendI32U, OP.i64Sub, localTee(ripBase), store(OP.i64Store, STATE.ripBase.address));
  f.emit(localGet(pageMap), inPage, i32Const(2), OP.i32Shl, OP.i32Add, load(OP.i32Load), localTee(scratch));
  f.open(OP.if);
  heat(lookup);
  f.emit(localGet(scratch), localTee(RECORD_LOCAL), localSet(runStart));
  f.branch(next);
  f.close();
  f.close();
  storeRip();
  goOnAt('findCode');

  f.close(); // fault
  settleFault();
  leaveWithFault(f, helper);
  f.emit(get32(STATE.remaining.address), i32Const(0), OP.i32LtS);
  f.open(OP.if);
  f.emit(OP.return);
  f.close();
  f.emit(get64(STATE.rip.address), localSet(target));
  f.emit(call(helper('findCode')), localTee(RECORD_LOCAL), OP.i32Eqz);
  f.open(OP.if);
  f.emit(FAULTED, OP.return);
  f.close();
  f.emit(get64(STATE.linearMask.address), localSet(linearMask));
  loadPage();
  startRun();
  f.branch(next);
  f.close(); // next
}

/** Ends the run with the fault that the state tells of, unless its common case is one and delivers it. */
function leaveWithFault(f: FunctionBuilder, helper: (name: string) => number): void {
  const delivers = get32(STATE.deliversFaults.address);
  const remaining = get32(STATE.remaining.address);
  // Whether a fault after fault counts as an instruction is for the CPU to say.
  f.emit(delivers, remaining, get32(STATE.deliveredAt.address), OP.i32Ne, OP.i32And);
  f.open(OP.if, 'i32');
  f.emit(get32(STATE.faultVector.address), get32(STATE.faultErrorCode.address), i32Const(KIND.exception));
  f.emit(call(helper(caseName(delivery))));
  f.else();
  f.emit(i32Const(0));
  f.close();
  f.emit(OP.i32Eqz);
  f.open(OP.if);
  f.emit(FAULTED, OP.return);
  f.close();
  f.emit(ADDRESS_ZERO, remaining, store(OP.i32Store, STATE.deliveredAt.address));
}

/** True: the next record follows; false: a system routine was called. */
function buildCase(f: FunctionBuilder, shape: Shape, helper: (name: string) => number, main: MainFunction, shared: boolean): boolean {
  const effects = effectsOf(
    shape.instruction.body,
    shape.statics,
    shape.operands.map((o) => ({ width: o.width, isMemory: o.kind === 'memory' })),
  );
  const operands = shape.operands.map((o, i) => ({ ...o, reads: effects.reads[i] === true, writes: effects.writes[i] === true }));
  const none = (): number => {
    throw new Error(`${shape.instruction.mnemonic} is no case of the main function`);
  };
  f.mark();
  const commonCase = (common: CommonCase): number => helper(caseName(common));
  const around = { helper, routine: routineNumber, commonCase, subroutine: none, shared, main };
  const language = new InterpreterLanguage(f, shape.statics, operands, around);
  shape.instruction.body(language, ...language.operands());
  f.releaseMarked();
  return !language.calledRoutine;
}
