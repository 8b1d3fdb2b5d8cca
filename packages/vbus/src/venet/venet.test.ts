import { ConfigurationError, VirtualClock } from '@paravirt/bus';
import { plainFrame, RecordingPort } from '@paravirt/net-backend/testing';
import { describe, expect, it } from 'vitest';
import { EBUSY, EINVAL } from '../errno.ts';
import { VenetRig } from '../testing/venet-rig.ts';
import { CAP_LINKSTATE, CAP_TXC } from './abi.ts';
import { Venet, venetClass } from './venet.ts';

const attribute = (device: Venet, name: string) => {
  const found = device.attributes.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no attribute ${name}`);
  return found;
};

describe('[vbus §1.2] Attributes of a venet device', () => {
  it('are those of 2009, with their defaults', () => {
    const { device } = new VenetRig();
    expect(device.attributes.map(({ name, show, store }) => [name, show(), store !== undefined])).toEqual([
      ['client_mac', '52:54:00:01:02:03', true],
      ['host_mac', '52:54:00:01:02:02', false],
      ['enabled', '1', true],
      ['ifname', 'venet', false],
      ['burstthresh', '0', true],
      ['txmitigation', '10', true],
      ['zcthresh', '512', true],
    ]);
  });

  it('client_mac is exactly an address, and fixed while a driver has the device open', () => {
    const rig = new VenetRig();
    const mac = attribute(rig.device, 'client_mac');
    for (const bad of ['', '52:54:00:01:02', '52:54:00:01:02:03:04', '5254:00:01:02:03', 'g2:54:00:01:02:03', '52-54-00-01-02-03'])
      expect(mac.store?.(bad)).toBe(-EINVAL);
    for (const bad of ['01:00:5e:00:00:01', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00', ' 52:54:00:01:02:04', '52:54:00:01:02:04\n'])
      expect(mac.store?.(bad)).toBe(-EINVAL);
    expect(mac.store?.('52:54:00:AA:bb:0c')).toBe(0);
    expect(mac.show()).toBe('52:54:00:aa:bb:0c');
    const { driver } = rig.start();
    expect([...driver.mac]).toEqual([0x52, 0x54, 0, 0xaa, 0xbb, 0x0c]);
    expect(mac.store?.('52:54:00:01:02:04')).toBe(-EBUSY);
    driver.close();
    expect(mac.store?.('52:54:00:01:02:04')).toBe(0);
  });

  it.each(['burstthresh', 'txmitigation', 'zcthresh'])('%s is an unsigned number of 32 bits', (name) => {
    const each = attribute(new VenetRig().device, name);
    for (const bad of ['', '-1', '1.5', '0x10', 'ten', '4294967296', '99999999999', '1 ']) expect(each.store?.(bad)).toBe(-EINVAL);
    for (const good of ['0', '1', '4294967295']) {
      expect(each.store?.(good)).toBe(0);
      expect(each.show()).toBe(good);
    }
  });

  it('enabled makes and takes away the host’s interface: without it there is no name and no carrier', () => {
    const { device } = new VenetRig({ enabled: false, interfaceName: 'venet7' });
    const enabled = attribute(device, 'enabled');
    expect(attribute(device, 'ifname').show()).toBe('<disabled>');
    for (const bad of ['2', '', 'yes', '-0']) expect(enabled.store?.(bad)).toBe(-EINVAL);
    expect(enabled.store?.('1')).toBe(0);
    expect([device.enabled, attribute(device, 'ifname').show()]).toEqual([true, 'venet7']);
    expect(enabled.store?.('0')).toBe(0);
    expect(device.enabled).toBe(false);
  });

  it('the class makes disabled devices with addresses of their own', () => {
    const made: string[] = [];
    const devices = venetClass({
      connect: (name) => {
        made.push(name);
        return new RecordingPort();
      },
      clock: new VirtualClock(),
    });
    expect(devices.name).toBe('venet-tap');
    const [one, two, again] = [devices.create('one'), devices.create('two'), devices.create('one')];
    if (!(one instanceof Venet) || !(two instanceof Venet) || !(again instanceof Venet)) throw new Error('no device');
    expect(made).toEqual(['one', 'two', 'one']);
    expect(one.enabled).toBe(false);
    expect(one.mac).not.toEqual(two.mac);
    expect(one.mac).toEqual(again.mac);
    two.enabled = true;
    expect(attribute(two, 'ifname').show()).toBe('venet1');
  });

  it('a bad MAC or MTU is the caller’s mistake', () => {
    for (const mac of [new Uint8Array(6), Uint8Array.of(1, 0, 0, 0, 0, 0), Uint8Array.of(2, 0, 0)])
      expect(() => new VenetRig({ mac })).toThrow(ConfigurationError);
    for (const mtu of [67, 65536, 1500.5, Number.NaN]) expect(() => new VenetRig({ mtu })).toThrow(ConfigurationError);
  });
});

describe('[vbus §2.6] LINKSTATE', () => {
  it('tells the state at LINKUP and every change after it', () => {
    const rig = new VenetRig();
    const { client, driver } = rig.start({ eventq: CAP_LINKSTATE });
    const states = driver.events?.linkStates;
    expect(states).toEqual([true]);
    rig.device.linkUp = false;
    rig.device.linkUp = false;
    rig.device.linkUp = true;
    client.settle();
    expect(states).toEqual([true, false, true]);
    rig.device.enabled = false;
    rig.device.linkUp = false;
    rig.device.enabled = true;
    expect(states).toEqual([true, false, true, false]);
    driver.down();
    rig.device.linkUp = true;
    rig.device.linkUp = false;
    driver.up();
    client.settle();
    expect(states).toEqual([true, false, true, false, false]);
    expect(rig.trace.map(({ kind }) => kind).filter((kind) => kind === 'carrier')).toHaveLength(5);
  });

  it('says nothing unless it was negotiated', () => {
    const rig = new VenetRig();
    const { driver } = rig.start({ eventq: CAP_TXC });
    rig.device.linkUp = false;
    expect(driver.events).toMatchObject({ linkStates: [], bad: 0 });
  });

  it('keeps the last state for a guest that does not drain its events', () => {
    const rig = new VenetRig();
    const { client, driver } = rig.start({ eventq: CAP_LINKSTATE, ringLength: 2 });
    driver.events?.ring.signal?.disable();
    for (const up of [false, true, false, true, false, true, false]) rig.device.linkUp = up;
    while ((driver.events?.drain() ?? 0) > 0) client.settle();
    expect(driver.events?.linkStates.at(-1)).toBe(false);
    expect(driver.events?.bad).toBe(0);
    expect(rig.device.counters.eventsDelayed).toBe(1);
  });

  it('gives slots outside of the pool back empty, and survives a ring of them', () => {
    const rig = new VenetRig();
    const { client, driver } = rig.start({ eventq: CAP_LINKSTATE, ringLength: 4 });
    const slot = driver.events?.ring.iterator('valid');
    for (let i = 0; i < 4; i++) {
      slot?.seek('set', i);
      if (slot !== undefined) slot.pointer = i === 0 ? 4 * 24 - 8 : 2 ** (31 + 8 * i);
    }
    rig.device.linkUp = false;
    rig.device.linkUp = true;
    client.settle();
    driver.events?.drain();
    client.settle();
    expect(driver.events?.bad).toBeGreaterThan(0);
    expect(driver.events?.linkStates.at(-1)).toBe(true);
  });

  it('drops frames in both directions while the cable is out', () => {
    const rig = new VenetRig();
    const { client, driver } = rig.start();
    rig.device.linkUp = false;
    driver.send(plainFrame(60));
    client.settle();
    expect(rig.port.deliver(plainFrame(60))).toBe(true);
    rig.device.enabled = false;
    driver.send(plainFrame(60));
    client.settle();
    expect(rig.device.counters.drops).toMatchObject({ txLinkDown: 1, rxLinkDown: 1, txDisabled: 1 });
    expect(driver.transmit.inFlight).toBe(0);
  });

  it('gives the port up when it is released', () => {
    const rig = new VenetRig();
    rig.start();
    rig.device.release();
    expect([rig.port.onReceive, rig.port.onWritable, rig.device.opened]).toEqual([undefined, undefined, false]);
  });
});
