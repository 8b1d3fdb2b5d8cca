import { Ram, type Width } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import type { DriverSession, VirtioDevice } from './device.ts';
import { featureSet, VIRTIO_F_EVENT_IDX, VIRTIO_F_VERSION_1 } from './features.ts';
import type { QueueArea } from './queue/setup.ts';
import { type VirtioEvent, VirtioSession } from './session.ts';
import { GuestArena, SplitRingDriver } from './testing.ts';

/** Returns every request unwritten and keeps a diary. */
class Diary implements VirtioDevice {
  readonly name = 'diary';
  readonly deviceId = 63;
  readonly features = 0n;
  readonly featureRequirements = [];
  readonly queueSizes = [8];
  readonly configSize = 6;
  readonly config: DataView = new DataView(new ArrayBuffer(6));
  readonly entries: string[] = [];
  session: DriverSession | undefined = undefined;
  readConfig(offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; i++) value += this.config.getUint8(offset + i) * 2 ** (8 * i);
    return value;
  }
  writeConfig(offset: number, width: Width, value: number): void {
    for (let i = 0; i < width; i++) this.config.setUint8(offset + i, Math.floor(value / 2 ** (8 * i)));
  }
  activate(session: DriverSession): boolean {
    this.entries.push('activate');
    this.session = session;
    return true;
  }
  reset(): void {
    this.entries.push('reset');
  }
  notify(queue: number): void {
    this.entries.push(`notify ${queue}`);
    const ring = this.session?.queue(queue);
    for (let chain = ring?.pop(); chain !== undefined; chain = ring?.pop()) ring?.push(chain, 0);
    this.session?.interrupt(queue);
  }
  queueReset(queue: number): void {
    this.entries.push(`queue reset ${queue}`);
  }
}

function rig() {
  const device = new Diary();
  const memory = new Ram(new ArrayBuffer(65536));
  const interrupts: string[] = [];
  const events: VirtioEvent[] = [];
  const session = new VirtioSession({
    device,
    memory,
    interrupts: { queue: (index) => void interrupts.push(`queue ${index}`), config: () => void interrupts.push('config') },
    trace: (event) => void events.push(event),
  });
  const start = () => {
    session.writeStatus(0);
    session.writeStatus(3);
    session.negotiation.driverSelect = 1;
    session.negotiation.writeDriverWindow(1);
    session.writeStatus(0xb);
    const ring = new SplitRingDriver({ memory, arena: new GuestArena(0x1000, 0x8000), size: 8 });
    for (const area of ['descriptors', 'available', 'used'] satisfies QueueArea[])
      session.queues[0]?.writeAddress(area, 0, ring.layout[area]);
    session.enableQueue(0);
    session.writeStatus(0xf);
    return ring;
  };
  return { device, session, interrupts, events, start };
}

describe('[virtio 1.2 §3.1] Device Initialization', () => {
  it('activates at DRIVER_OK and looks at every queue', () => {
    const { device, session, start } = rig();
    start();
    expect(device.entries).toEqual(['reset', 'activate', 'notify 0']);
    expect(session.features).toBe(featureSet(VIRTIO_F_VERSION_1));
  });

  it('offers the bits of the ring beside those of the device, or fewer if told', () => {
    const { device, session } = rig();
    expect(session.negotiation.offered & featureSet(VIRTIO_F_EVENT_IDX)).not.toBe(0n);
    const plain = new VirtioSession({
      device,
      memory: new Ram(new ArrayBuffer(4096)),
      interrupts: { queue: () => undefined, config: () => undefined },
      ringFeatures: featureSet(VIRTIO_F_VERSION_1),
    });
    expect(plain.negotiation.offered).toBe(featureSet(VIRTIO_F_VERSION_1));
  });

  it('forgets a queue, its ring and the features at reset', () => {
    const { session, start } = rig();
    start();
    session.writeStatus(0);
    expect([session.features, session.queue(0), session.queues[0]?.enabled, session.queues[0]?.readAddress('used', 0)]).toEqual([
      0n,
      undefined,
      false,
      0,
    ]);
  });
});

describe('[virtio 1.2 §2.3] Notifications', () => {
  it('sends one for used buffers if there are any, says when it was suppressed', () => {
    const { session, interrupts, start } = rig();
    const ring = start();
    expect(session.interrupt(0)).toBe('none');
    ring.add([{ address: 0x9000, length: 1 }]);
    session.notify(0);
    expect(interrupts).toEqual(['queue 0']);
    ring.disableInterrupts();
    ring.add([{ address: 0x9000, length: 1 }]);
    const queue = session.queue(0);
    const chain = queue?.pop();
    if (chain !== undefined) queue?.push(chain, 0);
    expect([session.interrupt(0), session.interrupt(0)]).toEqual(['suppressed', 'none']);
  });

  it('sends one of a configuration change, but none before DRIVER_OK', () => {
    const { session, interrupts, start } = rig();
    session.configChanged();
    expect(interrupts).toEqual([]);
    start();
    session.configChanged();
    session.configChanged(false);
    expect(interrupts).toEqual(['config']);
  });

  it('notifies again later, unless the device was reset meanwhile', async () => {
    const { device, session, start } = rig();
    start();
    device.entries.length = 0;
    session.notifyLater(0);
    expect(device.entries).toEqual([]);
    await Promise.resolve();
    expect(device.entries).toEqual(['notify 0']);
    session.notifyLater(0);
    session.writeStatus(0);
    start();
    device.entries.length = 0;
    await Promise.resolve();
    expect(device.entries).toEqual([]);
  });

  it('ignores kicks of queues that do not exist', () => {
    const { device, session, start } = rig();
    start();
    device.entries.length = 0;
    for (const index of [1, -1, 0xffff, 0.5]) session.notify(index);
    expect(device.entries).toEqual([]);
  });
});

describe('[virtio 1.2 §2.5] Device Configuration Space', () => {
  it('has a new generation after a changed part was read, however often it changed', () => {
    const { session } = rig();
    const seen = [1, 255, 256, 0].map((changes) => {
      for (let i = 0; i < changes; i++) session.configChanged();
      session.readConfig(0, 1);
      return session.configGeneration;
    });
    expect(seen).toEqual([1, 2, 3, 3]);
  });

  it('hands whole accesses on, and cuts those that cross the end', () => {
    const { session } = rig();
    session.writeConfig(0, 4, 0x0403_0201);
    session.writeConfig(4, 2, 0x0605);
    expect([session.readConfig(0, 4), session.readConfig(4, 4), session.readConfig(5, 2), session.readConfig(6, 1)]).toEqual([
      0x0403_0201, 0x0605, 0x06, 0,
    ]);
    session.writeConfig(4, 4, 0xffff_ffff);
    session.writeConfig(100, 1, 0xff);
    expect(session.readConfig(4, 2)).toBe(0x0605);
  });
});

describe('[virtio 1.2 §2.1.2] Device Requirements: Device Status Field', () => {
  it('traces why a device needs a reset, once', () => {
    const { session, events, interrupts, start } = rig();
    const ring = start();
    ring.offer(99);
    session.notify(0);
    session.fail('again');
    expect(events.filter(({ kind }) => kind === 'needs-reset')).toEqual([
      { kind: 'needs-reset', device: 'diary', why: 'queue 0: head-out-of-range' },
    ]);
    expect(interrupts).toEqual(['config']);
  });
});
