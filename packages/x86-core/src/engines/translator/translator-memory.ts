/**
 * Memory in a region: linear addresses, the TLB check, and direct access to guest RAM. Where the TLB has no entry, `fillTlb` may make one;
 * where it cannot (a fault, a device, a page with code, an access across pages), the instruction is left to the interpreter.
 */

import { TLB_INDEX_MASK } from '../../memory/tlb.ts';
import type { BitWidth, Operand, SegmentName } from '../../semantics/language.ts';
import { SEGMENT_NUMBER, STATE } from '../../state.ts';
import { call, i32Const, i64Const, load, localGet, localSet, localTee, OP } from '../../wasm/instructions.ts';
import { cleaned, type Expr, expr, typeOf, wide } from '../expression.ts';
import { bytesOf, loadOf, storeOf } from '../memory-instructions.ts';
import { TranslatorFlags } from './translator-flags.ts';

const ALL_32 = 0xffff_ffffn;
const PAGE_MASK = i64Const(-4096n);

/** A place in memory: offset in its segment as a bound value of `offsetWidth`. */
export interface Place {
  readonly segment: SegmentName;
  readonly offset: () => Expr;
  readonly offsetWidth: 16 | 32 | 64;
}

export interface MemoryOperand extends Operand<Expr>, Place {}

export class TranslatorMemory extends TranslatorFlags {
  /** Bound i64: linear address of a place. */
  protected linear({ segment, offset, offsetWidth }: Place): Expr {
    const number = SEGMENT_NUMBER[segment];
    const at = offset();
    if (number < SEGMENT_NUMBER.FS) return this.bind(expr('i64', true, wide(at, offsetWidth)));
    const base = STATE.linearBase.address + 8 * number;
    if (this.codeWidth === 64) return this.bind(expr('i64', true, wide(at, offsetWidth), i32Const(0), load(OP.i64Load, base), OP.i64Add));
    this.#requireWholeSegment(number);
    return this.bind(expr('i64', true, cleaned(at, offsetWidth), i32Const(0), load(OP.i32Load, base), OP.i32Add, OP.i64ExtendI32U));
  }

  /** Leaves unless all 4 GiB of the segment may be read and written. */
  #requireWholeSegment(number: number): void {
    const zero = i32Const(0);
    this.f.emit(zero, load(OP.i32Load, STATE.segmentAccess.address + 4 * number), i32Const(3), OP.i32Ne);
    this.f.emit(zero, load(OP.i64Load, STATE.segmentLower.address + 8 * number), OP.i64Eqz, OP.i32Eqz, OP.i32Or);
    this.f.emit(zero, load(OP.i64Load, STATE.segmentUpper.address + 8 * number), i64Const(ALL_32), OP.i64Ne, OP.i32Or);
    this.f.openUnlikely();
    this.around.bail();
    this.f.close();
  }

  /** Sets a local, which is given, to the address in linear memory of `bytes` bytes at a linear address. */
  protected host(linear: Expr, bytes: number, writes: boolean): number {
    const { f } = this;
    const entry = f.local('i32');
    const low = [...linear.code, OP.i32WrapI64];
    const last = bytes === 1 ? linear.code : [...linear.code, ...i64Const(BigInt(bytes - 1)), OP.i64Add];
    f.emit(low, i32Const(7), OP.i32ShrU, i32Const(TLB_INDEX_MASK), OP.i32And, localGet(this.around.locals.tlb), OP.i32Add, localTee(entry));
    f.emit(load(OP.i64Load, writes ? 8 : 0), last, PAGE_MASK, OP.i64And, OP.i64Ne);
    f.openUnlikely();
    f.emit(linear.code, i32Const((bytes << 1) | Number(writes)), call(this.around.helper('fillTlbFor')), OP.i32Eqz);
    f.openUnlikely();
    this.around.bail();
    f.close();
    f.close();
    f.emit(low, localGet(entry), load(OP.i32Load, 16), OP.i32Add, localSet(entry));
    return entry;
  }

  protected memoryAt(place: Place, width: BitWidth, readForWrite: boolean): MemoryOperand {
    let linear: Expr | undefined;
    let host: number | undefined;
    return {
      ...place,
      width,
      isMemory: true,
      read: () => {
        linear ??= this.linear(place);
        const at = this.host(linear, bytesOf(width), readForWrite);
        if (readForWrite) host = at;
        return this.bind(expr(typeOf(width), true, localGet(at), loadOf(width, 0)));
      },
      write: (value) => {
        // A place that was read for writing is in the TLB.
        const v = this.bind(value);
        linear ??= this.linear(place);
        host ??= this.host(linear, bytesOf(width), true);
        this.f.emit(localGet(host), v.code, storeOf(width, 0));
        host = readForWrite ? host : undefined;
      },
    };
  }
}
