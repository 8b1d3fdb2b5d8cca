import { ConfigurationError, createPc, type NetOptions, type NetworkCard } from '@paravirt/machine';
import { type EthernetPort, portPair } from '@paravirt/net-backend';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNet } from '../run/net-option.ts';
import type { Statistics } from '../run/statistics.ts';
import { COMMANDS } from './commands.ts';
import type { MonitorTarget } from './monitor-command.ts';
import { answerLine } from './session.ts';

const connect = (): EthernetPort => portPair()[0];

function rig(nets: readonly NetOptions[] = [{ connect }, { connect, model: 'venet' }]) {
  const pc = createPc({
    memory: 16 * 2 ** 20,
    boot: { bios: new Uint8Array(16).fill(0xf4) },
    time: { mode: 'deterministic' },
    nets,
    plug: () => ({ connect }),
  });
  const state = { quits: 0 };
  const target: MonitorTarget = {
    pc,
    addCard: async (spec): Promise<NetworkCard> => {
      const { model, bus, wire } = parseNet(spec);
      return pc.cards.add({ connect, model, bus, ...(wire === undefined ? {} : { wire }) });
    },
    statistics: (): Statistics => ({
      ...pc.exits.toJSON(),
      engine: { name: pc.cpu.engine },
      hostSeconds: 1,
      millionInstructionsPerSecond: 1,
      frames: [],
      peakMemory: 0,
    }),
    quit: () => {
      state.quits++;
    },
  };
  const ask = (line: string): Promise<string> => answerLine(line, target);
  const json = async (command: string): Promise<unknown> =>
    (JSON.parse(await ask(JSON.stringify({ command }))) as { result: unknown }).result;
  return { pc, target, state, ask, json };
}

describe('Random commands', () => {
  const word = fc.oneof(
    fc.constantFrom(
      ...COMMANDS.flatMap(({ name }) => name.split(' ')),
      'net0',
      'net1',
      'pci',
      'up',
      'down',
      'force',
      'venet-tap',
      'virtio-net',
    ),
    fc.constantFrom(
      '/config/vbus/devices/a',
      '/config/vbus/instances/pci/a',
      '/sys/vbus',
      '..',
      'user',
      'user,model=venet',
      'enabled',
      '1',
    ),
    fc.string(),
  );
  const command = fc.record({ command: fc.constantFrom(...COMMANDS.map(({ name }) => name)), arguments: fc.array(word, { maxLength: 3 }) });

  it('are all answered, and leave a machine that answers', async () => {
    const { ask } = rig();
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 20 }), async (commands) => {
        for (const each of commands) expect(JSON.parse(await ask(JSON.stringify(each)))).not.toHaveProperty('error.code', 'internal');
        expect(await ask('buses')).toMatch(/\nok\n$/);
      }),
      { numRuns: 100 },
    );
  });

  it('in any form are answered in one piece', async () => {
    const { ask } = rig();
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (line) => {
        expect(await ask(line.replaceAll('\n', ' '))).toMatch(/^$|(^|\n)(ok|error [^\n]*|\{[^\n]*\})\n$/);
      }),
    );
  });
});

describe('The monitor', () => {
  it('lists buses and devices of both kinds, and cards', async () => {
    const { ask, json } = rig();
    expect(await ask('buses')).toMatchInlineSnapshot(`
      "pci   00           3 devices
      vbus  pci          1 devices vbus-bridge
      ok
      "
    `);
    expect(await ask('devices')).toMatchInlineSnapshot(`
      "pci   00:00.0      1b36:0008         host bridge
      pci   00:01.0      1af4:1041         virtio-net net0
      pci   00:1f.0      11da:2000         vbus-bridge
      vbus  pci/0        virtual-ethernet  net1
      ok
      "
    `);
    expect(await ask('cards')).toMatchInlineSnapshot(`
      "net0     virtio-net pci  00:01.0      52:54:00:12:34:56 link up
      net1     venet      vbus pci/0        52:54:00:12:34:57 link up
      ok
      "
    `);
    expect(await json('cards')).toEqual([
      { name: 'net0', model: 'virtio-net', bus: 'pci', place: '00:01.0', mac: '52:54:00:12:34:56', link: 'up' },
      { name: 'net1', model: 'venet', bus: 'vbus', place: 'pci/0', mac: '52:54:00:12:34:57', link: 'up' },
    ]);
    expect(await ask('pci')).toContain('capability');
  });

  it('pulls and plugs cables', async () => {
    const { pc, ask } = rig();
    expect(await ask('link down net1')).toBe('ok\n');
    expect(pc.cards.list.map(({ linkUp }) => linkUp)).toEqual([true, false]);
    expect(await ask('link up net1')).toBe('ok\n');
    expect(pc.cards.list.map(({ linkUp }) => linkUp)).toEqual([true, true]);
    expect(await ask('link up net7')).toBe('error no-card: there is no card "net7" (did you mean net0?)\n');
    expect(await ask('link left net0')).toBe('error usage: usage: link up|down CARD\n');
  });

  it('adds and removes devices of both buses', async () => {
    const { pc, ask } = rig();
    expect(await ask('device add user')).toBe('net2\nok\n');
    expect(await ask('device add user,model=venet')).toBe('net3\nok\n');
    expect(pc.cards.list.map(({ place }) => place)).toEqual(['00:01.0', 'pci/0', '00:02.0', 'pci/1']);
    expect(await ask('device remove net2')).toBe('requested\nok\n');
    expect(await ask('devices')).toContain('virtio-net net2 (removal-requested)');
    expect(await ask('device remove net2 force')).toBe('removed\nok\n');
    expect(await ask('device remove net3')).toBe('removed\nok\n');
    expect(pc.cards.list.map(({ name }) => name)).toEqual(['net0', 'net1']);
    expect(await ask('device add usr')).toBe('error usage: --net usr: no network "usr" (did you mean user?)\n');
    expect(await ask('device add user,model=venet,wire=hypercall')).toMatch(/^error no-wire: /);
  });

  it('is the administrator of the virtual buses, by the tree', async () => {
    const { pc, ask } = rig();
    const session = [
      'vbus ls /config/vbus',
      'vbus mkdir /config/vbus/devices/office',
      'vbus echo venet-tap /config/vbus/devices/office/type',
      'vbus ln /config/vbus/devices/office /config/vbus/instances/pci/office',
      'vbus ls /config/vbus/instances/pci',
      'vbus cat /sys/vbus/instances/pci/devices/1/type',
      'vbus rm /config/vbus/instances/pci/office',
      'vbus rmdir /config/vbus/devices/office',
      'vbus ls /config/vbus/devices/office',
    ];
    const told: string[] = [];
    for (const line of session) told.push(await ask(line));
    expect(told).toEqual([
      'devices/\ninstances/\nok\n',
      'ok\n',
      'ok\n',
      'ok\n',
      'net1 -> /config/vbus/devices/net1\noffice -> /config/vbus/devices/office\nok\n',
      'virtual-ethernet\nok\n',
      'ok\n',
      'ok\n',
      'error ENOENT: /config/vbus/devices/office\n',
    ]);
    expect(pc.cards.list).toHaveLength(2);
  });

  it('links, unlinks and sets by name', async () => {
    const { ask, json } = rig();
    expect(await ask('vbus unlink net1')).toBe('ok\n');
    expect(await ask('vbus unlink net1')).toBe('error ENOENT: net1 is on no bus\n');
    expect(await ask('vbus link net1')).toBe('pci/1\nok\n');
    expect(await ask('vbus link net1')).toBe('error EEXIST: net1 on pci\n');
    expect(await ask('vbus set net1 txmitigation 20')).toBe('ok\n');
    expect(await json('vbus get net1 txmitigation')).toBe('20');
    expect(await ask('vbus set net1 txmitigation many')).toBe('error EINVAL: /sys/vbus/devices/net1/txmitigation\n');
    expect(await ask('vbus set net1/.. x y')).toBe('error EINVAL: net1/.. x\n');
    expect(await ask('vbus create lab virtio-net')).toBe('ok\n');
    expect(await ask('vbus link lab pci')).toBe('pci/2\nok\n');
    expect(await ask('vbus remove lab')).toBe('error EBUSY: lab\n');
    expect(await ask('vbus unlink lab pci')).toBe('ok\n');
    expect(await ask('vbus remove lab')).toBe('ok\n');
  });

  it('says which bus if there is none or more than one', async () => {
    expect(await rig([]).ask('vbus link net0')).toBe('error ENOENT: the machine has no vbus: see --vbus\n');
    const two = rig([
      { connect, model: 'venet' },
      { connect, model: 'venet', wire: 'hypercall' },
    ]);
    await two.ask('vbus unlink net0');
    expect(await two.ask('vbus link net0')).toBe('error ENOENT: which bus? pci, hypercall\n');
    expect(await two.ask('vbus link net0 hypercall')).toBe('hypercall/1\nok\n');
    expect(await two.ask('vbus unlink net0')).toBe('ok\n');
  });

  it('tells what the machine did, ends it, and helps', async () => {
    const { ask, json, state } = rig();
    expect(await ask('stats')).toMatch(/^instructions .*\n/);
    expect(await json('stats')).toMatchObject({ instructions: 0, cards: [{ card: 'net0' }, { card: 'net1' }] });
    expect(await ask('reset')).toBe('ok\n');
    expect(await ask('power')).toBe('ok\n');
    expect(await ask('quit')).toBe('ok\n');
    expect(state.quits).toBe(1);
    expect((await ask('help')).split('\n')).toHaveLength(COMMANDS.length + 2);
  });

  it('answers what it does not know', async () => {
    const { ask } = rig();
    expect(await ask('')).toBe('');
    expect(await ask('lnk up net0')).toMatch(/^error unknown-command: no command "lnk" ?/);
    expect(await ask('vbus lss')).toBe('error unknown-command: no command "vbus lss" (did you mean vbus ls?)\n');
    expect(await ask('vbus')).toMatch(/^error unknown-command: no command "vbus"; known: vbus ls, /);
    expect(await ask('cards 1')).toBe('error usage: usage: cards\n');
    expect(await ask('"')).toBe('error bad-request: a quote or a backslash has no end\n');
    expect(await ask('{"id":3}')).toBe('{"id":3,"error":{"code":"bad-request","message":"\\"command\\" is to be a string"}}\n');
  });

  it('answers when a command goes wrong', async () => {
    const { target } = rig();
    const failing = (error: unknown): MonitorTarget => ({ ...target, addCard: () => Promise.reject(error) });
    expect(await answerLine('device add user', failing(new ConfigurationError('port-in-use', 'taken', 1)))).toBe(
      'error port-in-use: taken\n',
    );
    expect(await answerLine('device add user', failing(new Error('a bug')))).toBe('error internal: a bug\n');
  });
});
