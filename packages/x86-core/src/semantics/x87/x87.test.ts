/**
 * x87 instructions in real mode, on both engines: what the recorded vectors cannot show (pointers, real-mode images, #NM and #MF at the
 * right instruction, accuracy of the transcendental functions).
 */
import { AddressSpace } from '@paravirt/bus';
import { beforeEach, describe, expect, it } from 'vitest';
import { Cpu, type EngineName } from '../../cpu.ts';
import { CpuMemory } from '../../cpu-memory.ts';

const CODE = 0x8000;
const DATA = 0x500;
const HANDLER = 0x7000;
const HLT = 0xf4;
/** CR0 with NE, so that a waiting exception is #MF. */
const CR0_NE = 0x20n;

class Machine {
  readonly memory = new CpuMemory({ ram: [{ address: 0, size: 0x1_0000 }] });
  readonly cpu: Cpu;

  constructor(engine: EngineName) {
    const [ports, mmio] = [new AddressSpace('ports', 0x1_0000), new AddressSpace('memory', 2 ** 40)];
    this.cpu = new Cpu({ memory: this.memory, ports, mmio, engine });
    for (let vector = 0; vector < 32; vector++) {
      this.memory.ram.writeU32(4 * vector, HANDLER + vector);
      this.memory.ram.writeU8(HANDLER + vector, HLT);
    }
    this.reset();
  }

  reset(): void {
    const { registers: r } = this.cpu;
    this.cpu.reset();
    r.cr0 |= CR0_NE;
    for (const name of ['CS', 'DS', 'SS'] as const) r.setSegment(name, { ...r.segment(name), selector: 0, base: 0n });
    r.rsp = 0x7000n;
  }

  /** Runs FNINIT and the bytes, up to HLT. */
  run(...bytes: number[]): this {
    this.memory.ram.write(CODE, Uint8Array.from([0xdb, 0xe3, ...bytes, HLT]));
    this.cpu.registers.rip = BigInt(CODE);
    while (this.cpu.run(1000).kind === 'budget');
    return this;
  }

  /** The exception that ended it. */
  get vector(): number | undefined {
    const at = Number(this.cpu.registers.rip) - 1 - HANDLER;
    return at >= 0 && at < 32 ? at : undefined;
  }

  bytes(offset: number, count: number): number[] {
    const into = new Uint8Array(count);
    this.memory.ram.read(DATA + offset, into);
    return [...into];
  }

  u16(offset: number): number {
    return this.memory.ram.readU16(DATA + offset);
  }

  f64(offset: number, value?: number): number {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    if (value === undefined) this.memory.ram.read(DATA + offset, bytes);
    else {
      view.setFloat64(0, value, true);
      this.memory.ram.write(DATA + offset, bytes);
    }
    return view.getFloat64(0, true);
  }
}

/** Instruction with a 16-bit absolute address: opcode, ModRM.reg, offset from DATA. */
const at = (opcode: number, reg: number, offset: number): number[] => {
  const address = DATA + offset;
  return [opcode, (reg << 3) | 6, address & 0xff, address >> 8];
};
const fldQ = (offset: number): number[] => at(0xdd, 0, offset);
const fstpQ = (offset: number): number[] => at(0xdd, 3, offset);
const fnstsw = (offset: number): number[] => at(0xdd, 7, offset);
const fldcw = (offset: number): number[] => at(0xd9, 5, offset);
const fnstenv = (offset: number): number[] => at(0xd9, 6, offset);
const fldenv = (offset: number): number[] => at(0xd9, 4, offset);
const FLD1 = [0xd9, 0xe8];
const FLDZ = [0xd9, 0xee];
const FWAIT = 0x9b;
const FDIVP = [0xde, 0xf9];
const FADDP = [0xde, 0xc1];

describe.each<EngineName>(['reference', 'interpreter'])('x87 on the %s', (engine) => {
  const m = new Machine(engine);
  beforeEach(() => m.reset());

  describe('[SDM 1 §8.6] x87 FPU exception handling', () => {
    it('raises #MF at the next waiting instruction, not at the one that failed', () => {
      m.memory.ram.writeU16(DATA, 0x37b);
      m.run(...fldcw(0), ...FLD1, ...FLDZ, ...FDIVP, ...fnstsw(2), FWAIT, ...FLD1);
      expect(m.vector).toBe(16);
      // ES, B and ZE; the operands are still there: TOP is 6.
      expect(m.u16(2)).toBe(0xb084);
      const [ip] = [m.memory.ram.readU16(0x7000 - 6)];
      expect(ip).toBe(CODE + 2 + 4 + 2 + 2 + 2 + 4);
    });

    it('forgets a waiting exception with FNCLEX', () => {
      m.memory.ram.writeU16(DATA, 0x37b);
      m.run(...fldcw(0), ...FLD1, ...FLDZ, ...FDIVP, 0xdb, 0xe2, FWAIT, ...fnstsw(2));
      expect(m.vector).toBeUndefined();
      expect(m.u16(2)).toBe(0x3000);
    });

    it('gives the indefinite number for an empty register, and sets SF and not C1', () => {
      m.run(...FADDP, ...fnstsw(0), ...fstpQ(8));
      expect(m.u16(0) & 0x6ff).toBe(0x41);
      expect(m.bytes(8, 8)).toEqual([0, 0, 0, 0, 0, 0, 0xf8, 0xff]);
    });

    it('sets SF and C1 when the ninth number is loaded', () => {
      m.run(...Array.from({ length: 9 }, () => FLD1).flat(), ...fnstsw(0));
      expect(m.u16(0)).toBe(0x3a41);
    });
  });

  describe('[SDM 3A, Table 2-2] CR0.TS, CR0.EM, CR0.MP', () => {
    it.each([
      ['TS', 8n, FLD1, 7],
      ['EM', 4n, FLD1, 7],
      ['TS, with FWAIT', 8n, [FWAIT], undefined],
      ['TS and MP, with FWAIT', 10n, [FWAIT], 7],
      ['EM, with FWAIT', 4n, [FWAIT], undefined],
    ] as const)('raises #NM as the table says: %s', (_, bits, code, vector) => {
      // MOV CR0, EAX between FNINIT and the code.
      m.cpu.registers.rax = (m.cpu.registers.cr0 & ~14n) | bits;
      m.run(0x0f, 0x22, 0xc0, ...code);
      expect(m.vector).toBe(vector);
    });
  });

  describe('[SDM 1 §8.1.10] Environment', () => {
    it('has 14 bytes with linear addresses in 16-bit real mode', () => {
      m.f64(0, 1.5);
      m.run(...fldQ(0), ...FLDZ, ...fnstenv(0x20));
      expect([0, 2, 4, 6, 8, 10, 12].map((i) => m.u16(0x20 + i))).toEqual([0x37f, 0x3000, 0x1fff, CODE + 6, 0, DATA, 0]);
    });

    it('has 28 bytes with operand size 32, and masks exceptions once stored', () => {
      m.memory.ram.writeU16(DATA, 0x340);
      m.run(...fldcw(0), ...FLD1, 0x66, ...fnstenv(0x20), ...at(0xd9, 7, 4));
      expect([0, 4, 8, 12].map((i) => m.u16(0x20 + i))).toEqual([0x340, 0x3800, 0x3fff, CODE + 6]);
      expect(m.u16(0x22)).toBe(0xffff);
      expect(m.u16(4)).toBe(0x37f);
    });

    it('comes back with FLDENV', () => {
      m.run(...FLD1, ...FLDZ, ...fnstenv(0x20), 0xdb, 0xe3, ...fldenv(0x20), ...fnstenv(0x40), ...FADDP, ...fstpQ(0));
      expect(m.bytes(0x40, 14)).toEqual(m.bytes(0x20, 14));
      expect(m.f64(0)).toBe(1);
    });

    it('keeps all registers through FNSAVE and FRSTOR, and through FXSAVE and FXRSTOR', () => {
      m.f64(0, Math.PI);
      const load = [...fldQ(0), ...FLD1, ...FLDZ];
      m.run(...load, ...at(0xdd, 6, 0x100), ...at(0xdd, 4, 0x100), ...FADDP, ...fstpQ(8), ...fstpQ(16));
      expect([m.f64(8), m.f64(16)]).toEqual([1, Math.PI]);
      m.reset();
      m.run(
        ...load,
        0x0f,
        0xae,
        ...at(0, 0, 0x100).slice(1),
        0xdb,
        0xe3,
        0x0f,
        0xae,
        ...at(0, 1, 0x100).slice(1),
        ...FADDP,
        ...fstpQ(24),
        ...fstpQ(32),
      );
      expect([m.f64(24), m.f64(32)]).toEqual([1, Math.PI]);
    });
  });

  describe('[SDM 1 §8.3.10] Accuracy of the transcendental instructions', () => {
    const functions: [string, number[], (x: number) => number, number[]][] = [
      ['FSIN', [0xd9, 0xfe], Math.sin, [0.5, -1, 2, 3.5, 6, 100.25]],
      ['FCOS', [0xd9, 0xff], Math.cos, [0.5, -1, 2, 3.5, 6, 100.25]],
      ['FPTAN', [0xd9, 0xf2, 0xdd, 0xd8], Math.tan, [0.25, -1, 2, 1e-9]],
      ['FPATAN with 1', [...FLD1, 0xd9, 0xf3], Math.atan, [0.25, -1, 7, 1e-9, 1e9, -0.07]],
      ['F2XM1', [0xd9, 0xf0], (x) => Math.expm1(x * Math.LN2), [0.5, -0.5, 0.99, 1e-12]],
      ['FYL2X of 1', [...FLD1, 0xd9, 0xc9, 0xd9, 0xf1], Math.log2, [3, 0.1, 1.0001, 12345.678, 8]],
      ['FYL2XP1 of 1', [...FLD1, 0xd9, 0xc9, 0xd9, 0xf9], (x) => Math.log1p(x) / Math.LN2, [0.25, -0.25, 1e-10]],
    ];
    it.each(functions)('%s agrees with the host', (_, code, compute, values) => {
      for (const value of values) {
        m.reset();
        m.f64(0, value);
        m.run(...fldQ(0), ...code, ...fstpQ(8));
        const want = compute(value);
        // The host may be off by a unit of its own last place.
        expect(Math.abs(m.f64(8) - want)).toBeLessThanOrEqual(Math.abs(want) * 2 ** -51);
      }
    });

    it('reduces angles by a π of 66 bits: of FLDPI, a quarter of a last place above it, the sine is −2^-64', () => {
      m.run(0xd9, 0xeb, 0xd9, 0xfe, ...at(0xdb, 7, 0));
      expect(m.bytes(0, 10)).toEqual([0, 0, 0, 0, 0, 0, 0, 0x80, 0xbf, 0xbf]);
    });

    it('sets C2 and leaves the number alone from 2^63 on', () => {
      m.f64(0, 2 ** 63);
      m.run(...fldQ(0), 0xd9, 0xfe, ...fnstsw(16), ...fstpQ(8));
      expect(m.u16(16) & 0x400).toBe(0x400);
      expect(m.f64(8)).toBe(2 ** 63);
    });
  });

  describe('[SDM 2A, "FPREM"] Partial remainder', () => {
    /** FPREM until C2 is clear: FNSTSW AX, SAHF, JP back. */
    const whole = [0xd9, 0xf8, 0xdf, 0xe0, 0x9e, 0x7a, 0xf9];
    it.each([
      [1e300, 7],
      [-1e300, 3.5],
      [12345.678, 0.1],
      [5, 8],
    ])('of %d and %d is the remainder of the host', (a, b) => {
      m.f64(0, a);
      m.f64(8, b);
      m.run(...fldQ(8), ...fldQ(0), ...whole, ...fstpQ(16));
      expect(m.f64(16)).toBe(a % b);
    });
  });

  describe('[SDM 1 §4.7] Packed decimal', () => {
    it('comes back as it was loaded', () => {
      const digits = [0x89, 0x67, 0x45, 0x23, 0x01, 0x98, 0x76, 0x54, 0x32, 0x80];
      m.memory.ram.write(DATA, Uint8Array.from(digits));
      m.run(...at(0xdf, 4, 0), ...at(0xdf, 6, 16));
      expect(m.bytes(16, 10)).toEqual(digits);
    });
  });
});
