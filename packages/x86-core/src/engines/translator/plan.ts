/**
 * Which code goes into a region: the blocks that can be reached from some entries through jumps, calls and falling on, in pages that
 * execution has been in lately and at places where it has been. Distances are in bytes from the start of the page of the first entry, as
 * RIP counts them; the region may run at any linear address where its pages lie at these distances.
 */
import type { Decoded, DecodeMode } from '../../decode/decoded.ts';
import { decode, MAX_LENGTH } from '../../decode/decoder.ts';
import type { CodePage } from '../code-pages.ts';
import { type Analysis, analyse, usesCodeSegment } from './analysis.ts';

export interface PlannedInstruction {
  readonly distance: number;
  readonly decoded: Decoded;
  readonly analysis: Analysis;
  /** Of a relative jump, branch or call. */
  readonly target: number | undefined;
  /** Where an indirect jump or call has often gone. */
  readonly predicted: number | undefined;
}

export interface Block {
  readonly index: number;
  readonly distance: number;
  /** Not empty; only the last one ends the block. */
  readonly instructions: readonly PlannedInstruction[];
  /** Distance behind the last instruction. */
  readonly end: number;
  /** Why the block ends there: by its last instruction, before one that is left to the interpreter, or because another block begins, or the region is large enough. */
  readonly leaves: 'jump' | 'interpreter' | 'next';
  /** Target of a relative jump or call. */
  readonly target: number | undefined;
  /** The block is one instruction, which lies in this page and the next. */
  readonly crosses: boolean;
}

export interface Plan {
  /** In the order of their distances. */
  readonly blocks: readonly Block[];
  /** Index by distance. */
  readonly blockAt: ReadonlyMap<number, number>;
  /** Distances at which execution may enter. The first is the one the plan was made for. */
  readonly entries: readonly number[];
  /** Pages by number (distance >> 12). */
  readonly pages: ReadonlyMap<number, CodePage>;
  readonly instructions: number;
}

/** What planning asks about the code around. */
export interface CodeView {
  /** The page at a number of pages from that of the first entry, if it is one that executes now; the same answer throughout. */
  page(number: number): CodePage | undefined;
  /** 4096 bytes of a page. */
  bytes(page: CodePage): Uint8Array;
  /** Execution has been at this place. */
  met(page: CodePage, offset: number): boolean;
  /** Execution has jumped to this place, not just once. */
  warm(page: CodePage, offset: number): boolean;
  /** Distance from the indirect jump or call at this place to where it has often gone. */
  predicted(page: CodePage, offset: number): number | undefined;
  /** Another region begins here. */
  isEntry(page: CodePage, offset: number): boolean;
  /** A region begins here that is too large to be written once more as a part of this one. */
  standsAlone(page: CodePage, offset: number): boolean;
}

export interface PlanLimits {
  readonly instructions: number;
  readonly pages: number;
}

interface Walked extends PlannedInstruction {
  readonly length: number;
}

/** Farthest distance that is followed. */
const FARTHEST = 2 ** 30;

export function planRegion(view: CodeView, mode: DecodeMode, start: readonly number[], limits: PlanLimits): Plan | undefined {
  const pages = new Map<number, CodePage>();
  const walked = new Map<number, Walked>();
  const leaders = new Set<number>();
  const resumes = new Set<number>();
  /** Where instructions stand that are left to the interpreter. */
  const left = new Set<number>();
  /** Parts of the region whatever other region they begin: its starts, and where its indirect calls go. */
  const wanted = new Set(start);
  const queue: number[] = [];

  const page = (number: number): CodePage | undefined => {
    const known = pages.get(number);
    if (known !== undefined) return known;
    if (pages.size >= limits.pages) return undefined;
    const found = view.page(number);
    if (found !== undefined) pages.set(number, found);
    return found;
  };
  const follow = (distance: number, jumps = false): void => {
    if (leaders.has(distance) || Math.abs(distance) > FARTHEST) return;
    const at = view.page(distance >> 12);
    if (at === undefined || !view.met(at, distance & 0xfff) || (jumps && !view.warm(at, distance & 0xfff))) return;
    if (!wanted.has(distance) && view.standsAlone(at, distance & 0xfff)) return;
    if (page(distance >> 12) === undefined) return;
    leaders.add(distance);
    queue.push(distance);
  };
  /** The instruction at a distance, if it can be translated. */
  const instructionAt = (distance: number): Walked | undefined => {
    const at = page(distance >> 12);
    if (at === undefined) return undefined;
    const offset = distance & 0xfff;
    let bytes = view.bytes(at).subarray(offset, Math.min(4096, offset + MAX_LENGTH));
    let result = decode(bytes, bytes.length, mode);
    if (result === undefined) {
      const next = page((distance >> 12) + 1);
      if (next === undefined) return undefined;
      const both = new Uint8Array(MAX_LENGTH);
      both.set(bytes);
      both.set(view.bytes(next).subarray(0, MAX_LENGTH - bytes.length), bytes.length);
      bytes = both;
      result = decode(bytes, bytes.length, mode);
    }
    if (result === undefined || !('instruction' in result) || usesCodeSegment(result)) return undefined;
    const analysis = analyse(result);
    const { ending } = analysis;
    const first = result.operands[0];
    const relative = (ending === 'jump' || ending === 'branch' || ending === 'call') && first?.kind === 'immediate';
    const target = relative ? distance + result.length + Number(BigInt.asIntN(64, first.value)) : undefined;
    if (relative && result.width === 16) return undefined;
    const indirect = ending === 'indirect' || ending === 'indirectCall' ? view.predicted(at, offset) : undefined;
    const predicted = indirect === undefined ? undefined : distance + indirect;
    return { distance, decoded: result, analysis, length: result.length, target, predicted };
  };

  for (const distance of start) follow(distance);
  let count = 0;
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    for (let distance: number = at; count < limits.instructions; ) {
      if (walked.has(distance)) {
        leaders.add(distance);
        break;
      }
      const found = instructionAt(distance);
      if (found === undefined) {
        left.add(distance);
        break;
      }
      const { ending } = found.analysis;
      const next: number = distance + found.length;
      if (ending === 'interpreted' || ending === 'interpretedLast') left.add(distance);
      if (ending === 'interpretedLast') break;
      if (ending === 'interpreted') {
        resumes.add(next);
        follow(next);
        break;
      }
      walked.set(distance, found);
      count++;
      const crosses = distance >> 12 !== (next - 1) >> 12;
      if (crosses) leaders.add(distance);
      if (found.target !== undefined) follow(found.target, true);
      if (found.predicted !== undefined) {
        wanted.add(found.predicted);
        follow(found.predicted);
      }
      if (ending === 'call' || ending === 'indirectCall' || ending === 'transfer' || ending === 'routine') {
        resumes.add(next);
        follow(next);
      }
      if (ending !== 'none' && ending !== 'branch') break;
      if (ending === 'branch' || crosses || distance >> 12 !== next >> 12) {
        follow(next);
        break;
      }
      distance = next;
    }
  }

  const blocks: Block[] = [];
  const blockAt = new Map<number, number>();
  for (const distance of [...leaders].sort((a, b) => a - b)) {
    const block = blockFrom(distance, blocks.length, walked, leaders, left);
    if (block === undefined) continue;
    blocks.push(block);
    blockAt.set(distance, block.index);
  }
  const first = start[0] as number;
  if (!blockAt.has(first)) return undefined;
  const entries = new Set([...start, ...resumes]);
  for (const { distance } of blocks) {
    const at = pages.get(distance >> 12);
    if (at !== undefined && view.isEntry(at, distance & 0xfff)) entries.add(distance);
  }
  return { blocks, blockAt, entries: [...entries].filter((distance) => blockAt.has(distance)), pages, instructions: count };
}

function blockFrom(
  distance: number,
  index: number,
  walked: ReadonlyMap<number, Walked>,
  leaders: ReadonlySet<number>,
  left: ReadonlySet<number>,
): Block | undefined {
  const instructions: Walked[] = [];
  let at = distance;
  for (;;) {
    const found = walked.get(at);
    const last = instructions.at(-1);
    if (
      last !== undefined &&
      (last.analysis.ending !== 'none' || found === undefined || leaders.has(at) || last.distance >> 12 !== at >> 12)
    ) {
      const leaves = last.analysis.ending !== 'none' ? 'jump' : left.has(at) ? 'interpreter' : 'next';
      return {
        index,
        distance,
        instructions,
        end: at,
        leaves,
        target: last.target,
        crosses: last.distance >> 12 !== (at - 1) >> 12,
      };
    }
    if (found === undefined) return undefined;
    instructions.push(found);
    at += found.length;
  }
}
