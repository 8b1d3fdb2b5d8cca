import { ALL_ONES, ConfigurationError, type Width } from '@paravirt/bus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findFunctions } from './enumeration.ts';
import { PciFunction } from './function.ts';
import { createHostBridge } from './host-bridge.ts';
import { HOTPLUG_EJECT, HOTPLUG_INSERTED, HOTPLUG_PRESENT, HOTPLUG_REMOVAL, HotplugSlots } from './hotplug.ts';
import { PciBus } from './pci-bus.ts';
import { assignAddresses, createTestBus, setCommand } from './testing.ts';
import { COMMAND_BUS_MASTER } from './type0-header.ts';

const card = (name = 'card'): PciFunction =>
  new PciFunction({
    name,
    vendorId: 0x1af4,
    deviceId: 0x1041,
    classCode: 0x02_00_00,
    interruptPin: 1,
    bars: [{ index: 0, kind: 'memory64', size: 0x4000 }],
    msix: { vectors: 2, bar: 0 },
  });

function makeSlots() {
  const test = createTestBus();
  test.bus.plug(0, 0, createHostBridge());
  const log: string[] = [];
  const slots = new HotplugSlots({
    bus: test.bus,
    event: () => log.push(`event ${findFunctions(test.config).map(({ device }) => device)}`),
  });
  slots.onEject = (device, functions) => log.push(`eject ${device} ${functions.map(({ name }) => name)}`);
  const take = (): readonly string[] => log.splice(0);
  const registers = (): readonly number[] =>
    [HOTPLUG_INSERTED, HOTPLUG_REMOVAL, HOTPLUG_PRESENT, HOTPLUG_EJECT].map((at) => slots.read(at, 4));
  return { ...test, slots, take, registers };
}

const code = (run: () => unknown): string => {
  try {
    run();
    return 'done';
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as ConfigurationError).code;
  }
};

describe('[ACPI 6.5 §5.6.6] Device Check', () => {
  it('TP-22: a device is complete on the bus before the guest is told of it', () => {
    const { slots, take, registers } = makeSlots();
    expect(slots.add(card())).toEqual({ bus: 0, device: 1, function: 0 });
    expect(take()).toEqual(['event 0,1']);
    expect([registers(), slots.state(1)]).toEqual([[0b10, 0, 0b10, 0], 'inserted']);
    slots.write(HOTPLUG_INSERTED, 4, 0b10);
    expect([registers(), slots.state(1)]).toEqual([[0, 0, 0b10, 0], 'occupied']);
  });

  it('goes to the first empty slot, or where it is wanted; slot 31 is the last', () => {
    const { slots, registers } = makeSlots();
    expect([slots.add(card()).device, slots.add(card(), 31).device, slots.add(card()).device]).toEqual([1, 31, 2]);
    expect(registers()[2]).toBe(0x8000_0006);
    expect([code(() => slots.add(card(), 31)), code(() => slots.add(card(), 0)), code(() => slots.add(card(), 32))]).toEqual([
      'slot-taken',
      'bad-slot',
      'bad-slot',
    ]);
    for (let n = 3; n < 31; n++) slots.add(card());
    expect(code(() => slots.add(card()))).toBe('no-slot');
  });
});

describe('[ACPI 6.5 §6.3.3] _EJx (Eject)', () => {
  it('a device that was asked for stays until the guest ejects it', () => {
    const { slots, take, registers, bus } = makeSlots();
    const nic = card();
    slots.add(nic, 3);
    slots.write(HOTPLUG_INSERTED, 4, 8);
    take();
    expect(slots.requestRemoval(3)).toBe(true);
    expect([take(), registers(), slots.state(3)]).toEqual([['event 0,3'], [0, 8, 8, 0], 'removal-requested']);
    slots.write(HOTPLUG_REMOVAL, 4, 8);
    expect([registers(), slots.state(3), bus.at(3, 0)]).toEqual([[0, 0, 8, 0], 'removal-requested', nic]);
    slots.write(HOTPLUG_EJECT, 4, 8);
    expect([take(), registers(), slots.state(3), bus.at(3, 0)]).toEqual([['eject 3 card'], [0, 0, 0, 0], 'empty', undefined]);
    // The same card in another slot.
    expect(slots.add(nic, 4).device).toBe(4);
  });

  it('the guest may eject without being asked, but never the host bridge or what is not there', () => {
    const { slots, take, bus } = makeSlots();
    slots.add(card('a'), 1);
    slots.add(card('b'), 9);
    take();
    slots.write(HOTPLUG_EJECT, 4, 0xffff_ffff);
    expect([take(), findFunctions(bus).map(({ device }) => device)]).toEqual([['eject 1 a', 'eject 9 b'], [0]]);
    expect([slots.requestRemoval(1), slots.requestRemoval(0), slots.requestRemoval(-1), slots.requestRemoval(1.5), slots.eject(0)]).toEqual(
      [false, false, false, false, false],
    );
    expect(take()).toEqual([]);
  });

  it('TP-22: what is pulled reaches neither memory nor interrupts any more', () => {
    const { slots, config, memory, messages, pirqs } = makeSlots();
    const nic = card();
    slots.add(nic, 3);
    assignAddresses(config, { io: { base: 0xc000, size: 0x1000 }, memory32: { base: 0xe000_0000, size: 0x1000_0000 } });
    setCommand(config, { bus: 0, device: 3, function: 0 }, COMMAND_BUS_MASTER);
    nic.intx.raise();
    expect([nic.dma.contains(0, 8), pirqs[3].high, memory.at(0xe000_0000)?.name]).toEqual([true, true, 'card BAR0']);
    expect(slots.eject(3)).toBe(true);
    nic.intx.raise();
    nic.signal(0);
    nic.dma.writeU32(0x100, 1);
    expect([nic.dma.contains(0, 8), pirqs[3].high, memory.at(0xe000_0000), messages.take()]).toEqual([false, false, undefined, []]);
    expect(config.readConfig({ bus: 0, device: 3, function: 0 }, 0, 4)).toBe(0xffff_ffff);
  });

  it('takes all functions of a device', () => {
    const bus = new PciBus();
    for (const number of [0, 1, 5]) bus.plug(2, number, card(`2.${number}`));
    expect(bus.unplug(2).map(({ name }) => name)).toEqual(['2.0', '2.1', '2.5']);
    const first = card('again');
    bus.plug(2, 0, first);
    expect([first.config.read(0x0e, 1), bus.unplug(7), bus.unplug(-1)]).toEqual([0, [], []]);
  });
});

describe('Reset', () => {
  it('takes away what the guest was asked for, and forgets what it was to be told', () => {
    const { slots, take, registers } = makeSlots();
    slots.add(card('stays'), 1);
    slots.add(card('goes'), 2);
    slots.add(card('acknowledged'), 3);
    slots.requestRemoval(2);
    slots.requestRemoval(3);
    slots.write(HOTPLUG_REMOVAL, 4, 8);
    take();
    slots.reset();
    expect([take(), registers(), slots.state(1)]).toEqual([['eject 2 goes', 'eject 3 acknowledged'], [0, 0, 0b10, 0], 'occupied']);
  });
});

describe('A guest and a host that do anything to the slots', () => {
  const width = fc.constantFrom<Width[]>(1, 2, 4);
  const device = fc.integer({ min: -1, max: 33 });
  const operation = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('add' as const), device: fc.integer({ min: 1, max: 31 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('request' as const), device }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('eject' as const), device }) },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('access' as const),
        offset: fc.nat(20),
        width,
        value: fc.integer({ min: 0, max: 0xffff_ffff }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const) }) },
  );

  it('TP-23: accesses of any width end in a state, and what is present is on the bus', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const { slots, bus, registers } = makeSlots();
        let cards = 0;
        slots.onEject = (_, functions) => {
          cards -= functions.length;
        };
        for (const op of operations) {
          if (op.kind === 'add') {
            if (slots.state(op.device) === 'empty') {
              slots.add(card(), op.device);
              cards++;
            }
          } else if (op.kind === 'request') slots.requestRemoval(op.device);
          else if (op.kind === 'eject') slots.eject(op.device);
          else if (op.kind === 'reset') slots.reset();
          else {
            const value = slots.read(op.offset, op.width);
            expect(Number.isInteger(value) && value >= 0 && value <= ALL_ONES[op.width]).toBe(true);
            slots.write(op.offset, op.width, op.value % (ALL_ONES[op.width] + 1));
          }
          const [inserted = 0, removal = 0, present = 0, eject] = registers();
          expect([eject, (inserted | removal) & ~present]).toEqual([0, 0]);
          const there = findFunctions(bus).map((address) => address.device);
          expect(there).toEqual([0, ...Array.from({ length: 31 }, (_, i) => i + 1).filter((n) => ((present >>> n) & 1) === 1)]);
          expect(there.length).toBe(cards + 1);
        }
      }),
      { numRuns: 300 },
    );
  });
});
