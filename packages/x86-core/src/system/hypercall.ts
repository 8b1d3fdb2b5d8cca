/**
 * VMCALL and VMMCALL: a call to what runs beneath the processor. [SDM 3C, "VMCALL—Call to VM Monitor"; APM 3, "VMMCALL"]
 *
 * For a guest of a virtual machine monitor either is an unconditional exit, at any privilege and in any mode; what it means, and for whom,
 * the monitor decides. Both vendors' forms are one call here, so that no guest has to be patched for the processor that it finds. Without
 * a monitor both are #UD, as on a processor outside VMX operation or with EFER.SVME clear.
 */
import type { HypercallState } from '../environment.ts';
import { VECTOR } from '../fault.ts';
import type { Processor } from '../processor.ts';
import { is64BitCode } from './descriptor.ts';
import { type SystemRoutine, systemRoutine } from './routine.ts';

const RAX = 0;
const RCX = 1;
const RDX = 2;
const RBX = 3;
const RSI = 6;
const RDI = 7;

/** Registers of one call: 32 bits of each outside 64-bit mode, and what is written there clears the upper half. */
class CallState implements HypercallState {
  readonly bits: 32 | 64;
  readonly cpl: number;
  readonly #p: Processor;

  constructor(p: Processor) {
    this.#p = p;
    this.bits = is64BitCode(p) ? 64 : 32;
    this.cpl = p.get('cpl');
  }

  get rax(): bigint {
    return this.#read(RAX);
  }
  set rax(value: bigint) {
    this.#write(RAX, value);
  }
  get rbx(): bigint {
    return this.#read(RBX);
  }
  set rbx(value: bigint) {
    this.#write(RBX, value);
  }
  get rcx(): bigint {
    return this.#read(RCX);
  }
  set rcx(value: bigint) {
    this.#write(RCX, value);
  }
  get rdx(): bigint {
    return this.#read(RDX);
  }
  set rdx(value: bigint) {
    this.#write(RDX, value);
  }
  get rsi(): bigint {
    return this.#read(RSI);
  }
  set rsi(value: bigint) {
    this.#write(RSI, value);
  }
  get rdi(): bigint {
    return this.#read(RDI);
  }
  set rdi(value: bigint) {
    this.#write(RDI, value);
  }

  #read(register: number): bigint {
    return BigInt.asUintN(this.bits, this.#p.get64('gpr', register));
  }

  #write(register: number, value: bigint): void {
    this.#p.set64('gpr', BigInt.asUintN(this.bits, value), register);
  }
}

/** #UD without a monitor; with one the call is its business. */
export const hypercall: SystemRoutine = systemRoutine('hypercall', (p) => {
  const { hypercalls } = p;
  if (hypercalls === undefined) return p.fault(VECTOR.UD);
  hypercalls.call(new CallState(p));
  return undefined;
});
