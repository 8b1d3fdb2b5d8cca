import { describe, expect, it } from 'vitest';
import { call, i32Const, i64Const, load, localGet, localSet, OP, SIMD, simd, store, v128Const } from './instructions.ts';
import { FunctionBuilder, ModuleBuilder, type Signature } from './module.ts';
import { WASM } from './runtime.ts';

const I32: Signature = { parameters: ['i32'], results: ['i32'] };

/** The function `main` of a module with one function. */
function compiled<F>(signature: Signature, write: (f: FunctionBuilder) => void): F {
  const module = new ModuleBuilder();
  const { builder } = module.function(signature, 'main');
  write(builder);
  return new WASM.Instance(new WASM.Module(module.encode()), {}).exports['main'] as F;
}

describe('[WebAssembly 2.0 §5.5] Modules', () => {
  it('is valid when empty', () => {
    expect(() => new WASM.Module(new ModuleBuilder().encode())).not.toThrow();
  });

  it('imports memory, tables and functions before its own functions', () => {
    const module = new ModuleBuilder();
    module.importMemory('env', 'memory');
    module.importTable('env', 'table');
    const twice = module.importFunction('env', 'twice', I32);
    const { builder, index } = module.function(I32, 'main');
    builder.emit(i32Const(16), localGet(0), call(twice), store(OP.i32Store), i32Const(8), load(OP.i32Load, 8));
    expect([twice, index]).toEqual([0, 1]);
    const memory = new WASM.Memory({ initial: 1 });
    const table = new WASM.Table({ element: 'anyfunc', initial: 1 });
    const env = { memory, table, twice: (x: number) => 2 * x };
    const { main } = new WASM.Instance(new WASM.Module(module.encode()), { env }).exports as { main: (x: number) => number };
    expect(main(21)).toBe(42);
    expect(() => module.importFunction('env', 'late', I32)).toThrow();
  });

  it('shares equal signatures', () => {
    const module = new ModuleBuilder();
    expect(module.typeIndex(I32)).toBe(module.typeIndex({ parameters: ['i32'], results: ['i32'] }));
    expect(module.typeIndex({ parameters: ['i64'], results: ['i32'] })).not.toBe(module.typeIndex(I32));
  });

  it('holds functions longer than a length of one byte', () => {
    const main = compiled<(x: number) => number>(I32, (f) => {
      f.emit(localGet(0));
      for (let i = 0; i < 5000; i++) f.emit(i32Const(1), OP.i32Add);
    });
    expect(main(7)).toBe(5007);
  });
});

describe('[WebAssembly 2.0 §5.4] Instructions', () => {
  it('branches out of blocks and back into loops by label, whatever lies between', () => {
    // Sum of n, n − 1 … 1, with an `if` inside the loop.
    const main = compiled<(x: number) => number>(I32, (f) => {
      const sum = f.local('i32');
      const out = f.open(OP.block);
      const again = f.open(OP.loop);
      f.emit(localGet(0), OP.i32Eqz);
      f.branchIf(out);
      f.emit(localGet(sum), localGet(0), OP.i32Add, localSet(sum), localGet(0), i32Const(1), OP.i32Sub, localSet(0));
      f.emit(localGet(0));
      f.open(OP.if);
      f.branch(again);
      f.close();
      f.close();
      f.close();
      expect(f.depth).toBe(0);
      f.emit(localGet(sum));
    });
    expect(main(100)).toBe(5050);
  });

  it('gives a local again only after it was released', () => {
    const f = new FunctionBuilder(I32);
    const first = f.local('i64');
    expect([first, f.local('i64')]).toEqual([1, 2]);
    f.release('i64', first);
    expect(f.local('i32')).toBe(3);
    expect(f.local('i64')).toBe(first);
    f.mark();
    const marked = f.local('v128');
    f.releaseMarked();
    expect(f.local('v128')).toBe(marked);
  });

  it('writes constants of every type', () => {
    expect(compiled<() => bigint>({ parameters: [], results: ['i64'] }, (f) => f.emit(i64Const(-(2n ** 63n))))()).toBe(-(2n ** 63n));
    const lanes = compiled<() => bigint>({ parameters: [], results: ['i64'] }, (f) =>
      f.emit(v128Const(0x0102_0304_0506_0708_1112_1314_1516_1718n), simd(SIMD.i64x2Extract), 1),
    );
    expect(lanes()).toBe(0x0102_0304_0506_0708n);
  });
});
