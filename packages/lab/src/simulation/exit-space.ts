/** An address space as a guest's processor reaches it: every access is an exit, and what answers it works within. */
import { AddressSpace, type Width } from '@paravirt/bus';
import type { Vcpu } from './vcpu.ts';

/** Who answers an access: the host's kernel, or its user space, which is one more way there and back. */
export type Answers = (address: number) => 'kernel' | 'user';

export class ExitSpace extends AddressSpace {
  /** Accesses by the guest. */
  accesses = 0;
  readonly #vcpu: Vcpu;
  readonly #kind: 'port' | 'mmio';
  readonly #answers: Answers;

  constructor(kind: 'port' | 'mmio', size: number, vcpu: Vcpu, answers: Answers) {
    super(kind === 'port' ? 'ports' : 'mmio', size);
    this.#vcpu = vcpu;
    this.#kind = kind;
    this.#answers = answers;
  }

  override read(address: number, width: Width): number {
    this.accesses++;
    return this.#vcpu.exit(this.#kind, this.#answers(address) === 'user', () => super.read(address, width));
  }

  override write(address: number, width: Width, value: number): void {
    this.accesses++;
    this.#vcpu.exit(this.#kind, this.#answers(address) === 'user', () => super.write(address, width, value));
  }
}
