import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { disassembleFunction, disassembleModule } from './disassemble.ts';
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
  v128Const,
} from './instructions.ts';
import { FunctionBuilder, ModuleBuilder, type Signature } from './module.ts';

const I32: Signature = { parameters: ['i32'], results: ['i32'] };
const NOTHING: Signature = { parameters: [], results: [] };

/** Lines of a function, without the indentation that all have. */
function textOf(signature: Signature, write: (f: FunctionBuilder) => void): string[] {
  const f = new FunctionBuilder(signature);
  write(f);
  return disassembleFunction(Uint8Array.from(f.encode()))
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(2));
}

describe('[WebAssembly 2.0 §5.4] Instructions', () => {
  it('blocks have numbers, branches name them, and what is inside is indented', () => {
    const lines = textOf(I32, (f) => {
      const out = f.open(OP.block);
      const again = f.open(OP.loop);
      f.emit(localGet(0));
      f.branchIf(out);
      f.emit(localGet(0));
      f.open(OP.if, 'i64');
      f.branch(again);
      f.else();
      f.emit(i64Const(-1n));
      f.close();
      f.emit(OP.drop);
      f.close();
      f.close();
      f.open(OP.block);
      f.close();
      f.emit(localGet(0));
    });
    expect(lines).toEqual([
      'block $1',
      '  loop $2',
      '    local.get 0',
      '    br_if $1',
      '    local.get 0',
      '    if $3 i64',
      '      br $2',
      '    else',
      '      i64.const -1',
      '    end $3',
      '    drop',
      '  end $2',
      'end $1',
      'block $4',
      'end $4',
      'local.get 0',
    ]);
  });

  it('a branch table names every target, and a branch behind the last block the function', () => {
    const lines = textOf(NOTHING, (f) => {
      f.open(OP.block);
      f.open(OP.block);
      f.emit(i32Const(1), OP.brTable, [2, 0, 1, 2]);
      f.close();
      f.close();
    });
    expect(lines.slice(2, 4)).toEqual(['    i32.const 1', '    br_table $2 $1 $function']);
  });

  it('constants, variables and memory accesses show their immediates', () => {
    const lines = textOf(I32, (f) => {
      f.emit(localGet(0), i32Const(-2_000_000_000), OP.i32Add, localTee(0), load(OP.i32Load8U, 300), localSet(0));
      f.emit(localGet(0), i64Const(0x1234_5678_9abcn), store(OP.i64Store32));
      f.emit(MEMORY_COPY, MEMORY_FILL, OP.i64ExtendI32U, OP.i32ReinterpretF32, OP.return);
    });
    expect(lines).toEqual([
      'local.get 0',
      'i32.const -2000000000',
      'i32.add',
      'local.tee 0',
      'i32.load8_u offset=300',
      'local.set 0',
      'local.get 0',
      'i64.const 20015998343868',
      'i64.store32',
      'memory.copy',
      'memory.fill',
      'i64.extend_i32_u',
      'i32.reinterpret_f32',
      'return',
    ]);
  });

  it('vectors: constants as one number, lanes, places, offsets', () => {
    const lines = textOf(NOTHING, (f) => {
      f.emit(v128Const(0x0102n), simd(SIMD.i32x4Extract), 3, simd(SIMD.i8x16Replace), 15, simd(SIMD.load64Zero), 0, 8);
      f.emit(simd(SIMD.shuffle), [0, 1, 2, 3, 4, 5, 6, 7, 24, 25, 26, 27, 28, 29, 30, 31], simd(SIMD.f64x2Mul), simd(SIMD.andnot));
    });
    expect(lines).toEqual([
      'v128.const 0x00000000000000000000000000000102',
      'i32x4.extract_lane 3',
      'i8x16.replace_lane 15',
      'v128.load64_zero offset=8',
      'v128.shuffle 0 1 2 3 4 5 6 7 24 25 26 27 28 29 30 31',
      'f64x2.mul',
      'v128.andnot',
    ]);
  });

  it('every instruction of the encoder has a name of its own', () => {
    const names = Object.values(OP).filter((code) => code !== OP.end && code !== OP.else);
    const texts = names.map((code) => textOf(NOTHING, (f) => f.emit(code, 0, 0, 0, 0, 0, 0, 0, 0, 0))[0]?.split(' ')[0]);
    expect(texts.filter((text) => text === undefined || text === 'unknown')).toEqual([]);
    expect(new Set(texts).size).toBe(names.length);
  });

  it('an instruction that is unknown ends the text', () => {
    expect(textOf(NOTHING, (f) => f.emit(OP.drop, 0xff, OP.drop))).toEqual(['drop', 'unknown instruction 0xff']);
  });
});

describe('[WebAssembly 2.0 §5.5.13] Code Section', () => {
  it('declarations of locals come first, those of one type together', () => {
    const lines = textOf(I32, (f) => {
      f.local('i32');
      f.local('i32');
      f.local('v128');
      f.local('i64');
    });
    expect(lines).toEqual(['local i32 ×2 v128 i64']);
  });

  it('names stand for indices where there are any', () => {
    const f = new FunctionBuilder(I32);
    f.emit(localGet(0), localGet(1), call(0), call(1));
    f.emit(load(OP.i64Load, 4096), load(OP.i64Load, 16), simd(SIMD.load), 0, 0);
    const place = (offset: number): string | undefined => (offset === 4096 ? 'rip' : undefined);
    const text = disassembleFunction(Uint8Array.from(f.encode()), { functions: ['fillTlb'], locals: ['rax'], place });
    const lines = [
      'local.get $rax',
      'local.get 1',
      'call $fillTlb',
      'call $1',
      'i64.load offset=4096 ; rip',
      'i64.load offset=16',
      'v128.load',
    ];
    expect(text).toBe(lines.map((line) => `  ${line}\n`).join(''));
  });

  it('a line tells where an instruction comes from', () => {
    const f = new FunctionBuilder(NOTHING);
    f.local('i32');
    const starts = [0, 0].map(() => {
      const at = f.length;
      f.open(OP.block);
      f.emit(OP.return);
      return at;
    });
    f.close();
    f.close();
    const code = Uint8Array.from(f.encode());
    const start = code.length - 1 - f.length;
    const origin = (offset: number): string | undefined => ['first', 'second'][starts.indexOf(offset - start)];
    const lines = ['local i32', '; first', 'block $1', '  return', '  ; second', '  block $2', '    return', '  end $2', 'end $1'];
    expect(disassembleFunction(code, { origin })).toBe(lines.map((line) => `  ${line}\n`).join(''));
  });

  it('a function that ends early is refused', () => {
    const f = new FunctionBuilder(NOTHING);
    f.emit(i32Const(1_000_000));
    expect(() => disassembleFunction(Uint8Array.from(f.encode()).subarray(0, 4))).toThrow(RangeError);
  });
});

describe('[WebAssembly 2.0 §5.5] Modules', () => {
  it('have imported functions and own ones, by their names', () => {
    const module = new ModuleBuilder();
    module.importMemory('env', 'memory');
    module.importTable('env', 'table');
    const twice = module.importFunction('env', 'twice', I32);
    const inner = module.function({ parameters: ['i64', 'i32'], results: [] });
    inner.builder.emit(OP.return);
    const { builder } = module.function(I32, 'main');
    builder.emit(localGet(0), call(twice), i64Const(0n), i32Const(0), call(inner.index), OP.callIndirect, [0, 0]);
    expect(disassembleModule(module.encode())).toBe(
      [
        'import func $twice (param i32) (result i32)',
        '',
        'func $1 (param i64 i32)',
        '  return',
        '',
        'func $main (param i32) (result i32)',
        '  local.get 0',
        '  call $twice',
        '  i64.const 0',
        '  i32.const 0',
        '  call $1',
        '  call_indirect type 0 table 0',
        '',
      ].join('\n'),
    );
  });
});

describe('Any bytes', () => {
  /** A text, or undefined if the bytes end early. */
  const attempt = (bytes: Uint8Array, disassemble: (bytes: Uint8Array) => string): string | undefined => {
    try {
      return disassemble(bytes);
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  };

  it('give a text or are refused', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = attempt(Uint8Array.from([bytes.length, 0, ...bytes]), disassembleFunction);
      expect(text ?? '').not.toMatch(/undefined|NaN/);
      attempt(bytes, disassembleModule);
    });
    fc.assert(property);
  });
});
