/**
 * Functions that every handler shares: segmentation, the TLB check, calls out. They live in the interpreter's main module and are exported
 * for handlers that have a module of their own.
 */
import { TLB_INDEX_MASK } from '../memory/tlb.ts';
import { STATE } from '../state.ts';
import {
  call,
  i32Const,
  i64Const,
  load,
  localGet,
  localSet,
  localTee,
  MEMORY_COPY,
  MEMORY_FILL,
  OP,
  SIMD,
  simd,
  store,
  type ValueType,
} from '../wasm/instructions.ts';
import type { FunctionBuilder, ModuleBuilder, Signature } from '../wasm/module.ts';
import { buildFindCode, buildFindCrossing, FIND_CODE, FIND_CROSSING } from './code-search.ts';
import { buildPageCrossing } from './page-crossing.ts';
import { buildPageWalk, PAGE_WALK, WALK } from './page-walk.ts';
import { buildSettle, buildSettleLazy, buildSettleState, SETTLE, SETTLE_LAZY } from './translator/lazy-flags.ts';

/** Beside a number of bytes: they will be written. */
export const FOR_WRITING = 0x1_0000;

/**
 * What JavaScript provides. Addresses and values travel in the state (slowAddress, slowValue, slowHigh). Faults of memory accesses are
 * written down in the state and told by a result that is not 0; who hears of one ends its instruction. System routines throw.
 */
export const IMPORTS: Readonly<Record<string, Signature>> = {
  /** Writes an exception down: (vector). */
  raise: { parameters: ['i32'], results: [] },
  /** Writes a segment violation down: (number of the segment register). */
  segmentFault: { parameters: ['i32'], results: [] },
  /** Loads slowValue (and slowHigh) from slowAddress: (bytes, + FOR_WRITING when the bytes will be written) → fault. */
  slowLoad: { parameters: ['i32'], results: ['i32'] },
  slowStore: { parameters: ['i32'], results: ['i32'] },
  slowProbe: { parameters: ['i32'], results: ['i32'] },
  /** Calls a system routine: (number, count of arguments). */
  system: { parameters: ['i32', 'i32'], results: [] },
  /** Record of the instruction at RIP, decoded if need be; 0 after a fault. */
  find: { parameters: [], results: ['i32'] },
  /** Execution has often jumped to RIP. */
  hot: { parameters: [], results: [] },
  /** TOP was not what the region in a slot was written for: (slot). */
  topMissed: { parameters: ['i32'], results: [] },
  /** Record of the instruction at RIP, which goes on in the next page; 0 after a fault. */
  cross: { parameters: [], results: ['i32'] },
};

const WIDTHS = [8, 16, 32, 64, 128] as const;
type HelperWidth = (typeof WIDTHS)[number];
const valueType = (width: HelperWidth): ValueType => (width === 128 ? 'v128' : width === 64 ? 'i64' : 'i32');

/** Helpers by name, as handlers import them. The last result of those that access memory is not 0 after a fault. */
export const HELPERS: Readonly<Record<string, Signature>> = {
  raise: IMPORTS['raise'] as Signature,
  system: IMPORTS['system'] as Signature,
  topMissed: IMPORTS['topMissed'] as Signature,
  linear: { parameters: ['i64', 'i32', 'i32'], results: ['i64', 'i32'] },
  canonical: { parameters: ['i64', 'i32', 'i32'], results: ['i32'] },
  probe: { parameters: ['i64', 'i32'], results: ['i32'] },
  ...PAGE_WALK,
  findCode: FIND_CODE,
  findCrossing: FIND_CROSSING,
  fillTlbFor: { parameters: ['i64', 'i32'], results: ['i32'] },
  settle: SETTLE,
  settleLazy: SETTLE_LAZY,
  settleState: { parameters: [], results: [] },
  copyForward: { parameters: ['i64', 'i64', 'i32', 'i32'], results: ['i32'] },
  fillForward: { parameters: ['i64', 'i32', 'i32', 'i32'], results: ['i32'] },
  ...Object.fromEntries(
    WIDTHS.flatMap((w) => [
      [`load${w}`, { parameters: ['i64'], results: [valueType(w), 'i32'] }],
      [`loadForWrite${w}`, { parameters: ['i64'], results: [valueType(w), 'i32'] }],
      [`store${w}`, { parameters: ['i64', valueType(w)], results: ['i32'] }],
    ]),
  ),
};

const ADDRESS_ZERO = i32Const(0);
const at = STATE;

/** Adds the helpers to the main module; gives the function index of each helper and import by name. */
export function buildHelpers(module: ModuleBuilder): ReadonlyMap<string, number> {
  const index = new Map<string, number>();
  for (const [name, signature] of Object.entries(IMPORTS)) index.set(name, module.importFunction('env', name, signature));
  const define = (name: string, write: (f: FunctionBuilder) => void): void => {
    const made = module.function(HELPERS[name] as Signature, name);
    write(made.builder);
    index.set(name, made.index);
  };
  const imported = (name: string): number[] => call(index.get(name) as number);
  buildPageWalk(module, index);
  buildPageCrossing(module, index);
  define('findCode', (f) => buildFindCode(f, index.get('walkPages') as number, index.get('find') as number));
  define('findCrossing', (f) => buildFindCrossing(f, index.get('walkPages') as number, index.get('cross') as number));
  define('canonical', (f) => canonical(f, imported('segmentFault')));
  define('linear', (f) => linear(f, imported('segmentFault'), imported('canonical')));
  define('probe', (f) => probe(f, imported('fillTlb'), imported('slowProbe')));
  define('fillTlbFor', (f) => fillTlbFor(f, imported('fillTlb')));
  define('settleLazy', buildSettleLazy);
  define('settle', (f) => buildSettle(f, index.get('settleLazy') as number));
  define('settleState', (f) => buildSettleState(f, index.get('settle') as number));
  define('copyForward', (f) => copyForward(f, imported('fillTlb')));
  define('fillForward', (f) => fillForward(f, imported('fillTlb')));
  for (const width of WIDTHS) {
    define(`load${width}`, (f) => loadHelper(f, width, 0, imported('fillTlb'), imported('loadAcross'), imported('slowLoad')));
    define(`loadForWrite${width}`, (f) => loadHelper(f, width, 8, imported('fillTlb'), imported('loadAcross'), imported('slowLoad')));
    define(`store${width}`, (f) => storeHelper(f, width, imported('fillTlb'), imported('storeAcross'), imported('slowStore')));
  }
  return index;
}

const numberOf = (segment: readonly number[]): number[] => [
  ...segment,
  ...i32Const(at.linearBase.address),
  OP.i32Sub,
  ...i32Const(3),
  OP.i32ShrU,
];

/**
 * (linear address, address of the segment's linearBase, bytes) → fault: #SS or #GP in 64-bit mode unless first and last byte are canonical.
 * [SDM 1 §3.3.7.1]
 */
function canonical(f: FunctionBuilder, segmentFault: readonly number[]): void {
  const outside = (address: readonly number[]): number[] => [...address, ...i64Const(2n ** 47n), OP.i64Add, ...i64Const(48n), OP.i64ShrU];
  const last = [...localGet(0), ...localGet(2), OP.i64ExtendI32U, OP.i64Add, ...i64Const(1n), OP.i64Sub];
  f.emit(ADDRESS_ZERO, load(OP.i32Load, at.linearMask.address + 4), i32Const(0), OP.i32Ne);
  f.emit(outside(localGet(0)), outside(last), OP.i64Or, OP.i64Eqz, OP.i32Eqz, OP.i32And);
  f.open(OP.if);
  f.emit(numberOf(localGet(1)), segmentFault, i32Const(1), OP.return);
  f.close();
  f.emit(i32Const(0));
}

/** (offset, address of the segment's linearBase, bytes + FOR_WRITING) → linear address, fault. [SDM 3A §5.3, §5.4] */
function linear(f: FunctionBuilder, segmentFault: readonly number[], checkCanonical: readonly number[]): void {
  const [offset, segment, flags] = [localGet(0), localGet(1), localGet(2)];
  const number = f.local('i32');
  const last = f.local('i64');
  // In 64-bit mode the mask is all ones and nothing is checked here.
  f.emit(ADDRESS_ZERO, load(OP.i32Load, at.linearMask.address + 4), OP.i32Eqz);
  f.open(OP.if);
  f.emit(numberOf(segment), localSet(number));
  f.emit(offset, flags, i32Const(0xffff), OP.i32And, i32Const(1), OP.i32Sub, OP.i64ExtendI32U, OP.i64Add, localSet(last));
  const element = (shift: number): number[] => [...localGet(number), ...i32Const(shift), OP.i32Shl];
  const lower = [...element(3), ...load(OP.i64Load, at.segmentLower.address)];
  const upper = [...element(3), ...load(OP.i64Load, at.segmentUpper.address)];
  const access = [...element(2), ...load(OP.i32Load, at.segmentAccess.address)];
  const needed = [...i32Const(1), ...flags, ...i32Const(16), OP.i32ShrU, OP.i32Shl];
  f.emit(access, needed, OP.i32And, OP.i32Eqz);
  f.emit(offset, lower, OP.i64LtU, localGet(last), upper, OP.i64GtU, OP.i32Or);
  // In a segment of the full 4 GiB an access may wrap around.
  f.emit(upper, lower, OP.i64Sub, i64Const(0xffff_ffffn), OP.i64Ne, OP.i32And, OP.i32Or);
  f.open(OP.if);
  f.emit(localGet(number), segmentFault, i64Const(0n), i32Const(1), OP.return);
  f.close();
  f.close();
  f.emit(offset, segment, load(OP.i64Load), OP.i64Add, ADDRESS_ZERO, load(OP.i64Load, at.linearMask.address), OP.i64And, localTee(last));
  f.emit(localGet(last), segment, flags, i32Const(0xffff), OP.i32And, checkCanonical);
}

/** Gives 0 from the function if the condition holds that `code` leaves. */
function giveUpIf(f: FunctionBuilder, ...code: readonly (number | readonly number[])[]): void {
  f.emit(...code);
  f.open(OP.if);
  f.emit(i32Const(0), OP.return);
  f.close();
}

/** Bytes up to the end of the page of the linear address in `local`; lowers local `bytes` to it. */
function keepToPage(f: FunctionBuilder, local: number, bytes: number): void {
  const room = [...i32Const(4096), ...localGet(local), OP.i32WrapI64, ...i32Const(4095), OP.i32And, OP.i32Sub];
  f.emit(localGet(bytes), room, localGet(bytes), room, OP.i32LtU, OP.select, localSet(bytes));
}

/** Host address of the linear address in `local`, set as local `host`; gives up if the TLB has no entry with a tag at `tagOffset`, and cannot get one. */
function hostOf(f: FunctionBuilder, local: number, tagOffset: 0 | 8, host: number, fillTlb: readonly number[]): void {
  f.emit(
    ADDRESS_ZERO,
    load(OP.i32Load, at.tlb.address),
    localGet(local),
    OP.i32WrapI64,
    i32Const(7),
    OP.i32ShrU,
    i32Const(TLB_INDEX_MASK),
    OP.i32And,
    OP.i32Add,
    localTee(host),
  );
  f.emit(load(OP.i64Load, tagOffset), localGet(local), i64Const(-4096n), OP.i64And, OP.i64Ne);
  f.open(OP.if);
  giveUpIf(f, localGet(local), i32Const(tagOffset === 0 ? 0 : WALK.write), fillTlb, OP.i32Eqz);
  f.close();
  f.emit(localGet(local), OP.i32WrapI64, localGet(host), load(OP.i32Load, 16), OP.i32Add, localSet(host));
}

/** (linear address to, linear address from, bytes, −bytes of an element) → bytes copied; 0 when it is not as simple as that. */
function copyForward(f: FunctionBuilder, fillTlb: readonly number[]): void {
  const [to, from, bytes] = [0, 1, 2];
  const hostTo = f.local('i32');
  const hostFrom = f.local('i32');
  keepToPage(f, to, bytes);
  keepToPage(f, from, bytes);
  f.emit(localGet(bytes), localGet(3), OP.i32And, localSet(bytes));
  giveUpIf(f, localGet(bytes), OP.i32Eqz);
  // As the instruction does: the read is checked first.
  hostOf(f, from, 0, hostFrom, fillTlb);
  hostOf(f, to, 8, hostTo, fillTlb);
  // What is copied would be read again behind the place that it is written to.
  giveUpIf(f, localGet(hostTo), localGet(hostFrom), OP.i32Sub, localGet(bytes), OP.i32LtU);
  f.emit(localGet(hostTo), localGet(hostFrom), localGet(bytes), MEMORY_COPY, localGet(bytes));
}

/** (linear address, byte, bytes, −bytes of an element) → bytes filled; 0 when it is not as simple as that. */
function fillForward(f: FunctionBuilder, fillTlb: readonly number[]): void {
  const [to, byte, bytes] = [0, 1, 2];
  const hostTo = f.local('i32');
  keepToPage(f, to, bytes);
  f.emit(localGet(bytes), localGet(3), OP.i32And, localSet(bytes));
  giveUpIf(f, localGet(bytes), OP.i32Eqz);
  hostOf(f, to, 8, hostTo, fillTlb);
  f.emit(localGet(hostTo), localGet(byte), localGet(bytes), MEMORY_FILL, localGet(bytes));
}

/** Sets local `entry` to the TLB entry of the linear address in local 0. */
function findEntry(f: FunctionBuilder, entry: number): void {
  f.emit(ADDRESS_ZERO, load(OP.i32Load, at.tlb.address), localGet(0), OP.i32WrapI64, i32Const(7), OP.i32ShrU);
  f.emit(i32Const(TLB_INDEX_MASK), OP.i32And, OP.i32Add, localSet(entry));
}

/**
 * What `slow` emits runs unless the TLB entry in local `entry` has all of an access at the address in local 0, and cannot be filled for it.
 * `bytes` leaves how many.
 */
function unlessInTlb(
  f: FunctionBuilder,
  entry: number,
  bytes: readonly number[],
  tagOffset: number,
  fillTlb: readonly number[],
  slow: () => void,
): void {
  const last = [...bytes, OP.i64ExtendI32U, ...i64Const(1n), OP.i64Sub];
  findEntry(f, entry);
  f.emit(localGet(entry), load(OP.i64Load, tagOffset), localGet(0), last, OP.i64Add, i64Const(-4096n), OP.i64And, OP.i64Ne);
  f.open(OP.if);
  f.emit(localGet(0), OP.i32WrapI64, i32Const(4095), OP.i32And, bytes, OP.i32Add, i32Const(4096), OP.i32GtU);
  f.open(OP.if, 'i32');
  f.emit(i32Const(0));
  f.else();
  f.emit(localGet(0), i32Const(tagOffset === 0 ? 0 : WALK.write), fillTlb);
  f.close();
  f.emit(OP.i32Eqz);
  f.open(OP.if);
  slow();
  f.close();
  f.close();
}

const hostAddress = (entry: number): number[] => [...localGet(0), OP.i32WrapI64, ...localGet(entry), ...load(OP.i32Load, 16), OP.i32Add];

/** (linear address, twice the bytes + 1 if they are written) → 1 if the TLB now has an entry for all of the access, which lies in one page. */
function fillTlbFor(f: FunctionBuilder, fillTlb: readonly number[]): void {
  const bytes = [...localGet(1), ...i32Const(1), OP.i32ShrU];
  giveUpIf(f, localGet(0), OP.i32WrapI64, i32Const(4095), OP.i32And, bytes, OP.i32Add, i32Const(4096), OP.i32GtU);
  f.emit(localGet(0), localGet(1), i32Const(WALK.write), OP.i32And, fillTlb);
}

/** (linear address, bytes + FOR_WRITING): faults if an access would. */
/** (linear address, bytes + FOR_WRITING) → whether an access would fault. */
function probe(f: FunctionBuilder, fillTlb: readonly number[], slowProbe: readonly number[]): void {
  const entry = f.local('i32');
  const bytes = [...localGet(1), ...i32Const(0xffff), OP.i32And];
  const slow = (): void => f.emit(ADDRESS_ZERO, localGet(0), store(OP.i64Store, at.slowAddress.address), localGet(1), slowProbe, OP.return);
  f.emit(localGet(1), i32Const(FOR_WRITING), OP.i32And);
  f.open(OP.if);
  unlessInTlb(f, entry, bytes, 8, fillTlb, slow);
  f.else();
  unlessInTlb(f, entry, bytes, 0, fillTlb, slow);
  f.close();
  f.emit(i32Const(0));
}

function loadHelper(
  f: FunctionBuilder,
  width: HelperWidth,
  tagOffset: 0 | 8,
  fillTlb: readonly number[],
  loadAcross: readonly number[],
  slowLoad: readonly number[],
): void {
  const entry = f.local('i32');
  const faulted = f.local('i32');
  const bytes = width / 8;
  unlessInTlb(f, entry, i32Const(bytes), tagOffset, fillTlb, () => {
    f.emit(ADDRESS_ZERO, localGet(0), store(OP.i64Store, at.slowAddress.address));
    f.emit(i32Const(0), localSet(faulted));
    f.emit(localGet(0), i32Const(tagOffset === 0 ? 0 : WALK.write), i32Const(bytes), loadAcross, OP.i32Eqz);
    f.open(OP.if);
    f.emit(i32Const(bytes | (tagOffset === 8 ? FOR_WRITING : 0)), slowLoad, localSet(faulted));
    f.close();
    if (width === 128) {
      f.emit(simd(SIMD.const), new Array<number>(16).fill(0));
      f.emit(ADDRESS_ZERO, load(OP.i64Load, at.slowValue.address), simd(SIMD.i64x2Replace), 0);
      f.emit(ADDRESS_ZERO, load(OP.i64Load, at.slowHigh.address), simd(SIMD.i64x2Replace), 1);
    } else f.emit(ADDRESS_ZERO, load(width === 64 ? OP.i64Load : OP.i32Load, at.slowValue.address));
    f.emit(localGet(faulted), OP.return);
  });
  f.emit(hostAddress(entry), loadOpcode(width), i32Const(0));
}

function storeHelper(
  f: FunctionBuilder,
  width: HelperWidth,
  fillTlb: readonly number[],
  storeAcross: readonly number[],
  slowStore: readonly number[],
): void {
  const entry = f.local('i32');
  const bytes = width / 8;
  unlessInTlb(f, entry, i32Const(bytes), 8, fillTlb, () => {
    f.emit(ADDRESS_ZERO, localGet(0), store(OP.i64Store, at.slowAddress.address));
    if (width === 128) {
      f.emit(ADDRESS_ZERO, localGet(1), simd(SIMD.i64x2Extract), 0, store(OP.i64Store, at.slowValue.address));
      f.emit(ADDRESS_ZERO, localGet(1), simd(SIMD.i64x2Extract), 1, store(OP.i64Store, at.slowHigh.address));
    } else f.emit(ADDRESS_ZERO, localGet(1), store(width === 64 ? OP.i64Store : OP.i32Store, at.slowValue.address));
    f.emit(localGet(0), i32Const(WALK.write), i32Const(bytes), storeAcross);
    f.open(OP.if);
    f.emit(i32Const(0), OP.return);
    f.close();
    f.emit(i32Const(bytes), slowStore, OP.return);
  });
  f.emit(hostAddress(entry), localGet(1), storeOpcode(width), i32Const(0));
}

function loadOpcode(width: HelperWidth): number[] {
  if (width === 128) return [...simd(SIMD.load), 0, 0];
  return load({ 8: OP.i32Load8U, 16: OP.i32Load16U, 32: OP.i32Load, 64: OP.i64Load }[width]);
}

function storeOpcode(width: HelperWidth): number[] {
  if (width === 128) return [...simd(SIMD.store), 0, 0];
  return store({ 8: OP.i32Store8, 16: OP.i32Store16, 32: OP.i32Store, 64: OP.i64Store }[width]);
}
