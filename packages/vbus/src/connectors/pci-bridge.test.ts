import { describe, expect, it } from 'vitest';
import { BRIDGE_NEGOTIATE, BRIDGE_QREG, CALL_DESC, DEVCLOSE, FASTCALL_DESC } from '../abi.ts';
import { EEXIST, EFAULT, EINVAL, EIO, ENOENT } from '../errno.ts';
import { ioqLength } from '../ioq.ts';
import type { NorthDevice } from '../north/north-device.ts';
import type { ShmSignal } from '../shm-signal.ts';
import { BRIDGE_MMIO_BASE, BRIDGE_PORT_BASE } from '../testing/bridge-driver.ts';
import { BridgeRig, type BridgeRigOptions, RIG_MEMORY } from '../testing/bridge-rig.ts';
import { ECHO_HEARD, ECHO_REVERSE, ECHO_RING, ECHO_VERSION } from '../testing/echo-device.ts';

const MAGIC = 0xbf53_eef5;
/** Free of the driver's memory. */
const SCRATCH = 0x1_0000;
const [NEGOTIATE, QREG, SLOWCALL, FASTCALL_ADD, FASTCALL_DROP] = [0, 1, 2, 3, 4];
const DEVCLOSE_CALL = 1;

function started(options: BridgeRigOptions = {}): BridgeRig {
  const rig = new BridgeRig(options);
  rig.plug('one');
  expect(rig.driver.probe()).toBe(0);
  expect(rig.settle()).toBe(true);
  return rig;
}

function opened(rig: BridgeRig, id = 0): NorthDevice {
  const device = rig.driver.session.open(id, ECHO_VERSION);
  if (typeof device === 'number') throw new Error(`DEVOPEN answers ${device}`);
  return device;
}

/** Memory with a doorbell, and how often it rang for the driver. */
function doorbell(device: NorthDevice, id = 7): { readonly signal: ShmSignal; heard(): number } {
  const shared = device.shmWithSignal(id, 64, 16);
  if (typeof shared === 'number') throw new Error(`DEVSHM answers ${shared}`);
  let heard = 0;
  shared.signal.onSignal = () => heard++;
  shared.signal.enable();
  return { signal: shared.signal, heard: () => heard };
}

/** NEGOTIATE with a structure of the test's. */
function negotiate(rig: BridgeRig, magic: number, version: number, length: number = BRIDGE_NEGOTIATE.size, at = SCRATCH): number {
  rig.ram.writeU32(SCRATCH, magic);
  rig.ram.writeU32(SCRATCH + 4, version);
  rig.ram.writeU64(SCRATCH + 8, 0xffff_ffff_ffff_ffffn);
  return rig.driver.bridgeCall(NEGOTIATE, at, length);
}

function register(
  rig: BridgeRig,
  count: number,
  queueCount: number,
  ring: number,
  data: number,
  length: number = BRIDGE_QREG.size,
): number {
  rig.ram.writeU32(SCRATCH, count);
  rig.ram.writeU32(SCRATCH + 8, queueCount);
  rig.ram.writeU64(SCRATCH + 16, BigInt(ring));
  rig.ram.writeU64(SCRATCH + 24, BigInt(data));
  return rig.driver.bridgeCall(QREG, SCRATCH, length);
}

/** A ring as a driver sets it up, at 20000h, its records at 40000h. */
function writeRing(rig: BridgeRig, count: number, at = 0x2_0000): void {
  rig.ram.write(at, new Uint8Array(ioqLength(count)));
  rig.ram.writeU32(at, 0x47fa_2fe4);
  rig.ram.writeU32(at + 4, 4);
  rig.ram.writeU32(at + 8, 0x58fa_39df);
  rig.ram.writeU32(at + 12, 1);
  rig.ram.writeU32(at + 48, count);
}

describe('[vbus PCI-2] The function', () => {
  it('has the ids, the class, INTA and the ranges of 2009', () => {
    const { bridge } = new BridgeRig();
    const { config } = bridge.function;
    expect(config.read(0, 4)).toBe(0x2000_11da);
    expect(config.read(8, 4)).toBe(0x0680_0002);
    expect(config.read(0x3d, 1)).toBe(1);
    config.write(0x10, 4, 0xffff_ffff);
    config.write(0x14, 4, 0xffff_ffff);
    expect([config.read(0x10, 4), config.read(0x14, 4), config.read(0x18, 4)]).toEqual([0xffff_ffc0, 0xffff_ffe1, 0]);
  });

  it('asks for one message with a 32-bit address', () => {
    const { bridge, driver } = new BridgeRig();
    const at = driver.msiCapability;
    expect(at).toBeGreaterThanOrEqual(0x40);
    expect(bridge.function.config.read(at + 2, 2)).toBe(0);
  });

  it('comes up in the order of the original, and tells of what is there', () => {
    const rig = new BridgeRig({ cpus: 16 });
    rig.plug('one');
    rig.plug('two');
    expect(rig.driver.probe()).toBe(0);
    expect(rig.driver.session.devices.size).toBe(0);
    rig.settle();
    expect([...rig.driver.session.devices.values()]).toEqual([
      { id: 0, type: 'echo' },
      { id: 1, type: 'echo' },
    ]);
    // NEGOTIATE, sixteen times FASTCALL_ADD, QREG. [vbus §2.6]
    expect(rig.driver.session.counters.bridgeCalls).toBe(18);
    expect(rig.bridge.counters.bridgeCalls).toBe(18);
    // Both with one interrupt.
    expect(rig.bridge.counters.interrupts).toBe(1);
  });

  it('tells of hot-plug and unplug, with ids that are not used again', () => {
    const rig = started();
    const dropped: number[] = [];
    rig.driver.session.onDropped = (id) => dropped.push(id);
    for (let i = 0; i < 5; i++) {
      rig.host.unlink('b', 'one');
      rig.host.link('b', 'one');
    }
    rig.settle();
    expect(dropped).toEqual([0, 1, 2, 3, 4]);
    expect([...rig.driver.session.devices.keys()]).toEqual([5]);
  });
});

describe('[vbus PCI-2] BAR0, the call descriptor', () => {
  it('takes 32-bit writes and no others, and runs the call when offset 0 is read with 32 bits', () => {
    const rig = started();
    const { mmio } = rig;
    negotiate(rig, MAGIC, 1);
    const before = rig.bridge.counters.bridgeCalls;
    mmio.write(BRIDGE_MMIO_BASE, 1, 9);
    mmio.write(BRIDGE_MMIO_BASE + 4, 2, 9);
    mmio.write(BRIDGE_MMIO_BASE + 2, 4, 9);
    expect(mmio.read(BRIDGE_MMIO_BASE, 1)).toBe(0xff);
    expect(mmio.read(BRIDGE_MMIO_BASE + 1, 4)).toBe(0xffff_ffff);
    expect(mmio.read(BRIDGE_MMIO_BASE + 16, 4)).toBe(0);
    expect(mmio.read(BRIDGE_MMIO_BASE + 4, 4)).toBe(16);
    expect(rig.bridge.counters.bridgeCalls).toBe(before);
    // The descriptor is as it was: NEGOTIATE again.
    expect(mmio.read(BRIDGE_MMIO_BASE, 4)).toBe(1);
  });

  it('answers a call that does not exist with −EINVAL', () => {
    const rig = started();
    for (const vector of [5, 100, 0xffff_ffff]) expect(rig.driver.bridgeCall(vector, SCRATCH, 16)).toBe(-EINVAL);
  });
});

describe('VB-01 NEGOTIATE', () => {
  it('answers 1 and writes the structure back without capabilities', () => {
    const rig = started();
    expect(negotiate(rig, MAGIC, 1)).toBe(1);
    expect(rig.ram.readU64(SCRATCH + 8)).toBe(0n);
  });

  it('refuses another magic, version or length, and an address that is no memory; nothing is reset', () => {
    const rig = started();
    const device = opened(rig);
    expect(negotiate(rig, MAGIC + 1, 1)).toBe(-EINVAL);
    expect(negotiate(rig, MAGIC, 0)).toBe(-EINVAL);
    expect(negotiate(rig, MAGIC, 3)).toBe(-EINVAL);
    for (const length of [0, 12, 15, 17, 24, 0xffff_ffff]) expect(negotiate(rig, MAGIC, 1, length)).toBe(-EINVAL);
    for (const at of [RIG_MEMORY, RIG_MEMORY - 8, 2 ** 52, 2 ** 63]) expect(negotiate(rig, MAGIC, 1, 16, at)).toBe(-EFAULT);
    expect(device.call(ECHO_HEARD)).toBe(0);
  });

  it('resets the bridge: handles, memory, channels and events of the kernel before are gone', () => {
    const rig = started();
    const device = opened(rig);
    const bell = doorbell(device);
    const connection = rig.devices.get('one')?.connection;
    expect(negotiate(rig, MAGIC, 1)).toBe(1);
    expect(connection?.closed).toBe(true);
    // A signal that comes too late says nothing to anybody.
    bell.signal.inject();
    rig.settle();
    expect(connection?.heard).toBe(0);
    // The channel is gone as well: the result stays what it was.
    rig.driver.session.busCall(DEVCLOSE_CALL, SCRATCH, DEVCLOSE.size);
    expect(rig.events.at(-1)).toMatchObject({ kind: 'ignored', why: 'no such channel' });
    const interrupts = rig.bridge.counters.interrupts;
    rig.plug('two');
    rig.settle();
    expect(rig.bridge.counters.interrupts).toBe(interrupts);
  });

  it('lets a second kernel come up on the same bridge', () => {
    const rig = started();
    opened(rig);
    for (let boot = 0; boot < 20; boot++) {
      expect(rig.driver.probe()).toBe(0);
      rig.settle();
      expect(rig.driver.session.devices.size).toBe(1);
      const device = opened(rig);
      const bell = doorbell(device);
      expect(device.call(ECHO_RING)).toBe(0);
      rig.settle();
      expect(bell.heard()).toBe(1);
    }
    expect(rig.bus.members.size).toBe(1);
  });
});

describe('VB-02 QREG', () => {
  it('is refused before NEGOTIATE, with another number of queues, and with another length', () => {
    const rig = new BridgeRig();
    rig.driver.enable();
    writeRing(rig, 16);
    expect(register(rig, 1, 16, 0x2_0000, 0x4_0000)).toBe(-EINVAL);
    negotiate(rig, MAGIC, 1);
    for (const count of [0, 2, 255]) expect(register(rig, count, 16, 0x2_0000, 0x4_0000)).toBe(-EINVAL);
    for (const length of [0, 16, 28, 33]) expect(register(rig, 1, 16, 0x2_0000, 0x4_0000, length)).toBe(-EINVAL);
    expect(register(rig, 1, 16, 0x2_0000, 0x4_0000)).toBe(0);
  });

  it('refuses rings that are none, are elsewhere, or are not what they say', () => {
    const rig = new BridgeRig();
    rig.driver.enable();
    negotiate(rig, MAGIC, 1);
    writeRing(rig, 16);
    writeRing(rig, 16, 0x3_0004);
    for (const count of [0, 15, 17, 2049, 0xffff_ffff]) expect(register(rig, 1, count, 0x2_0000, 0x4_0000)).toBeLessThan(0);
    for (const ring of [RIG_MEMORY, RIG_MEMORY - 8, 2 ** 53, 2 ** 64 - 4096]) expect(register(rig, 1, 16, ring, 0x4_0000)).toBe(-EFAULT);
    for (const data of [RIG_MEMORY, RIG_MEMORY - 144, 2 ** 63]) expect(register(rig, 1, 16, 0x2_0000, data)).toBe(-EFAULT);
    expect(register(rig, 1, 16, 0x3_0004, 0x4_0000)).toBe(-EINVAL);
    expect(register(rig, 1, 16, 0x5_0000, 0x4_0000)).toBe(-EINVAL);
    // Records over the ring hurt the guest alone.
    expect(register(rig, 1, 16, 0x2_0000, 0x2_0000)).toBe(0);
    rig.plug('one');
    expect(rig.settle()).toBe(true);
  });

  it('names the queue once', () => {
    const rig = started();
    writeRing(rig, 16);
    expect(register(rig, 1, 16, 0x2_0000, 0x4_0000)).toBe(-16);
  });
});

describe('VB-07 Fast calls', () => {
  it('run within the OUT, a channel for each CPU', () => {
    const rig = started({ cpus: 4 });
    const calls = [0, 1, 2, 3].map((cpu) => {
      rig.driver.cpu = cpu;
      const device = cpu === 0 ? opened(rig) : undefined;
      return device?.call(ECHO_REVERSE, new Uint8Array(5)) ?? rig.driver.session.open(0, ECHO_VERSION);
    });
    expect(calls).toEqual([5, -16, -16, -16]);
    expect(rig.bridge.counters.bridgeCalls).toBe(6);
    expect(rig.bridge.counters.busCalls).toBe(5);
  });

  it('refuse a channel twice, out of range, of another length, or elsewhere', () => {
    const rig = started({ cpus: 0 });
    const add = (channel: number, len: number, datap: number, length: number = CALL_DESC.size): number => {
      rig.ram.writeU32(SCRATCH, channel);
      rig.ram.writeU32(SCRATCH + 4, len);
      rig.ram.writeU64(SCRATCH + 8, BigInt(datap));
      return rig.driver.bridgeCall(FASTCALL_ADD, SCRATCH, length);
    };
    // A 32-bit layout is one of 20 bytes.
    for (const len of [0, 16, 20, 28]) expect(add(0, len, 0x2_0000)).toBe(-EINVAL);
    for (const channel of [8192, 0xffff_ffff]) expect(add(channel, FASTCALL_DESC.size, 0x2_0000)).toBe(-EINVAL);
    for (const datap of [RIG_MEMORY - 16, 2 ** 53]) expect(add(0, FASTCALL_DESC.size, datap)).toBe(-EFAULT);
    expect(add(0, FASTCALL_DESC.size, 0x2_0000, 12)).toBe(-EINVAL);
    expect(add(0, FASTCALL_DESC.size, 0x2_0000)).toBe(0);
    expect(add(0, FASTCALL_DESC.size, 0x2_0000)).toBe(-EEXIST);
    expect(add(8191, FASTCALL_DESC.size, 0x2_0000)).toBe(0);
  });

  it('leave the result as it was when the channel is not there, or is not any more', () => {
    const rig = started({ cpus: 1 });
    rig.ports.write(BRIDGE_PORT_BASE + 4, 4, 77);
    expect(rig.bridge.counters.ignored).toBe(1);
    expect(rig.driver.dropChannel(0)).toBe(0);
    expect(rig.driver.dropChannel(0)).toBe(-ENOENT);
    rig.ports.write(BRIDGE_PORT_BASE + 4, 4, 0);
    expect(rig.bridge.counters.ignored).toBe(2);
    // The driver goes on with slow calls.
    expect(opened(rig).call(ECHO_REVERSE, new Uint8Array(3))).toBe(3);
    expect(rig.driver.bridgeCall(FASTCALL_DROP, SCRATCH, 3)).toBe(-EINVAL);
    expect(rig.driver.bridgeCall(SLOWCALL, RIG_MEMORY, CALL_DESC.size)).toBe(-EFAULT);
  });

  it('answer with −EINVAL what is no bus call, or has a structure of another length', () => {
    const rig = started();
    for (const [vector, length] of [
      [4, 16],
      [0xffff_ffff, 16],
      [0, 15],
      [2, 28],
      [3, 44],
    ] as const)
      expect(rig.driver.busCall(vector, SCRATCH, length)).toBe(-EINVAL);
  });
});

describe('[vbus PCI-2] Signals', () => {
  it('go from the guest by a port, and come back by event ring and interrupt', () => {
    const rig = started();
    const device = opened(rig);
    const bell = doorbell(device);
    const before = rig.bridge.counters.interrupts;
    bell.signal.inject();
    expect(device.call(ECHO_HEARD)).toBe(1);
    expect(bell.heard()).toBe(0);
    rig.settle();
    expect(bell.heard()).toBe(1);
    expect(rig.bridge.counters.interrupts - before).toBe(1);
    expect(rig.bridge.counters.signals).toBe(1);
    expect(rig.driver.session.counters.signals).toBe(1);
  });

  it('share one interrupt, of whatever device', () => {
    const rig = started();
    rig.plug('two');
    rig.settle();
    const devices = [opened(rig, 0), opened(rig, 1)];
    const bells = devices.flatMap((device) => [1, 2, 3].map((id) => doorbell(device, id)));
    const before = rig.bridge.counters.interrupts;
    for (const { signal } of bells) signal.inject();
    rig.settle();
    expect(bells.map(({ heard }) => heard())).toEqual([1, 1, 1, 1, 1, 1]);
    expect(rig.bridge.counters.interrupts - before).toBe(1);
  });

  it('ignores accesses of another width, other queues and handles that are none', () => {
    const rig = started();
    const { ports } = rig;
    for (const width of [1, 2] as const) for (const offset of [0, 4, 8]) ports.write(BRIDGE_PORT_BASE + offset, width, 0);
    ports.write(BRIDGE_PORT_BASE + 12, 4, 0);
    ports.write(BRIDGE_PORT_BASE + 2, 4, 0);
    ports.write(BRIDGE_PORT_BASE, 4, 1);
    expect(rig.bridge.counters.ignored).toBe(9);
    for (const handle of [0, 5, 0xffff_ffff]) ports.write(BRIDGE_PORT_BASE + 8, 4, handle);
    expect(rig.bridge.counters.client.strays).toBe(3);
    expect(ports.read(BRIDGE_PORT_BASE, 4)).toBe(0xffff_ffff);
  });

  it('waits with its interrupt for no more than the guest is slow: a ring of two carries any number of events', () => {
    const rig = started({ events: 2 });
    for (let i = 0; i < 50; i++) rig.plug(`more-${i}`);
    rig.settle();
    expect([...rig.driver.session.devices.keys()]).toEqual(Array.from({ length: 51 }, (_, i) => i));
    expect(rig.bridge.counters.kicks).toBeGreaterThan(0);
  });
});

describe('[vbus PCI-2] INTx', () => {
  it('is high until the guest has taken its events', () => {
    const rig = new BridgeRig({ interrupts: 'intx' });
    rig.driver.probe();
    rig.plug('one');
    expect(rig.intx.high).toBe(true);
    rig.clock.advanceTo(100_000_000n);
    expect(rig.intx.high).toBe(true);
    rig.driver.session.interrupt();
    expect(rig.driver.session.devices.size).toBe(1);
    rig.clock.advanceTo(200_000_000n);
    expect(rig.intx.high).toBe(false);
    expect(rig.clock.now()).toBe(200_000_000n);
  });

  it('goes low with the next access to the bridge, and comes again', () => {
    const rig = started({ interrupts: 'intx' });
    const bell = doorbell(opened(rig));
    bell.signal.inject();
    expect(rig.intx.high).toBe(true);
    rig.driver.session.interrupt();
    rig.driver.kick();
    expect(rig.intx.high).toBe(false);
    bell.signal.inject();
    expect(rig.intx.high).toBe(true);
    expect(rig.settle()).toBe(true);
    expect(bell.heard()).toBe(2);
  });

  it('does not stay high for a guest that masks the event ring', () => {
    const rig = started({ interrupts: 'intx' });
    const bell = doorbell(opened(rig));
    bell.signal.inject();
    rig.ram.writeU8(0x10_0000, 0);
    for (let at = 0x10_0000; at < 0x10_0000 + 0x4000; at += 64) {
      if (rig.ram.readU32(at) === 0x47fa_2fe4) rig.ram.writeU8(at + 16, 0);
    }
    rig.clock.advanceTo(100_000_000n);
    expect(rig.intx.high).toBe(false);
  });
});

describe('VB-11 Reset', () => {
  it('by the PCI function: as after power-on', () => {
    const rig = started();
    const device = opened(rig);
    doorbell(device);
    rig.bridge.function.reset();
    expect(rig.devices.get('one')?.connection?.closed).toBe(true);
    expect(rig.mmio.read(BRIDGE_MMIO_BASE, 4)).toBe(0xffff_ffff);
    expect(rig.driver.probe()).toBe(0);
    rig.settle();
    expect(opened(rig).call(ECHO_REVERSE, new Uint8Array(2))).toBe(2);
  });

  it('by taking bus mastering away: the guest is not reached, and begins with NEGOTIATE', () => {
    const rig = started();
    const bell = doorbell(opened(rig));
    const { config } = rig.bridge.function;
    config.write(4, 2, 3);
    expect(rig.devices.get('one')?.connection?.closed).toBe(true);
    const image = new Uint8Array(RIG_MEMORY);
    rig.ram.read(0, image);
    rig.plug('two');
    bell.signal.inject();
    expect(rig.driver.bridgeCall(NEGOTIATE, SCRATCH, 16)).toBe(-EFAULT);
    expect(rig.settle()).toBe(true);
    config.write(4, 2, 7);
    expect(rig.driver.probe()).toBe(0);
    rig.settle();
    expect([...rig.driver.session.devices.keys()]).toEqual([0, 1]);
  });

  it('by the machine', () => {
    const rig = started();
    opened(rig);
    rig.bridge.reset();
    expect(rig.devices.get('one')?.connection?.closed).toBe(true);
    expect(rig.driver.session.open(0, ECHO_VERSION)).toBe(-EIO);
  });
});
