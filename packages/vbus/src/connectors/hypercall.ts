/**
 * The hypercall connector: virtual-bus as it was in March 2009, found by CPUID, spoken to by VMCALL or VMMCALL, answering with a vector
 * that the guest chose ("dynirq"). Its ABI is docs/vbus-hypercall.md. [vbus v1]
 *
 * The object is what a CPU asks for hypercalls and for its CPUID leaves 4000_0000H to 4000_FFFFH. Everything behind the wire is in
 * bridge-session.ts.
 */
import type { RingEvent, TraceSink } from '@paravirt/bus';
import { VBUS_BRIDGE_NEGOTIATE, VBUS_BRIDGE_QREG } from '../abi.ts';
import type { Vbus } from '../bus.ts';
import { EINVAL, ENOSYS, EPERM } from '../errno.ts';
import type { ClientMemory } from '../shared-region.ts';
import { BridgeSession, type ConnectorCounters } from './bridge-session.ts';
import type { ConnectorEvent } from './trace.ts';

/** First leaf of the range in which the wire is announced. */
export const VBUS_CPUID_BASE = 0x4000_0100;
/** `Vbus`, three times: EBX, ECX and EDX of the first leaf. */
export const VBUS_CPUID_SIGNATURE = 0x7375_6256;
export const VBUS_HYPERCALL_VERSION = 1;
/** Feature bit in EBX of the second leaf: DYNIRQ. */
export const VBUS_HYPERCALL_DYNIRQ = 1;

/** Numbers of the calls, in RAX. */
export const VBUS_HC_BRIDGECALL = 0x5642_0000;
export const VBUS_HC_BUSCALL = 0x5642_0001;
export const VBUS_HC_SHMSIGNAL = 0x5642_0002;
export const VBUS_HC_EVENTQ = 0x5642_0003;
export const VBUS_HC_DYNIRQ_SET = 0x5642_0004;
export const VBUS_HC_DYNIRQ_MASK = 0x5642_0005;
export const VBUS_HC_DYNIRQ_CLEAR = 0x5642_0006;
/** Flag of DYNIRQ_SET: the destination is a set of logical ids. */
export const VBUS_DYNIRQ_LOGICAL = 1;

/** Vectors below are exceptions; a local APIC refuses them. */
const FIRST_VECTOR = 16;
const LAST_VECTOR = 255;

/** What the connector needs of a call: registers as the caller's mode shows them, unsigned. */
export interface HypercallRegisters {
  rax: bigint;
  readonly rbx: bigint;
  readonly rcx: bigint;
  readonly rdx: bigint;
  readonly rsi: bigint;
  /** Privilege level of the caller, 0 to 3. */
  readonly cpl: number;
}

export interface VbusHypercallsOptions {
  readonly bus: Vbus;
  /** The guest's. */
  readonly memory: ClientMemory;
  /** Runs something soon, after the present call (a tasklet). */
  readonly defer: (run: () => void) => void;
  /**
   * A fixed, edge-triggered interrupt to local APICs. `vector` is within 16 to 255; `destination` is a physical APIC id or, if `logical`, a
   * set of logical ids; whoever is not there drops it.
   */
  readonly inject: (vector: number, destination: number, logical: boolean) => void;
  /** For people. Default: `vbus-hypercalls`. */
  readonly name?: string;
  /** False: every signal of a device is an interrupt of its own, whatever the guest has not finished with. Default true. */
  readonly aggregation?: boolean;
  /** Told of interrupts as they are injected. */
  readonly ringTrace?: TraceSink<RingEvent>;
  readonly trace?: TraceSink<ConnectorEvent>;
}

/** Where the interrupt of the event queue goes. */
interface Route {
  readonly vector: number;
  readonly destination: number;
  readonly logical: boolean;
}

export class VbusHypercalls {
  readonly #session: BridgeSession;
  readonly #name: string;
  readonly #inject: VbusHypercallsOptions['inject'];
  readonly #ringTrace: TraceSink<RingEvent> | undefined;
  #route: Route | undefined = undefined;
  #masked = false;
  /** An interrupt that could not be injected when it came. */
  #held = false;

  constructor(options: VbusHypercallsOptions) {
    const { bus, memory, defer, inject, name = 'vbus-hypercalls', aggregation = true, ringTrace, trace } = options;
    this.#name = name;
    this.#inject = inject;
    this.#ringTrace = ringTrace;
    this.#session = new BridgeSession({
      connector: name,
      bus,
      memory,
      defer,
      interrupt: () => this.#interrupt(),
      aggregation,
      isRaised: () => this.#held,
      trace,
    });
  }

  get counters(): ConnectorCounters {
    return this.#session.counters;
  }

  /** A VMCALL or VMMCALL of the guest: RAX ← the result. */
  call(registers: HypercallRegisters): void {
    registers.rax = BigInt(registers.cpl === 0 ? this.#call(registers) : -EPERM);
  }

  /** EAX, EBX, ECX and EDX of a leaf of this wire; undefined for all others. */
  cpuid(leaf: number): readonly [number, number, number, number] | undefined {
    if (leaf === VBUS_CPUID_BASE) return [leaf + 1, VBUS_CPUID_SIGNATURE, VBUS_CPUID_SIGNATURE, VBUS_CPUID_SIGNATURE];
    if (leaf === VBUS_CPUID_BASE + 1) return [VBUS_HYPERCALL_VERSION, VBUS_HYPERCALL_DYNIRQ, VBUS_HC_BRIDGECALL, 0];
    return undefined;
  }

  /** Everything that the guest set up is gone; it is told nothing. */
  reset(): void {
    this.#clearRoute();
    this.#session.reset('reset');
  }

  #call(registers: HypercallRegisters): number {
    const rbx = Number(registers.rbx);
    switch (Number(registers.rax)) {
      case VBUS_HC_SHMSIGNAL:
        this.#session.signal(rbx);
        return 0;
      case VBUS_HC_EVENTQ:
        this.#session.kick(rbx);
        return 0;
      case VBUS_HC_BUSCALL:
        return this.#session.busCall(rbx, Number(registers.rcx), Number(registers.rdx));
      case VBUS_HC_BRIDGECALL:
        return this.#bridgeCall(rbx, Number(registers.rcx), Number(registers.rdx));
      case VBUS_HC_DYNIRQ_SET:
        return this.#setRoute(rbx, Number(registers.rcx), Number(registers.rdx), Number(registers.rsi));
      case VBUS_HC_DYNIRQ_MASK:
        return this.#setMask(rbx, Number(registers.rcx));
      case VBUS_HC_DYNIRQ_CLEAR:
        if (rbx !== 0) return -EINVAL;
        this.#clearRoute();
        return 0;
      default:
        this.#session.ignored('no such hypercall', Number(registers.rax));
        return -ENOSYS;
    }
  }

  #bridgeCall(vector: number, address: number, length: number): number {
    if (vector !== VBUS_BRIDGE_NEGOTIATE && vector !== VBUS_BRIDGE_QREG) return this.#session.answerBridgeCall(vector, () => -EINVAL);
    const result = this.#session.bridgeCall(vector, address, length);
    if (vector === VBUS_BRIDGE_NEGOTIATE && result >= 0) this.#clearRoute();
    return result;
  }

  #setRoute(irq: number, vector: number, destination: number, flags: number): number {
    if (irq !== 0 || vector < FIRST_VECTOR || vector > LAST_VECTOR || destination >= 2 ** 32) return -EINVAL;
    if (flags !== 0 && flags !== VBUS_DYNIRQ_LOGICAL) return -EINVAL;
    this.#route = { vector, destination, logical: flags === VBUS_DYNIRQ_LOGICAL };
    this.#injectHeld();
    return 0;
  }

  #setMask(irq: number, mask: number): number {
    if (irq !== 0 || mask > 1) return -EINVAL;
    this.#masked = mask === 1;
    this.#injectHeld();
    return 0;
  }

  #clearRoute(): void {
    this.#route = undefined;
    this.#masked = false;
    this.#held = false;
  }

  #interrupt(): void {
    this.#held = true;
    this.#injectHeld();
  }

  #injectHeld(): void {
    if (!this.#held || this.#masked || this.#route === undefined) return;
    this.#held = false;
    const { vector, destination, logical } = this.#route;
    this.#ringTrace?.({ kind: 'interrupt', source: this.#name });
    this.#inject(vector, destination, logical);
  }
}
