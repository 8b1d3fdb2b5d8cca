/** What is on both buses, and network cards: their cables, their coming and going. */
import type { NetworkCard, Pc } from '@paravirt/machine';
import { suggestion } from '../run/usage-error.ts';
import { CommandError } from './command-error.ts';
import { done, lines, type MonitorCommand } from './monitor-command.ts';
import type { Json } from './protocol.ts';

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** @throws CommandError `no-card` */
function findCard(pc: Pc, name: string): NetworkCard {
  const card = pc.cards.find(name);
  if (card !== undefined) return card;
  const known = pc.cards.list.map((each) => each.name);
  throw new CommandError('no-card', `there is no card "${name}"${known.length === 0 ? '' : suggestion(name, known)}`);
}

const describeCard = (card: NetworkCard) => ({
  name: card.name,
  model: card.model,
  bus: card.bus,
  place: card.place,
  mac: [...card.device.mac].map((byte) => hex(byte, 2)).join(':'),
  link: card.linkUp ? 'up' : 'down',
});

/** Devices on the PCI bus. */
const pciDevices = (pc: Pc) =>
  pc.pci.topology.map(({ address, name, vendorId, deviceId, interruptMode }) => ({
    bus: 'pci',
    place: `${hex(address.bus, 2)}:${hex(address.device, 2)}.${address.function}`,
    type: `${hex(vendorId, 4)}:${hex(deviceId, 4)}`,
    name,
    state: address.device === 0 ? 'occupied' : pc.hotplug.state(address.device),
    interrupts: interruptMode,
  }));

/** Devices on all virtual buses. */
const vbusDevices = (pc: Pc) =>
  [...pc.vbus.buses.values()].flatMap((bus) =>
    [...bus.devices.values()].map(({ id, interface: { type }, device }) => ({
      bus: 'vbus',
      place: `${bus.name}/${id}`,
      type,
      name: device,
    })),
  );

export const busCommands: readonly MonitorCommand[] = [
  {
    name: 'buses',
    usage: '',
    description: 'the buses of both kinds',
    arguments: [0, 0],
    run: ({ pc }) => {
      const buses = [
        { kind: 'pci', name: hex(pc.pci.number, 2), devices: pc.pci.functions.length, members: [] as string[] },
        ...[...pc.vbus.buses.values()].map((bus) => ({
          kind: 'vbus',
          name: bus.name,
          devices: bus.devices.size,
          members: [...bus.members],
        })),
      ];
      return lines(
        buses,
        buses.map(({ kind, name, devices, members }) =>
          `${kind.padEnd(5)} ${name.padEnd(12)} ${devices} devices ${members.join(' ')}`.trimEnd(),
        ),
      );
    },
  },
  {
    name: 'devices',
    usage: '',
    description: 'what is on the buses, PCI and virtual ones',
    arguments: [0, 0],
    run: ({ pc }) => {
      const devices: readonly { bus: string; place: string; type: string; name: string; state?: string }[] = [
        ...pciDevices(pc),
        ...vbusDevices(pc),
      ];
      return lines(
        devices as unknown as Json,
        devices.map(
          ({ bus, place, type, name, state }) =>
            `${bus.padEnd(5)} ${place.padEnd(12)} ${type.padEnd(17)} ${name}${state === undefined || state === 'occupied' ? '' : ` (${state})`}`,
        ),
      );
    },
  },
  {
    name: 'pci',
    usage: '',
    description: 'functions on PCI with ranges, capabilities and interrupts',
    arguments: [0, 0],
    run: ({ pc }) => ({ value: pc.pci.topology as unknown as Json, text: `${pc.pci.describe().trimEnd()}\n` }),
  },
  {
    name: 'cards',
    usage: '',
    description: 'network cards and their cables',
    arguments: [0, 0],
    run: ({ pc }) => {
      const cards = pc.cards.list.map(describeCard);
      return lines(
        cards,
        cards.map(
          ({ name, model, bus, place, mac, link }) =>
            `${name.padEnd(8)} ${model.padEnd(10)} ${bus.padEnd(4)} ${(place ?? 'nowhere').padEnd(12)} ${mac} link ${link}`,
        ),
      );
    },
  },
  {
    name: 'link',
    usage: 'up|down CARD',
    description: 'plug the cable of a card in or out',
    arguments: [2, 2],
    run: ({ pc }, [direction = '', name = '']) => {
      if (direction !== 'up' && direction !== 'down') throw new CommandError('usage', 'usage: link up|down CARD');
      findCard(pc, name).linkUp = direction === 'up';
      return done;
    },
  },
  {
    name: 'device add',
    usage: 'NET',
    description: 'a card as --net makes it: user,model=virtio-net,…; tells its name',
    arguments: [1, 1],
    run: async (target, [spec = '']) => {
      const card = describeCard(await target.addCard(spec));
      return lines(card, [card.name]);
    },
  },
  {
    name: 'device remove',
    usage: 'CARD [force]',
    description: 'take a card away; on PCI the guest is asked, unless forced',
    arguments: [1, 2],
    run: ({ pc }, [name = '', force]) => {
      if (force !== undefined && force !== 'force') throw new CommandError('usage', 'usage: device remove CARD [force]');
      findCard(pc, name);
      const removal = pc.cards.remove(name, force === 'force');
      return lines({ removal }, [removal]);
    },
  },
];
