/**
 * How a region goes on through a system routine that transfers control: SYSCALL, IRET, INT n, MOV to CR3 and their like. The region stores
 * its state as before the instruction, with RIP behind it, and ends in a tail call of `transfer NAME`: the common case runs, and execution
 * goes on in the region at the new RIP, if there is one.
 */
import { STATE } from '../state.ts';
import type { CommonCase } from '../system/common-case/language.ts';
import { call, i32Const, load, localGet, localSet, localTee, OP, store } from '../wasm/instructions.ts';
import { unsigned } from '../wasm/leb128.ts';
import type { FunctionBuilder, ModuleBuilder, Signature } from '../wasm/module.ts';
import { writeFindRegion } from './find-region.ts';
import { writeRegionHeating } from './heat.ts';
import { RECORD } from './record.ts';
import { LEFT, REGION } from './translator/region.ts';

/** Index of the table of regions; that of the handlers is 0. */
export const REGIONS_TABLE = 1;

export const transferName = (common: CommonCase): string => `transfer ${common.name}`;

/** (arguments, length of the instruction) → one of LEFT. */
export const transferSignature = ({ parameters }: CommonCase): Signature => ({
  parameters: [...parameters.map((width) => (width === 64 ? ('i64' as const) : ('i32' as const))), 'i32'],
  results: ['i32'],
});

/** () → one of LEFT: on from RIP in the state. */
export const GO_ON: Signature = { parameters: [], results: ['i32'] };

const zero = i32Const(0);
const get32 = (address: number): number[] => [...zero, ...load(OP.i32Load, address)];
const get64 = (address: number): number[] => [...zero, ...load(OP.i64Load, address)];

interface Called {
  readonly settleState: number;
  readonly common: number;
  readonly goOn: number;
}

export function writeTransfer(f: FunctionBuilder, common: CommonCase, called: Called): void {
  const length = common.parameters.length;
  f.emit(call(called.settleState), ...common.parameters.map((_, i) => localGet(i)), call(called.common), OP.i32Eqz);
  f.openUnlikely();
  const back = [
    ...get64(STATE.rip.address),
    ...localGet(length),
    OP.i64ExtendI32U,
    OP.i64Sub,
    ...get64(STATE.linearMask.address),
    OP.i64And,
  ];
  f.emit(zero, back, store(OP.i64Store, STATE.rip.address), i32Const(LEFT.interpret), OP.return);
  f.close();
  const left = f.local('i32');
  f.emit(zero, get32(STATE.remaining.address), i32Const(1), OP.i32Sub, localTee(left), store(OP.i32Store, STATE.remaining.address));
  f.emit(localGet(left), i32Const(0), OP.i32LtS);
  f.openUnlikely();
  f.emit(i32Const(LEFT.usedUp), OP.return);
  f.close();
  f.emit(OP.returnCall, unsigned(called.goOn));
}

/** Looks RIP up as the interpreter does. */
export function writeGoOn(f: FunctionBuilder, module: ModuleBuilder): void {
  const target = f.local('i64');
  const record = f.local('i32');
  const none = f.open(OP.block);
  const linear = [...localGet(target), ...get64(STATE.linearBase.address + 8), OP.i64Add, ...get64(STATE.linearMask.address), OP.i64And];
  f.emit(get64(STATE.rip.address), get64(STATE.linearMask.address), OP.i64And, localSet(target));
  writeFindRegion(f, linear, record, none);
  writeRegionHeating(f, { record, counter: f.local('i32'), old: f.local('i32') }, none);
  f.emit(localGet(record), load(OP.i32Load, RECORD.regionEntry));
  f.emit(
    localGet(target),
    localGet(record),
    load(OP.i64Load32S, RECORD.regionDistance),
    OP.i64Sub,
    get64(STATE.linearMask.address),
    OP.i64And,
  );
  f.emit(get32(STATE.remaining.address), localGet(record), load(OP.i32Load, RECORD.regionSlot));
  f.emit(OP.returnCallIndirect, unsigned(module.typeIndex(REGION)), REGIONS_TABLE);
  f.close();
  f.emit(i32Const(LEFT.goOn));
}
