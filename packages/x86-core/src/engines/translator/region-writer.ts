/**
 * Writes a planned region as one WebAssembly function (entry, base, remaining) → outcome. See structure.ts for its control flow.
 *
 *   registers and flags into locals
 *   loop                       ← a return or indirect jump within the region comes back here
 *     block exit
 *       block indirect
 *         block interpret
 *           the blocks of code
 *         interpret: an instruction is left to the interpreter
 *       indirect: look `target` up; go to another region, or to the interpreter
 *     exit: registers and flags into the state, return
 *
 * Instructions are counted at the end of a block; a jump that is taken looks whether the slice is used up. An instruction that is left to
 * the interpreter leaves with the counts and flags as they are before it.
 */
import type { Subroutine } from '../../semantics/language.ts';
import { STATE } from '../../state.ts';
import type { CommonCase } from '../../system/common-case/language.ts';
import { call, i32Const, i64Const, load, localGet, localSet, localTee, OP, store } from '../../wasm/instructions.ts';
import { unsigned } from '../../wasm/leb128.ts';
import type { FunctionBuilder, Signature } from '../../wasm/module.ts';
import { CODE_TLB_ENTRIES } from '../code-tlb.ts';
import { writeFindRegion } from '../find-region.ts';
import { writeRegionHeating } from '../heat.ts';
import { RECORD } from '../record.ts';
import type { Ending } from './analysis.ts';
import { KnownTops } from './known-tops.ts';
import { type Kind, meet, numberOf, SETTLED, UNKNOWN } from './lazy-flags.ts';
import type { Block, Plan, PlannedInstruction } from './plan.ts';
import { LEFT, REGION } from './region.ts';
import { RegionState } from './region-state.ts';
import { ReturnCache } from './return-cache.ts';
import { firstOf, lastOf, type Range, rangesByBlock, route, structure } from './structure.ts';
import type { LocalField, RegionLocals, RegionSurroundings } from './surroundings.ts';
import { TranslatorLanguage } from './translator-language.ts';

const ENTRY = 0;
const NO_ENTRY = -1;
/** The kind of flags stands in its local. */
const KIND_IN_LOCAL = 0xff;
/** Endings of instructions that are counted when they are done. */
const COUNTED_LAST: ReadonlySet<Ending> = new Set(['none', 'routine', 'transfer', 'transferLast']);
/** Values of `outcome` that are no LEFT: the numbers of places that leave through a system routine. */
const FIRST_TRANSFER = 3;
const zero: readonly number[] = i32Const(0);

/** Functions of the module that a region is written into. */
export interface RegionModule {
  /** The memory that it imports is shared. */
  readonly shared: boolean;
  helper(name: string): number;
  commonCase(common: CommonCase): number;
  transfer(common: CommonCase): number;
  subroutine(subroutine: Subroutine): number;
  typeOf(signature: Signature): number;
}

export interface RegionOptions {
  readonly plan: Plan;
  readonly codeWidth: 32 | 64;
  /** TOP of the x87 at entries when they became hot, by distance; undefined: it changes. */
  readonly tops: ReadonlyMap<number, number> | undefined;
  /** Index in the table of regions that this one will have. */
  readonly slot: number;
  /** Address of the record map of a page. */
  readonly mapOf: (page: number) => number;
}

export class RegionWriter implements RegionSurroundings {
  readonly f: FunctionBuilder;
  readonly shared: boolean;
  readonly locals: RegionLocals;
  readonly generalType: 'i32' | 'i64';
  kind: Kind = SETTLED;
  top: number | undefined;
  /** Where the code of an instruction begins: distance by length of the function until then. */
  readonly marks: Map<number, number> = new Map();
  readonly #options: RegionOptions;
  readonly #module: RegionModule;
  readonly #outcome: number;
  /** i64: see `#writeInterpret`. */
  readonly #place: number;
  readonly #returns: ReturnCache;
  readonly #state: RegionState;
  /** Kinds of flags at the starts of blocks. */
  readonly #kinds: (Kind | undefined)[];
  /** Blocks that are entered with their number in `entry`. */
  readonly #dispatched = new Set<number>();
  readonly #tops: KnownTops;
  readonly #ranges: readonly Range[];
  /** Code that leaves with the outcomes from FIRST_TRANSFER on. */
  readonly #transfers: number[][] = [];
  readonly #labels = new Map<number | Range, number>();
  readonly #loopLabels = new Map<Range, number>();
  #root = 0;
  #exit = 0;
  #indirect = 0;
  #interpret = 0;
  // Where code is being written.
  #block: Block;
  #instruction: PlannedInstruction | undefined;
  /** Instructions of the block before the present one, and how many of the block are counted already. */
  #before = 0;
  #counted = 0;

  constructor(f: FunctionBuilder, module: RegionModule, options: RegionOptions) {
    this.f = f;
    this.shared = module.shared;
    this.#module = module;
    this.#options = options;
    this.generalType = options.codeWidth === 64 ? 'i64' : 'i32';
    this.#block = options.plan.blocks[0] as Block;
    this.locals = {
      base: 1,
      remaining: 2,
      target: f.local('i64'),
      flagKind: f.local('i32'),
      flagFirst: f.local('i64'),
      flagSecond: f.local('i64'),
      flagCarry: f.local('i32'),
      tlb: f.local('i32'),
    };
    this.#outcome = f.local('i32');
    this.#place = f.local('i64');
    this.#returns = new ReturnCache(f);
    this.#state = new RegionState(f, this.locals, options.codeWidth);
    const { blocks, blockAt, entries } = options.plan;
    this.#tops = new KnownTops(options.plan, options.tops);
    this.#kinds = blocks.map(() => undefined);
    const entryBlocks = new Set(entries.map((distance) => blockAt.get(distance) as number));
    const edges = blocks.map((block) => successors(options.plan, block));
    const root = structure({ count: blocks.length, successors: edges, entries: entryBlocks });
    this.#ranges = rangesByBlock(root, blocks.length);
    edges.forEach((targets, from) => {
      for (const to of targets) {
        // Code for it is written before the flags at the end of the loop are known.
        if (to <= from) {
          this.#kinds[to] = UNKNOWN;
          this.#tops.openTo(to);
        }
        if (route(this.#ranges, from, to).throughHead) this.#dispatched.add(to);
      }
    });
    for (const block of entryBlocks) {
      this.#kinds[block] = UNKNOWN;
      this.#dispatched.add(block);
    }
    this.#write(root);
  }

  helper(name: string): number {
    return this.#module.helper(name);
  }

  commonCase(common: CommonCase): number {
    return this.#module.commonCase(common);
  }

  subroutine(subroutine: Subroutine): number {
    return this.#module.subroutine(subroutine);
  }

  /** Names of the locals that mean something, by index: those of the registers are the state's. */
  get localNames(): string[] {
    const names: string[] = [];
    names[ENTRY] = 'entry';
    for (const [name, local] of Object.entries(this.locals)) names[local] = name;
    names[this.#outcome] = 'outcome';
    for (const [local, name] of this.#state.names()) names[local] = name;
    return names;
  }

  register(field: LocalField, index: number, writes: boolean): number {
    return this.#state.local(field, index, writes);
  }

  #write(root: Range): void {
    const { f } = this;
    this.#root = f.open(OP.loop);
    this.#exit = f.open(OP.block);
    this.#indirect = f.open(OP.block);
    this.#interpret = f.open(OP.block);
    this.#writeRange(root);
    f.emit(OP.unreachable);
    f.close();
    this.#writeInterpret();
    f.close();
    this.#writeIndirect();
    f.close();
    this.#state.store();
    for (const [i, code] of this.#transfers.entries()) {
      f.emit(localGet(this.#outcome), i32Const(FIRST_TRANSFER + i), OP.i32Eq);
      f.open(OP.if);
      f.emit(code);
      f.close();
    }
    f.emit(localGet(this.#outcome), OP.return);
    f.close();
    f.emit(OP.unreachable);
    f.prepend([...this.#returns.clearing(), ...this.#state.loading()]);
  }

  // Control flow

  #writeRange(range: Range): void {
    const { f } = this;
    const isRoot = range.parent === undefined;
    if (!isRoot) this.#loopLabels.set(range, f.open(OP.loop));
    const items = range.items;
    for (let i = items.length - 1; i > 0; i--) this.#labels.set(items[i] as number | Range, f.open(OP.block));
    if (range.dispatches) this.#dispatch(range, isRoot);
    items.forEach((item, i) => {
      if (i > 0) f.close();
      if (typeof item === 'number') this.#writeBlock(item);
      else this.#writeRange(item);
    });
    if (!isRoot) f.close();
  }

  /** Branches to the item that holds the block whose number stands in `entry`. */
  #dispatch(range: Range, isRoot: boolean): void {
    const { f } = this;
    const first = f.open(OP.block);
    if (!isRoot) {
      f.emit(localGet(ENTRY), i32Const(NO_ENTRY), OP.i32Eq);
      f.branchIf(first);
    }
    const labels: number[] = [];
    range.items.forEach((item, i) => {
      for (let block = firstOf(item); block <= lastOf(item); block++) labels.push(i === 0 ? first : (this.#labels.get(item) as number));
    });
    f.emit(localGet(ENTRY), i32Const(range.first), OP.i32Sub, OP.brTable, unsigned(labels.length));
    for (const label of [...labels, first]) f.emit(unsigned(f.depth - label));
    f.close();
  }

  /** Goes to a block of the region from the one that is being written. */
  #goTo(to: number): void {
    const { f } = this;
    const { item, repeats, throughHead } = route(this.#ranges, this.#block.index, to);
    if (throughHead) f.emit(i32Const(to), localSet(ENTRY));
    f.branch((repeats === undefined ? this.#labels.get(item) : this.#loopLabels.get(repeats)) as number);
    this.#tops.reach(to, this.top);
    const known = this.#kinds[to];
    this.#kinds[to] = known === undefined ? this.kind : meet(known, this.kind);
  }

  #writeBlock(index: number): void {
    const block = this.#options.plan.blocks[index] as Block;
    this.#block = block;
    this.#before = 0;
    this.#counted = 0;
    this.kind = this.#kinds[index] ?? UNKNOWN;
    if (this.#dispatched.has(index)) this.f.emit(i32Const(NO_ENTRY), localSet(ENTRY));
    this.#assumeTop(block);
    if (block.crosses) this.#requirePage((block.distance >> 12) + 1, block.distance);
    for (const instruction of block.instructions) {
      this.#writeInstruction(instruction, instruction === block.instructions.at(-1));
      this.#before++;
    }
    const ending = block.instructions.at(-1)?.analysis.ending;
    if (block.leaves === 'jump' && ending !== 'branch' && ending !== 'routine') return;
    if (block.leaves === 'interpreter') {
      this.#countBlock();
      this.#leaveToInterpreter(block.end, 0);
      return;
    }
    this.#countBlock();
    this.#edge(block.end, ending === 'routine' || block.distance >> 12 !== block.end >> 12);
  }

  /** TOP is what it was on the ways to the block that are known. Where there are others, it is looked at. */
  #assumeTop(block: Block): void {
    const known = this.#tops.at(block);
    this.top = known?.top;
    if (known === undefined || !(known.mustLook || this.#dispatched.has(block.index))) return;
    const { f } = this;
    f.emit(localGet(this.register('ftop', 0, false)), i32Const(known.top), OP.i32Ne);
    f.openUnlikely();
    f.emit(i32Const(this.#options.slot), call(this.helper('topMissed')));
    this.#leaveToInterpreter(block.distance, 0);
    f.close();
  }

  /** All instructions of the block are counted from here on. */
  #countBlock(): void {
    const left = this.#block.instructions.length - this.#counted;
    if (left === 0) return;
    this.f.emit(localGet(this.locals.remaining), i32Const(left), OP.i32Sub, localSet(this.locals.remaining));
    this.#counted = this.#block.instructions.length;
  }

  #writeInstruction(instruction: PlannedInstruction, last: boolean): void {
    const { analysis, decoded } = instruction;
    const { f } = this;
    this.#instruction = instruction;
    this.marks.set(f.length, instruction.distance);
    if (last && !COUNTED_LAST.has(analysis.ending)) this.#countBlock();
    f.mark();
    const language = new TranslatorLanguage(instruction, this);
    decoded.instruction.body(language, ...language.operands());
    if (decoded.lock) language.fence();
    f.releaseMarked();
  }

  /** Goes to a distance, in the region or not. `boundary`: interrupts may be taken here. */
  #edge(distance: number, boundary: boolean): void {
    const { f, locals } = this;
    this.setKind();
    const { blocks, blockAt } = this.#options.plan;
    const to = blockAt.get(distance);
    if (boundary || (to !== undefined && blocks[to]?.crosses === true)) {
      f.emit(localGet(locals.remaining), i32Const(0), OP.i32LtS);
      f.openUnlikely();
      this.#leave(distance, LEFT.usedUp);
      f.close();
    }
    if (to === undefined) {
      this.#target(distance);
      f.branch(this.#indirect);
      return;
    }
    if (this.#block.distance >> 12 !== distance >> 12) this.#requirePage(distance >> 12, distance);
    this.#goTo(to);
  }

  /** Leaves unless a page of the region is where the plan has it; then `distance` is where to go on. */
  #requirePage(page: number, distance: number): void {
    const { f } = this;
    const linear = f.local('i64');
    const entry = f.local('i32');
    f.emit(this.#ip(page * 4096), localTee(linear), OP.i32WrapI64, i32Const(12), OP.i32ShrU, i32Const(CODE_TLB_ENTRIES - 1), OP.i32And);
    f.emit(i32Const(4), OP.i32Shl, zero, load(OP.i32Load, STATE.codeTlb.address), OP.i32Add, localTee(entry));
    f.emit(load(OP.i64Load), localGet(linear), OP.i64Ne);
    f.emit(localGet(entry), load(OP.i32Load, 8), i32Const(this.#options.mapOf(page)), OP.i32Ne, OP.i32Or);
    f.openUnlikely();
    this.setKind();
    this.#leave(distance, LEFT.goOn);
    f.close();
    f.release('i64', linear);
    f.release('i32', entry);
  }

  /** RIP at a distance. */
  #ip(distance: number): number[] {
    const sum = [...localGet(this.locals.base), ...i64Const(BigInt(distance)), OP.i64Add];
    return this.#options.codeWidth === 64 ? sum : [...sum, ...i64Const(0xffff_ffffn), OP.i64And];
  }

  #target(distance: number): void {
    this.f.emit(this.#ip(distance), localSet(this.locals.target));
  }

  setKind(): void {
    const number = numberOf(this.kind);
    if (number !== undefined) this.f.emit(i32Const(number), localSet(this.locals.flagKind));
  }

  #leave(distance: number, outcome: number): void {
    this.#target(distance);
    this.f.emit(i32Const(outcome), localSet(this.#outcome));
    this.f.branch(this.#exit);
  }

  /**
   * Leaves to the interpreter, which goes on with the instruction at `distance`, `count` instructions after the last count. There are many
   * of these places, so each is short: what they set stands in one number.
   */
  #leaveToInterpreter(distance: number, count: number): void {
    const { f } = this;
    const kind = numberOf(this.kind) ?? KIND_IN_LOCAL;
    const place = (BigInt(distance) << 24n) | (BigInt.asUintN(16, BigInt(count)) << 8n) | BigInt(kind);
    f.emit(i64Const(place), localSet(this.#place));
    f.branch(this.#interpret);
  }

  bail(): void {
    const instruction = this.#instruction as PlannedInstruction;
    this.#leaveToInterpreter(instruction.distance, this.#before - this.#counted);
  }

  /** Takes `place` apart: distance, count (16 bits, signed), kind of flags (8 bits). */
  #writeInterpret(): void {
    const { f, locals } = this;
    const place = localGet(this.#place);
    const distance = [...place, ...i64Const(24n), OP.i64ShrS];
    const sum = [...localGet(locals.base), ...distance, OP.i64Add];
    f.emit(this.#options.codeWidth === 64 ? sum : [...sum, ...i64Const(0xffff_ffffn), OP.i64And], localSet(locals.target));
    f.emit(
      localGet(locals.remaining),
      place,
      i64Const(8n),
      OP.i64ShrU,
      OP.i32WrapI64,
      OP.i32Extend16S,
      OP.i32Sub,
      localSet(locals.remaining),
    );
    const kind = [...place, OP.i32WrapI64, ...i32Const(0xff), OP.i32And];
    f.emit(localGet(locals.flagKind), kind, kind, i32Const(KIND_IN_LOCAL), OP.i32Eq, OP.select, localSet(locals.flagKind));
    f.emit(i32Const(LEFT.interpret), localSet(this.#outcome));
    f.branch(this.#exit);
  }

  countBefore(): void {
    const done = this.#before - this.#counted;
    if (done > 0) this.f.emit(localGet(this.locals.remaining), i32Const(done), OP.i32Sub, localSet(this.locals.remaining));
    this.#counted = this.#before;
  }

  countIteration(): void {
    const { f, locals } = this;
    f.emit(localGet(locals.remaining), i32Const(1), OP.i32Sub, localTee(locals.remaining), i32Const(0), OP.i32LtS);
    f.openUnlikely();
    this.setKind();
    this.#leave((this.#instruction as PlannedInstruction).distance, LEFT.usedUp);
    f.close();
  }

  storeRemaining(): void {
    const done = this.#before - this.#counted;
    const left = done === 0 ? [] : [...i32Const(done), OP.i32Sub];
    this.f.emit(zero, localGet(this.locals.remaining), left, store(OP.i32Store, STATE.remaining.address));
  }

  transfer(common: CommonCase, values: readonly (readonly number[])[]): void {
    const { f } = this;
    this.countBefore();
    this.setKind();
    const kept = values.map((code) => {
      const local = f.lasting('i64');
      f.emit(code, localSet(local));
      return localGet(local);
    });
    const length = this.#block.end - (this.#instruction as PlannedInstruction).distance;
    // Which registers there are to store is known at the end.
    const outcome = FIRST_TRANSFER + this.#transfers.length;
    this.#transfers.push([...kept.flat(), ...i32Const(length), OP.returnCall, ...unsigned(this.#module.transfer(common))]);
    this.#leave(this.#block.end, outcome);
  }

  jump(): void {
    const target = this.#block.target as number;
    if (this.#instruction?.analysis.ending === 'call' && this.#options.plan.blockAt.has(target)) this.#rememberReturn();
    this.#edge(target, true);
  }

  /** A call within the region: where its return will go. The last two are remembered. */
  #rememberReturn(): void {
    const behind = this.#options.plan.blockAt.get(this.#block.end);
    if (behind === undefined) return;
    this.#returns.remember(this.#ip(this.#block.end), i32Const(behind));
    this.#dispatched.add(behind);
  }

  /** Goes to the block in `entry`. */
  #goToEntry(): void {
    const { f } = this;
    const loop = outermostLoop(this.#ranges[this.#block.index]);
    if (loop?.dispatches === true) {
      f.emit(localGet(ENTRY), i32Const(loop.first), OP.i32Sub, i32Const(loop.last - loop.first), OP.i32LeU);
      f.branchIf(this.#loopLabels.get(loop) as number);
    }
    f.branch(this.#root);
  }

  jumpIndirect(): void {
    const { f, locals } = this;
    const instruction = this.#instruction as PlannedInstruction;
    const returns = instruction.decoded.instruction.mnemonic === 'RET';
    const { predicted } = instruction;
    if (predicted !== undefined && this.#options.plan.blockAt.has(predicted)) {
      f.emit(localGet(locals.target), this.#ip(predicted), OP.i64Eq);
      f.open(OP.if);
      if (instruction.analysis.ending === 'indirectCall') this.#rememberReturn();
      this.#edge(predicted, true);
      f.close();
    }
    this.setKind();
    f.emit(i32Const(LEFT.usedUp), localSet(this.#outcome), localGet(locals.remaining), i32Const(0), OP.i32LtS);
    f.branchIf(this.#exit);
    if (returns) this.#returns.follow(locals.target, ENTRY, () => this.#goToEntry());
    this.#stayInPage();
    // What is called from here may belong into this region.
    if (!returns) {
      f.emit(zero, this.#ip(instruction.distance), store(OP.i64Store, STATE.callFrom.address));
      f.emit(zero, localGet(locals.target), store(OP.i64Store, STATE.callTo.address));
      f.emit(zero, i32Const(this.#options.slot), store(OP.i32Store, STATE.callSlot.address));
    }
    f.branch(this.#indirect);
  }

  /** Where `target` is an entry of this region and lies in the page that is executed, goes there; else on behind this. */
  #stayInPage(): void {
    const { f, locals } = this;
    const page = (this.#block.end - 1) >> 12;
    const distance = f.local('i64');
    const record = f.local('i32');
    const none = f.open(OP.block);
    f.emit(localGet(locals.target), localGet(locals.base), i64Const(BigInt(page * 4096)), OP.i64Add, OP.i64Sub);
    if (this.#options.codeWidth === 32) f.emit(i64Const(0xffff_ffffn), OP.i64And);
    f.emit(localTee(distance), i64Const(4095n), OP.i64GtU);
    f.branchIf(none);
    f.emit(localGet(distance), OP.i32WrapI64, i32Const(2), OP.i32Shl, load(OP.i32Load, this.#options.mapOf(page)), localTee(record));
    f.emit(load(OP.i64Load, RECORD.regionSlot), i64Const(BigInt(this.#options.slot)), OP.i64Ne);
    f.branchIf(none);
    f.emit(localGet(record), load(OP.i32Load, RECORD.regionEntry), localSet(ENTRY));
    this.#goToEntry();
    f.close();
    f.release('i64', distance);
    f.release('i32', record);
  }

  /**
   * Another place: if a region begins there, goes on in it; within this region directly. `target` has passed all checks but the page's.
   */
  #writeIndirect(): void {
    const { f, locals } = this;
    const entry = f.local('i32');
    const record = f.local('i32');
    const base = f.local('i64');
    const none = f.open(OP.block);
    writeFindRegion(f, localGet(locals.target), record, none);
    f.emit(localGet(record), load(OP.i32Load, RECORD.regionEntry), localSet(ENTRY));
    f.emit(localGet(locals.target), localGet(record), load(OP.i64Load32S, RECORD.regionDistance), OP.i64Sub);
    if (this.#options.codeWidth === 32) f.emit(i64Const(0xffff_ffffn), OP.i64And);
    f.emit(localSet(base));
    f.emit(localGet(record), load(OP.i32Load, RECORD.regionSlot), localTee(entry), i32Const(this.#options.slot), OP.i32Eq);
    f.emit(localGet(base), localGet(locals.base), OP.i64Eq, OP.i32And);
    f.branchIf(this.#root);
    writeRegionHeating(f, { record, counter: record, old: f.local('i32') }, none);
    this.#state.store();
    f.emit(localGet(ENTRY), localGet(base), localGet(locals.remaining), localGet(entry), OP.returnCallIndirect);
    f.emit(unsigned(this.#module.typeOf(REGION)), 0);
    f.close();
    f.emit(i32Const(LEFT.goOn), localSet(this.#outcome));
  }
}

/** Blocks that a block goes to directly. */
function successors({ blockAt }: Plan, block: Block): number[] {
  const distances: number[] = [];
  const ending = block.instructions.at(-1)?.analysis.ending;
  if (block.target !== undefined) distances.push(block.target);
  const predicted = block.instructions.at(-1)?.predicted;
  if (predicted !== undefined) distances.push(predicted);
  if (block.leaves === 'next' || (block.leaves === 'jump' && (ending === 'branch' || ending === 'routine'))) distances.push(block.end);
  return distances.flatMap((distance) => blockAt.get(distance) ?? []);
}

/** The loop in which a range lies that lies in no other; undefined: it lies in none. */
function outermostLoop(range: Range | undefined): Range | undefined {
  let loop: Range | undefined;
  for (let r = range; r?.parent !== undefined; r = r.parent) loop = r;
  return loop;
}
