/** venet as a guest meets it: DEVADD on the event ring, bus calls over the PCI bridge, doorbells through ports, one interrupt for all. */
import { VirtualClock } from '@paravirt/bus';
import { plainFrame, RecordingPort, tcpFrame } from '@paravirt/net-backend/testing';
import { describe, expect, it } from 'vitest';
import { EBUSY, ENODEV, ENOENT } from '../errno.ts';
import type { NorthDevice } from '../north/north-device.ts';
import { BridgeRig } from '../testing/bridge-rig.ts';
import { VenetDriver, type VenetDriverOptions } from '../testing/venet-driver.ts';
import { CAP_ECN, CAP_LINKSTATE, CAP_PMTD, CAP_SG, CAP_TSO4, CAP_TSO6, CAP_TXC } from './abi.ts';
import { Venet, venetClass } from './venet.ts';

const SG = CAP_SG | CAP_TSO4 | CAP_TSO6 | CAP_ECN | CAP_PMTD;
const FULL: VenetDriverOptions = { sg: SG, eventq: CAP_LINKSTATE | CAP_TXC, ringLength: 64 };

class Rig extends BridgeRig {
  readonly cables: RecordingPort[] = [];

  constructor() {
    super();
    const connect = (): RecordingPort => {
      const port = new RecordingPort({ checksum: true, segmentation: true, largeReceive: true });
      this.cables.push(port);
      return port;
    };
    this.host.addClass(venetClass({ connect, clock: new VirtualClock(), enabled: true }));
    this.driver.probe();
    this.settle();
  }

  /** Makes a card, if it is new, and plugs it in; its id. */
  plugCard(name: string): number {
    if (!this.host.devices.has(name)) this.host.createDevice(name, 'venet-tap');
    this.host.link('b', name);
    this.settle();
    return [...this.driver.session.devices.keys()].at(-1) ?? -1;
  }

  card(name: string): Venet {
    const device = this.host.devices.get(name)?.device;
    if (!(device instanceof Venet)) throw new Error(`no card ${name}`);
    return device;
  }

  open(id: number): NorthDevice {
    const device = this.driver.session.open(id, 1);
    if (typeof device === 'number') throw new Error(`DEVOPEN answers ${device}`);
    return device;
  }

  start(id: number, options: VenetDriverOptions): VenetDriver {
    const driver = VenetDriver.probe(this.open(id), (length) => this.driver.session.arena.region(length), options);
    if (typeof driver === 'number') throw new Error(`the probe ends with ${driver}`);
    this.settle();
    return driver;
  }
}

describe('[vbus §2.6] Guest→host call trace of a full venet probe', () => {
  it('is 12 bus calls', () => {
    const rig = new Rig();
    const id = rig.plugCard('eth0');
    expect(rig.driver.session.devices.get(id)?.type).toBe('virtual-ethernet');
    const before = rig.driver.session.counters.busCalls;
    rig.start(id, FULL);
    expect(rig.driver.session.counters.busCalls - before).toBe(12);
  });

  it('is 16 with large receive, 5 for the flat device', () => {
    const rig = new Rig();
    const count = (name: string, options: VenetDriverOptions): number => {
      const id = rig.plugCard(name);
      const before = rig.driver.session.counters.busCalls;
      rig.start(id, options);
      return rig.driver.session.counters.busCalls - before;
    };
    expect(count('eth0', { ...FULL, l4ro: SG })).toBe(16);
    expect(count('eth1', { ringLength: 64 })).toBe(5);
  });
});

describe('[vbus §1.5] Who runs where, over the bridge', () => {
  it('carries frames both ways, one interrupt for many signals', () => {
    const rig = new Rig();
    const driver = rig.start(rig.plugCard('eth0'), { ...FULL, l4ro: SG });
    const [port] = rig.cables;
    const { interrupts } = rig.driver.session.counters;
    for (let i = 0; i < 32; i++) {
      expect(driver.send(plainFrame(60 + i))).toBe(true);
      port?.deliver(plainFrame(100 + i));
    }
    expect(rig.settle()).toBe(true);
    expect(port?.sent.map(({ frame }) => frame)).toEqual(Array.from({ length: 32 }, (_, i) => plainFrame(60 + i)));
    expect(driver.received.map(({ frame }) => frame)).toEqual(Array.from({ length: 32 }, (_, i) => plainFrame(100 + i)));
    expect(driver.transmit).toMatchObject({ completed: 32, inFlight: 0 });
    expect(rig.driver.session.counters.interrupts - interrupts).toBeLessThan(8);
    expect(rig.card('eth0').doorbells.tx.wakeups).toBeLessThan(4);
    port?.deliver(tcpFrame(30_000, { partial: true }), { segmentation: { kind: 'tcp4', size: 1400 } });
    rig.settle();
    expect(driver.received.at(-1)).toMatchObject({ frame: tcpFrame(30_000, { partial: true }), pages: 7 });
  });

  it('lets a card go while frames are under way, and another card does not notice', () => {
    const rig = new Rig();
    const [one, two] = [rig.plugCard('eth0'), rig.plugCard('eth1')];
    const gone = rig.start(one, FULL);
    const stays = rig.start(two, FULL);
    const [first, second] = rig.cables;
    if (first === undefined || second === undefined) throw new Error('no ports');
    first.room = 3;
    for (let i = 0; i < 20; i++) {
      gone.send(plainFrame(60));
      stays.send(plainFrame(61));
    }
    rig.host.unlink('b', 'eth0');
    first.open();
    rig.settle();
    expect(gone.device.call(0)).toBe(-ENODEV);
    expect(rig.driver.session.open(one, 1)).toBe(-ENOENT);
    expect(rig.card('eth0').opened).toBe(false);
    gone.close();
    rig.settle();
    expect(second.sent).toHaveLength(20);
    expect(stays.send(plainFrame(62))).toBe(true);
    rig.settle();
    expect(second.sent).toHaveLength(21);
  });

  it('can be plugged in again and again, with a new id each time, and leaves no memory behind', () => {
    const rig = new Rig();
    let free: number | undefined;
    let last = -1;
    const regions: (() => void)[] = [];
    for (let i = 0; i < 20; i++) {
      const id = rig.plugCard('eth0');
      expect(id).toBeGreaterThan(last);
      last = id;
      const device = rig.open(id);
      expect(rig.driver.session.open(id, 1)).toBe(-EBUSY);
      const memory = (length: number) => {
        const region = rig.driver.session.arena.region(length);
        if (region !== undefined) regions.push(() => rig.driver.session.arena.release(region.address));
        return region;
      };
      const driver = VenetDriver.probe(device, memory, FULL);
      if (typeof driver === 'number') throw new Error(`the probe ends with ${driver}`);
      driver.send(plainFrame(60));
      rig.settle();
      driver.close();
      rig.host.unlink('b', 'eth0');
      rig.settle();
      for (const release of regions.splice(0)) release();
      free ??= rig.driver.session.arena.free;
      expect(rig.driver.session.arena.free).toBe(free);
    }
    expect(rig.cables[0]?.sent).toHaveLength(20);
  });

  it('VB-11: a guest that starts anew finds the card closed', () => {
    const rig = new Rig();
    const id = rig.plugCard('eth0');
    const driver = rig.start(id, FULL);
    const [port] = rig.cables;
    if (port === undefined) throw new Error('no port');
    port.room = 0;
    for (let i = 0; i < 10; i++) driver.send(plainFrame(60));
    rig.settle();
    rig.bridge.reset();
    port.open();
    rig.settle();
    expect(port.sent).toHaveLength(0);
    expect(rig.card('eth0').opened).toBe(false);
    expect(port.receiverOffloads).toBeUndefined();
  });
});
