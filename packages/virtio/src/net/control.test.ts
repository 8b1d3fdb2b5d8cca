import { describe, expect, it } from 'vitest';
import { featureSet, VIRTIO_F_VERSION_1 } from '../features.ts';
import { type NetDriver, NetRig, plainFrame, RecordingPort } from '../testing.ts';
import * as net from './protocol.ts';

const EVERYTHING = [
  net.VIRTIO_NET_F_CTRL_VQ,
  net.VIRTIO_NET_F_CTRL_RX,
  net.VIRTIO_NET_F_CTRL_RX_EXTRA,
  net.VIRTIO_NET_F_CTRL_VLAN,
  net.VIRTIO_NET_F_CTRL_MAC_ADDR,
  net.VIRTIO_NET_F_GUEST_ANNOUNCE,
];
const { VIRTIO_NET_OK: OK, VIRTIO_NET_ERR: ERR } = net;
const MULTICAST = [0x33, 0x33, 0, 0, 0, 1];
const OTHER = [2, 0, 0, 0, 0, 9];
const BROADCAST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

/** A MAC table as the driver writes it. */
function table(unicast: readonly (readonly number[])[], multicast: readonly (readonly number[])[]): Uint8Array {
  const count = (n: number): number[] => [n & 0xff, (n >> 8) & 0xff, 0, 0];
  return Uint8Array.from([...count(unicast.length), ...unicast.flat(), ...count(multicast.length), ...multicast.flat()]);
}

/** Which of the addresses reach the driver. */
function reached(rig: NetRig, driver: NetDriver, addresses: readonly (readonly number[])[]): boolean[] {
  return addresses.map((address) => {
    rig.port.deliver(plainFrame(60, address));
    return driver.receive().length === 1;
  });
}

/** Runs a raw command: bytes to read, bytes of room for the answer. */
function raw(rig: NetRig, driver: NetDriver, bytes: readonly number[], room: number) {
  const queue = driver.controlQueue;
  rig.slot.memory.write(0x8000, Uint8Array.from(bytes));
  rig.slot.memory.write(0x9000, new Uint8Array(4).fill(0xee));
  queue?.add([
    ...(bytes.length === 0 ? [] : [{ address: 0x8000, length: bytes.length }]),
    { address: 0x9000, length: room, writable: true },
  ]);
  rig.pci.kick(net.CONTROL_QUEUE);
  return { used: queue?.reap(), answer: rig.slot.memory.readU8(0x9000) };
}

describe('[virtio 1.2 §5.1.6.5] Control Virtqueue', () => {
  it('NET-12: answers a header of 0 or 1 bytes, and a command without its data, with an error', () => {
    const rig = new NetRig();
    const driver = rig.start(EVERYTHING);
    for (const bytes of [[], [0], [0, 0], [0, 0, 2], [0, 0, 1, 1], [1, 0], [1, 1], [1, 1, 2, 0, 0, 0, 0], [2, 0], [2, 0, 1], [3, 0, 0]])
      expect(raw(rig, driver, bytes, 1), `${bytes}`).toMatchObject({ used: [{ written: 1 }], answer: ERR });
    expect(rig.pci.status & 0x40).toBe(0);
  });

  it('NET-12: returns a command without room for the answer, and does not run it', () => {
    const rig = new NetRig();
    const driver = rig.start(EVERYTHING);
    expect(raw(rig, driver, [0, 0, 0], 0)).toMatchObject({ used: [{ written: 0 }], answer: 0xee });
    expect(reached(rig, driver, [OTHER])).toEqual([true]);
    driver.controlQueue?.add([{ address: 0x8000, length: 3 }]);
    rig.pci.kick(net.CONTROL_QUEUE);
    expect(driver.controlQueue?.reap()).toMatchObject([{ written: 0 }]);
    expect(rig.pci.status & 0x40).toBe(0);
  });

  it('NET-12: writes one byte of a larger answer', () => {
    const rig = new NetRig();
    expect(raw(rig, rig.start(EVERYTHING), [0, 0, 0], 4)).toMatchObject({ used: [{ written: 1 }], answer: OK });
    expect(rig.slot.memory.readU8(0x9001)).toBe(0xee);
  });

  it('NET-12: answers every unknown class and command with an error', () => {
    const rig = new NetRig();
    const driver = rig.start(EVERYTHING);
    const known = new Set([0, 1, 2, 3, 4, 5].map((command) => `0,${command}`));
    for (let commandClass = 0; commandClass < 256; commandClass += commandClass < 8 ? 1 : 31)
      for (let command = 0; command < 256; command += command < 8 ? 1 : 31)
        if (!known.has(`${commandClass},${command}`))
          expect(driver.command(commandClass, command, Uint8Array.of(1)), `${commandClass}, ${command}`).toBe(ERR);
  });

  it('NET-12: refuses queue pairs, which were not offered', () => {
    const rig = new NetRig();
    const driver = rig.start(EVERYTHING);
    for (const pairs of [0, 1, 2, 3, 0x8000, 0xffff]) expect(driver.command(4, 0, Uint8Array.of(pairs & 0xff, pairs >> 8))).toBe(ERR);
  });

  it('answers a command whose feature was not negotiated with an error', () => {
    const rig = new NetRig();
    const driver = rig.start([net.VIRTIO_NET_F_CTRL_VQ]);
    expect(driver.command(0, 0, Uint8Array.of(0))).toBe(ERR);
    expect(driver.command(0, 2, Uint8Array.of(0))).toBe(ERR);
    expect(driver.command(1, 0, table([], []))).toBe(ERR);
    expect(driver.command(1, 1, Uint8Array.of(2, 0, 0, 0, 0, 1))).toBe(ERR);
    expect(driver.command(2, 0, Uint8Array.of(1, 0))).toBe(ERR);
    expect(driver.command(3, 0)).toBe(ERR);
    expect(driver.command(5, 0, new Uint8Array(8))).toBe(ERR);
  });

  it('runs a full queue of commands at one kick and interrupts once', () => {
    const rig = new NetRig({ controlQueueSize: 64 });
    const driver = rig.start(EVERYTHING);
    rig.slot.memory.write(0x8000, Uint8Array.of(0, 0, 1));
    for (let i = 0; i < 32; i++)
      driver.controlQueue?.add([
        { address: 0x8000, length: 3 },
        { address: 0x9000, length: 1, writable: true },
      ]);
    const { interrupts } = rig.counters(net.CONTROL_QUEUE);
    rig.pci.kick(net.CONTROL_QUEUE);
    expect(driver.controlQueue?.reap()).toHaveLength(32);
    expect(rig.counters(net.CONTROL_QUEUE).interrupts - interrupts).toBe(1);
  });
});

describe('[virtio 1.2 §5.1.6.5.1] Packet Receive Filtering', () => {
  const set = (driver: NetDriver, mode: number, on: number) => driver.command(net.VIRTIO_NET_CTRL_RX, mode, Uint8Array.of(on));
  const all = [[0x52, 0x54, 0, 1, 2, 3], OTHER, MULTICAST, BROADCAST];

  it('has six modes', () => {
    const rig = new NetRig();
    const driver = rig.start(EVERYTHING);
    const after = (mode: number, on: number): boolean[] => {
      expect(set(driver, mode, on)).toBe(OK);
      return reached(rig, driver, all);
    };
    expect(reached(rig, driver, all)).toEqual([true, true, true, true]);
    expect(after(net.VIRTIO_NET_CTRL_RX_PROMISC, 0)).toEqual([true, false, false, true]);
    expect(after(net.VIRTIO_NET_CTRL_RX_ALLMULTI, 1)).toEqual([true, false, true, true]);
    expect(after(net.VIRTIO_NET_CTRL_RX_ALLUNI, 1)).toEqual([true, true, true, true]);
    expect(after(net.VIRTIO_NET_CTRL_RX_NOMULTI, 1)).toEqual([true, true, false, true]);
    expect(after(net.VIRTIO_NET_CTRL_RX_NOUNI, 1)).toEqual([false, false, false, true]);
    expect(after(net.VIRTIO_NET_CTRL_RX_NOBCAST, 1)).toEqual([false, false, false, false]);
    expect(after(net.VIRTIO_NET_CTRL_RX_PROMISC, 1)).toEqual([true, true, true, true]);
    expect(set(driver, net.VIRTIO_NET_CTRL_RX_PROMISC, 2)).toBe(ERR);
  });
});

describe('[virtio 1.2 §5.1.6.5.2] Setting MAC Address Filtering', () => {
  it('passes the addresses of the table', () => {
    const rig = new NetRig();
    const driver = rig.start(EVERYTHING);
    driver.command(0, 0, Uint8Array.of(0));
    expect(driver.command(1, 0, table([OTHER], [MULTICAST]))).toBe(OK);
    expect(reached(rig, driver, [OTHER, MULTICAST, [2, 0, 0, 0, 0, 8], [0x33, 0x33, 0, 0, 0, 2]])).toEqual([true, true, false, false]);
    expect(driver.command(1, 0, table([], []))).toBe(OK);
    expect(reached(rig, driver, [OTHER, MULTICAST])).toEqual([false, false]);
  });

  it('passes all of a kind of which there are too many', () => {
    const rig = new NetRig();
    const driver = rig.start(EVERYTHING);
    driver.command(0, 0, Uint8Array.of(0));
    const many = Array.from({ length: 65 }, (_, i) => [0x33, 0x33, 0, 0, 1, i]);
    expect(driver.command(1, 0, table([], many))).toBe(OK);
    expect(reached(rig, driver, [OTHER, MULTICAST])).toEqual([false, true]);
  });

  it('NET-12: refuses a table whose counts go beyond its bytes, and keeps the old one', () => {
    const rig = new NetRig();
    const driver = rig.start(EVERYTHING);
    driver.command(0, 0, Uint8Array.of(0));
    driver.command(1, 0, table([OTHER], []));
    const lies = [
      [0xff, 0xff, 0xff, 0xff],
      [0xff, 0xff, 0xff, 0xff, ...OTHER, 0, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
      [0, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4, 5],
      [1, 0, 0, 0, ...OTHER],
      [0xab, 0xaa, 0xaa, 0x2a, 0, 0, 0, 0],
      [],
      [1, 2, 3],
    ];
    for (const lie of lies) expect(driver.command(1, 0, Uint8Array.from(lie)), `${lie}`).toBe(ERR);
    expect(driver.command(1, 0, new Uint8Array(9000))).toBe(ERR);
    expect(reached(rig, driver, [OTHER])).toEqual([true]);
  });

  it('takes a new address of its own, shows it, and forgets it at reset', () => {
    const rig = new NetRig();
    const driver = rig.start(EVERYTHING);
    driver.command(0, 0, Uint8Array.of(0));
    expect(driver.command(1, 1, Uint8Array.from(OTHER))).toBe(OK);
    expect([...rig.device.mac]).toEqual(OTHER);
    expect(rig.pci.read(rig.pci.config + 4, 2)).toBe(0x0900);
    expect(reached(rig, driver, [OTHER, [0x52, 0x54, 0, 1, 2, 3]])).toEqual([true, false]);
    rig.pci.reset();
    expect([...rig.device.mac]).toEqual([0x52, 0x54, 0, 1, 2, 3]);
  });
});

describe('[virtio 1.2 §5.1.6.5.3] VLAN Filtering', () => {
  const tagged = (id: number): Uint8Array => {
    const frame = plainFrame(64);
    frame.set([0x81, 0, 0xe0 | (id >> 8), id & 0xff], 12);
    return frame;
  };

  it('passes the VLANs that were added; NET-12: refuses VLAN 4096', () => {
    const rig = new NetRig();
    const driver = rig.start(EVERYTHING);
    const vlan = (command: number, id: number) => driver.command(2, command, Uint8Array.of(id & 0xff, id >> 8));
    driver.command(0, 0, Uint8Array.of(0));
    const passes = (id: number): boolean => {
      rig.port.deliver(tagged(id));
      return driver.receive().length === 1;
    };
    expect([passes(0), passes(5), passes(4095)]).toEqual([false, false, false]);
    expect([vlan(0, 5), vlan(0, 4095), vlan(0, 4096), vlan(0, 0xffff), vlan(1, 4096), vlan(2, 5)]).toEqual([OK, OK, ERR, ERR, ERR, ERR]);
    expect([passes(0), passes(5), passes(4095)]).toEqual([false, true, true]);
    expect(vlan(1, 5)).toBe(OK);
    expect([passes(5), passes(4095)]).toEqual([false, true]);
    expect(reached(rig, driver, [BROADCAST])).toEqual([true]);
  });
});

describe('[virtio 1.2 §5.1.6.5.4] Gratuitous Packet Sending', () => {
  it('NET-15: sets the status bit, interrupts, and clears it by ACK only', () => {
    const rig = new NetRig();
    const driver = rig.start(EVERYTHING);
    const status = () => rig.pci.read(rig.pci.config + 6, 2);
    rig.device.announce();
    expect([status(), rig.pci.readIsr()]).toEqual([3, 2]);
    rig.device.linkUp = false;
    rig.device.linkUp = true;
    expect(status()).toBe(3);
    expect(driver.command(3, 0)).toBe(OK);
    expect(status()).toBe(1);
  });

  it('NET-15: answers an ACK without a request with an error, and asks nothing of a driver that does not know it', () => {
    const rig = new NetRig();
    expect(rig.start(EVERYTHING).command(3, 0)).toBe(ERR);
    rig.start([net.VIRTIO_NET_F_CTRL_VQ]);
    rig.device.announce();
    expect([rig.pci.read(rig.pci.config + 6, 2), rig.pci.readIsr()]).toEqual([1, 0]);
  });
});

describe('[virtio 1.2 §5.1.6.5.8] Offloads State Configuration', () => {
  const OFFLOADS = [
    net.VIRTIO_NET_F_CTRL_VQ,
    net.VIRTIO_NET_F_CTRL_GUEST_OFFLOADS,
    net.VIRTIO_NET_F_GUEST_CSUM,
    net.VIRTIO_NET_F_GUEST_TSO4,
  ];

  it('switches what the driver takes over, among what was negotiated', () => {
    const rig = new NetRig({ port: new RecordingPort({ checksum: true, segmentation: true, largeReceive: true }) });
    const driver = rig.start(OFFLOADS);
    const set = (...bits: number[]) => {
      const data = new Uint8Array(8);
      new DataView(data.buffer).setBigUint64(0, featureSet(...bits), true);
      return driver.command(5, 0, data);
    };
    expect(rig.port.receiverOffloads).toEqual({ checksum: true, segmentation: true });
    expect(set(1)).toBe(OK);
    expect(rig.port.receiverOffloads).toEqual({ checksum: true, segmentation: false });
    expect(set()).toBe(OK);
    expect(rig.port.receiverOffloads).toBeUndefined();
    // TSO without the checksum offload that it needs is off.
    expect(set(7)).toBe(OK);
    expect(rig.port.receiverOffloads).toBeUndefined();
    expect([set(8), set(0), set(VIRTIO_F_VERSION_1), set(63)]).toEqual([ERR, ERR, ERR, ERR]);
    expect(set(1, 7)).toBe(OK);
    expect(rig.port.receiverOffloads).toEqual({ checksum: true, segmentation: true });
  });
});
