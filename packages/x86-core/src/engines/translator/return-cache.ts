/** The last two calls within a region, in locals: where their returns will go. */
import { i64Const, localGet, localSet, OP } from '../../wasm/instructions.ts';
import type { FunctionBuilder } from '../../wasm/module.ts';

interface Remembered {
  /** i64: RIP behind the call. */
  readonly target: number;
  /** i32: number of the block there. */
  readonly entry: number;
}

/** No RIP: not canonical. */
const NOWHERE: readonly number[] = i64Const(-(2n ** 63n));

export class ReturnCache {
  readonly #f: FunctionBuilder;
  readonly #last: Remembered;
  readonly #before: Remembered;

  constructor(f: FunctionBuilder) {
    this.#f = f;
    this.#last = { target: f.local('i64'), entry: f.local('i32') };
    this.#before = { target: f.local('i64'), entry: f.local('i32') };
  }

  /** Code that forgets both. */
  clearing(): number[] {
    return [this.#last, this.#before].flatMap(({ target }) => [...NOWHERE, ...localSet(target)]);
  }

  /** `target`, `entry`: code. */
  remember(target: readonly number[], entry: readonly number[]): void {
    const [last, before] = [this.#last, this.#before];
    this.#f.emit(localGet(last.target), localSet(before.target), localGet(last.entry), localSet(before.entry));
    this.#f.emit(target, localSet(last.target), entry, localSet(last.entry));
  }

  /** If local `target` is behind the last call: sets local `entry`, and goes on as `go` writes. */
  follow(target: number, entry: number, go: () => void): void {
    const { target: returns, entry: block } = this.#last;
    const f = this.#f;
    f.emit(localGet(target), localGet(returns), OP.i64Eq);
    f.open(OP.if);
    f.emit(localGet(block), localSet(entry), localGet(this.#before.target), localSet(returns));
    f.emit(localGet(this.#before.entry), localSet(block), NOWHERE, localSet(this.#before.target));
    go();
    f.close();
  }
}
