import { AddressSpace } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { CountedInterrupts, ExitCounters, type ExitSources } from './exits.ts';

const handler = { read: () => 0, write: () => {} };
const space = () => new AddressSpace('space', 0x100);

const counters = (sources: Partial<ExitSources> = {}): ExitCounters =>
  new ExitCounters({
    ports: space(),
    mmio: space(),
    instructions: () => 7n,
    now: () => 1_500_000_000n,
    halts: () => 3,
    endsOfInterrupt: () => 0,
    interruptSources: () => [],
    cards: () => [],
    connectors: () => [],
    ...sources,
  });

describe('ExitCounters', () => {
  it('adds up accesses by device, most first, and those that nobody answered', () => {
    const ports = space();
    ports.map('PIC', 0x20, 2, handler);
    ports.map('PIC', 0xa0, 2, handler);
    ports.map('PIT', 0x40, 4, handler);
    for (const port of [0x20, 0xa0, 0xa1, 0x40, 0x99]) ports.write(port, 1, 0);
    ports.read(0x20, 1);
    expect(JSON.parse(JSON.stringify(counters({ ports })))).toEqual({
      instructions: 7,
      virtualSeconds: 1.5,
      exits: { port: 6, mmio: 0, hypercall: 0, msr: 0, halt: 3, endOfInterrupt: 0, interruptWindow: 0, total: 9 },
      ports: [
        { device: 'PIC', reads: 1, writes: 3 },
        { device: 'PIT', reads: 0, writes: 1 },
        { device: 'nothing', reads: 0, writes: 1 },
      ],
      mmio: [],
      msrs: [],
      halts: 3,
      interrupts: 0,
      vectors: [],
      sources: [],
      resets: 0,
      cards: [],
      connectors: [],
    });
  });

  it('keeps what was counted at ranges that a guest has moved or hidden', () => {
    const mmio = space();
    const first = mmio.overlay('net0 BAR0', 0x10, 0x10, handler);
    mmio.write(0x10, 4, 0);
    first?.unmap();
    mmio.overlay('net0 BAR0', 0x40, 0x10, handler);
    mmio.read(0x40, 4);
    expect(counters({ mmio }).toJSON().mmio).toEqual([{ device: 'net0 BAR0', reads: 1, writes: 1 }]);
  });

  it('counts ends of interrupts apart from other accesses to memory, so that kinds add up', () => {
    const mmio = space();
    mmio.map('local APIC', 0, 0x10, handler);
    for (let i = 0; i < 5; i++) mmio.write(0, 4, 0);
    expect(counters({ mmio, endsOfInterrupt: () => 2, halts: () => 0 }).toJSON().exits).toMatchObject({
      mmio: 3,
      endOfInterrupt: 2,
      total: 5,
    });
  });

  it('counts accesses to model-specific registers by name, and hypercalls', () => {
    const exits = counters();
    const written: bigint[] = [];
    const msrs = exits.countMsrs(
      new Map([
        [0x6e0, { read: () => 9n, write: (value: bigint) => written.push(value) > 0 }],
        [0x123, { read: () => 0n, write: () => false }],
      ]),
    );
    expect([msrs.get(0x6e0)?.read(), msrs.get(0x6e0)?.write(5n), msrs.get(0x123)?.write(1n)]).toEqual([9n, true, false]);
    expect(written).toEqual([5n]);
    const hypercalls = exits.countHypercalls({ call: () => {}, cpuid: (leaf) => [leaf, 0, 0, 0] });
    hypercalls.call({ rax: 0n, rbx: 0n, rcx: 0n, rdx: 0n, rsi: 0n, rdi: 0n, bits: 64, cpl: 0 });
    expect(hypercalls.cpuid?.(0x4000_0100, 0)).toEqual([0x4000_0100, 0, 0, 0]);
    expect(exits.toJSON()).toMatchObject({
      exits: { msr: 3, hypercall: 1 },
      msrs: [
        { device: 'IA32_TSC_DEADLINE', reads: 1, writes: 1 },
        { device: '0x123', reads: 0, writes: 1 },
      ],
    });
  });

  it('lists interrupts by vector and by source, most first', () => {
    const exits = counters({
      interruptSources: () => [
        { name: 'silent', count: 0 },
        { name: 'PIT', count: 2 },
        { name: 'net0', count: 4 },
      ],
    });
    for (const vector of [0x30, 0x22, 0x22]) exits.delivered(vector);
    expect(exits.toJSON()).toMatchObject({
      interrupts: 3,
      vectors: [
        { name: '0x22', count: 2 },
        { name: '0x30', count: 1 },
      ],
      sources: [
        { name: 'net0', count: 4 },
        { name: 'PIT', count: 2 },
      ],
    });
  });
});

describe('An interrupt window', () => {
  const wires = () => {
    const exits = counters();
    const queue: number[] = [];
    const wire = new CountedInterrupts(
      { acknowledge: () => queue.shift() ?? -1, taskPriority: 0, setTaskPriority: () => {} },
      exits,
      () => false,
    );
    return { exits, queue, wire };
  };

  it('is waited for when an interrupt comes while the guest takes none', () => {
    const { exits, wire } = wires();
    wire.raised(true);
    expect(exits.interruptWindows).toBe(0);
    wire.raised(false);
    expect(exits.interruptWindows).toBe(1);
  });

  it('is waited for when one interrupt is taken while another is there', () => {
    const { exits, queue, wire } = wires();
    queue.push(0x31, 0x30);
    wire.raised(true);
    expect(wire.acknowledge()).toBe(0x31);
    expect(exits.interruptWindows).toBe(1);
    wire.high = false;
    expect([wire.acknowledge(), wire.acknowledge()]).toEqual([0x30, -1]);
    expect([exits.interruptWindows, exits.toJSON().interrupts]).toEqual([1, 2]);
  });
});
