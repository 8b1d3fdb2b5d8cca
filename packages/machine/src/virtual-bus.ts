/**
 * The machine's second bus: a container and a bus for each wire by which the guest can reach one.
 *
 *   pci         behind a function of the PCI bus, which interrupts by a message or its pin
 *   hypercall   found by CPUID, called by VMCALL, interrupts by a vector of the guest's choice in the local APIC
 *
 * A bus has the name of its wire. Work that is put off is a timer that is due at once: it runs between instructions, in deterministic order.
 */
import type { Clock, GuestMemory, RingEvent, TraceSink } from '@paravirt/bus';
import type { PciFunction } from '@paravirt/pci';
import { MappedMemory, type Vbus, VbusHost, VbusHypercalls, VbusPciBridge } from '@paravirt/vbus';
import type { VbusOptions } from './card-options.ts';
import type { ConnectorReport } from './card-report.ts';

export type Wire = 'pci' | 'hypercall';

export interface VirtualBusOptions {
  readonly wires: readonly Wire[];
  readonly options: VbusOptions | undefined;
  readonly ringTrace: TraceSink<RingEvent> | undefined;
  readonly ram: GuestMemory;
  readonly clock: Clock;
  /** A fixed, edge-triggered interrupt to the local APIC. */
  readonly inject: (vector: number, destination: number, logical: boolean) => void;
}

export class VirtualBus {
  /** What the administrator works on. */
  readonly host: VbusHost = new VbusHost();
  /** To be plugged into PCI; undefined without that wire. */
  readonly bridge: PciFunction | undefined;
  /** To be given to the CPU; undefined without that wire. */
  readonly hypercalls: VbusHypercalls | undefined;
  /** Interrupts injected directly. */
  injected = 0;
  readonly #connectors = new Map<Wire, { readonly name: string; readonly end: VbusPciBridge | VbusHypercalls }>();

  constructor({ wires, options = {}, ringTrace, ram, clock, inject }: VirtualBusOptions) {
    const { aggregation, ...bridge } = options;
    const shared = { ...(aggregation === undefined ? {} : { aggregation }), ...(ringTrace === undefined ? {} : { ringTrace }) };
    const memory = new MappedMemory(ram);
    const defer = (run: () => void): void => void clock.schedule(clock.now(), run);
    if (wires.includes('pci')) {
      const name = 'vbus-bridge';
      const end = new VbusPciBridge({ bus: this.#makeBus('pci'), memory, clock, defer, name, ...shared, ...bridge });
      this.bridge = end.function;
      this.#connectors.set('pci', { name, end });
    }
    if (wires.includes('hypercall')) {
      const name = 'vbus-hypercalls';
      const count: typeof inject = (vector, destination, logical) => {
        this.injected++;
        inject(vector, destination, logical);
      };
      this.hypercalls = new VbusHypercalls({ bus: this.#makeBus('hypercall'), memory, defer, inject: count, name, ...shared });
      this.#connectors.set('hypercall', { name, end: this.hypercalls });
    }
  }

  /** As after power-on, seen from the guest; what is linked stays. The bridge is reset with its function. */
  reset(): void {
    this.hypercalls?.reset();
  }

  has(wire: Wire): boolean {
    return this.#connectors.has(wire);
  }

  /** Interrupts for one signal of a device on a bus, 0 to 1; 0 before the first signal. */
  interruptsPerSignal(wire: Wire): number {
    const counters = this.#connectors.get(wire)?.end.counters;
    return counters === undefined || counters.events.signals === 0 ? 0 : counters.interrupts / counters.events.signals;
  }

  report(): ConnectorReport[] {
    return [...this.#connectors].map(([wire, { name, end }]) => {
      const { bridgeCalls, busCalls, kicks, signals, interrupts, events } = end.counters;
      return {
        connector: name,
        bus: wire,
        wire,
        bridgeCalls,
        busCalls,
        kicks,
        doorbells: signals,
        events: events.events,
        signals: events.signals,
        interrupts,
        coalesced: { same: events.coalescedSame, other: events.coalescedOther },
        signalsPerInterrupt: interrupts === 0 ? undefined : events.signals / interrupts,
      };
    });
  }

  #makeBus(name: Wire): Vbus {
    this.host.createBus(name);
    return this.host.buses.get(name) as Vbus;
  }
}
