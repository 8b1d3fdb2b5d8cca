import { describe, expect, it } from 'vitest';
import { VBUS_EVENT_DEVADD, VBUS_EVENT_DEVDROP, VBUS_EVENT_SHMCLOSE, VBUS_EVENT_SHMSIGNAL } from './abi.ts';
import { MAX_CALL_LENGTH, MAX_SHM_LENGTH } from './client.ts';
import { E2BIG, EBUSY, EEXIST, EFAULT, EINVAL, ENODEV, ENOENT, ENOMEM, ENOSPC } from './errno.ts';
import { CLIENT_FREE, ClientRig } from './testing/client-rig.ts';
import { ECHO_HEARD, ECHO_REVERSE, ECHO_RING } from './testing/echo-device.ts';

const DATA = CLIENT_FREE;
const BELL = CLIENT_FREE + 0x4000;

/** A client with one open device. */
const opened = (events?: number): { rig: ClientRig; handle: bigint; id: number } => {
  const rig = new ClientRig(events).ready();
  const id = rig.plug('e');
  return { rig, id, handle: rig.open(id) as bigint };
};

describe('[vbus PCI-2, connection] From DEVADD to DEVCLOSE', () => {
  it('opens, calls, shares memory with a doorbell, and closes, which ends with SHMCLOSE', () => {
    const { rig, handle, id } = opened();
    const { client, memory } = rig;
    expect(typeof handle).toBe('bigint');
    memory.write(DATA, Uint8Array.of(1, 2, 3));
    expect(client.deviceCall(handle, ECHO_REVERSE, DATA, 3, 0)).toBe(3);
    expect([memory.readU8(DATA), memory.readU8(DATA + 1), memory.readU8(DATA + 2)]).toEqual([3, 2, 1]);
    let signal = -1;
    let heard = 0;
    const north = rig.doorbell(BELL, () => client.signal(signal));
    north.onSignal = () => void heard++;
    north.enable();
    signal = client.deviceShm(handle, 7, 0, BELL, 64, { offset: 0, prio: 2, cookie: 0xc00c1en });
    expect(signal).toBe(0);
    north.inject();
    expect(client.deviceCall(handle, ECHO_HEARD, 0, 0, 0)).toBe(1);
    expect(rig.ring.drain()).toEqual([
      { id: VBUS_EVENT_DEVADD, handle: BigInt(id), type: 'echo' },
      { id: VBUS_EVENT_SHMSIGNAL, handle: 0xc00c1en, type: '' },
    ]);
    north.wakeup();
    expect(heard).toBe(1);
    expect(client.deviceClose(handle)).toBe(0);
    expect(rig.ring.drain()).toEqual([{ id: VBUS_EVENT_SHMCLOSE, handle: 0xc00c1en, type: '' }]);
    expect([client.openCount, client.signalCount, rig.devices.get('e')?.connection?.closed]).toEqual([0, 0, true]);
  });

  it('tells of devices that were there before READY, and of those that come and go after it', () => {
    const rig = new ClientRig();
    rig.plug('early');
    rig.host.createDevice('gone', 'echo');
    rig.host.link('b', 'gone');
    rig.host.unlink('b', 'gone');
    rig.ready();
    rig.client.ready();
    rig.plug('late');
    rig.host.unlink('b', 'late');
    expect(rig.ring.drain().map(({ id, handle }) => [id, Number(handle)])).toEqual([
      [VBUS_EVENT_DEVADD, 0],
      [VBUS_EVENT_DEVADD, 2],
      [VBUS_EVENT_DEVDROP, 2],
    ]);
  });
});

describe('VB-05 DEVOPEN', () => {
  it('is refused for an unknown id, a wrong version, and twice', () => {
    const { rig, id } = opened();
    for (const unknown of [id + 1, 0xffff_ffff, -1, 0.5]) expect(rig.client.deviceOpen(unknown, 1)).toBe(-ENOENT);
    expect([rig.client.deviceOpen(id, 0), rig.client.deviceOpen(id, 2), rig.client.deviceOpen(id, 0xffff_ffff)]).toEqual(
      Array(3).fill(-EINVAL),
    );
    expect(rig.client.deviceOpen(id, 1)).toBe(-EBUSY);
  });

  it('reaches no device of another bus', () => {
    const { rig, id } = opened();
    rig.host.createBus('other');
    rig.host.createDevice('foreign', 'echo');
    for (let i = 0; i < 5; i++) {
      rig.host.link('other', 'foreign');
      rig.host.unlink('other', 'foreign');
    }
    rig.host.link('other', 'foreign');
    expect(rig.host.idsOf('other', 'foreign')).toEqual([5]);
    expect([rig.client.deviceOpen(5, 1), rig.host.idsOf('b', 'e')]).toEqual([-ENOENT, [id]]);
  });

  it('has a limit', () => {
    const rig = new ClientRig().ready();
    let opens = 0;
    for (let i = 0; i < 1100; i++) {
      const result = rig.open(rig.plug(`e${i}`));
      if (typeof result === 'bigint') opens++;
      else expect(result).toBe(-ENOMEM);
    }
    expect(opens).toBe(1024);
  });
});

describe('VB-05 Handles', () => {
  it('are opaque, never used again, and of one client', () => {
    const { rig, id } = opened();
    const other = new ClientRig(16, rig);
    const handles = new Set<bigint>();
    rig.client.reset();
    for (let i = 0; i < 200; i++) {
      const handle = rig.client.deviceOpen(id, 1) as bigint;
      expect(handle).toBeGreaterThan(0xffffn);
      expect(handles.has(handle)).toBe(false);
      handles.add(handle);
      expect(other.client.deviceClose(handle)).toBe(-ENOENT);
      rig.client.deviceClose(handle);
    }
    other.client.deviceOpen(id, 1);
  });

  it('that are closed, forged or zero are refused by every verb', () => {
    const { rig, handle } = opened();
    rig.client.deviceClose(handle);
    for (const bad of [handle, handle + 1n, 0n, 1n, 2n ** 64n - 1n]) {
      expect(rig.client.deviceCall(bad, ECHO_REVERSE, DATA, 4, 0)).toBe(-ENOENT);
      expect(rig.client.deviceShm(bad, 0, 0, DATA, 64, undefined)).toBe(-ENOENT);
      expect(rig.client.deviceClose(bad)).toBe(-ENOENT);
    }
    expect(rig.trace.filter(({ kind }) => kind === 'bad-handle')).toHaveLength(15);
  });

  it('of two clients of one bus differ', () => {
    const { rig, handle } = opened();
    const other = new ClientRig(16, rig);
    rig.plug('f');
    expect(other.client.deviceOpen(1, 1)).not.toBe(handle);
    expect([rig.client.name, other.client.name, [...rig.bus.members]]).toEqual(['client', 'client-1', ['client', 'client-1']]);
    other.client.close();
    expect([...rig.bus.members]).toEqual(['client']);
  });
});

describe('DEVCALL', () => {
  it('copies back only what the device did not refuse', () => {
    const rig = new ClientRig();
    /** Answers with the number in its first byte, and writes over it. */
    const call = (_func: number, data: Uint8Array): number => {
      const [answer = 0] = data;
      data.fill(0xee);
      return answer === 0 ? -EINVAL : answer;
    };
    const interfaces = [{ name: '0', type: 'writer', connect: () => ({ call, shm: () => 0, close: () => undefined }) }];
    const create = () => ({ attributes: [], interfaces, busConnect: () => 0, busDisconnect: () => undefined, release: () => undefined });
    rig.host.addClass({ name: 'writer', create });
    rig.host.createDevice('w', 'writer');
    rig.host.link('b', 'w');
    const handle = rig.open(0) as bigint;
    rig.memory.write(DATA, Uint8Array.of(0, 7));
    expect([rig.client.deviceCall(handle, 0, DATA, 1, 0), rig.memory.readU8(DATA)]).toEqual([-EINVAL, 0]);
    expect([rig.client.deviceCall(handle, 0, DATA + 1, 1, 0), rig.memory.readU8(DATA + 1)]).toEqual([7, 0xee]);
  });

  it('is refused beyond memory and beyond 64 KiB', () => {
    const { rig, handle } = opened();
    const { client, memory } = rig;
    for (const address of [memory.size, memory.size - 3, 2 ** 53, 2 ** 64, -4])
      expect(client.deviceCall(handle, ECHO_REVERSE, address, 4, 0)).toBe(-EFAULT);
    expect(client.deviceCall(handle, ECHO_REVERSE, 2 ** 64, 0, 0)).toBe(0);
    expect(client.deviceCall(handle, ECHO_REVERSE, DATA, MAX_CALL_LENGTH, 0)).toBe(MAX_CALL_LENGTH);
    expect(client.deviceCall(handle, ECHO_REVERSE, DATA, MAX_CALL_LENGTH + 1, 0)).toBe(-E2BIG);
    expect(client.deviceCall(handle, ECHO_REVERSE, DATA, 0xffff_ffff, 0)).toBe(-E2BIG);
  });
});

describe('VB-05 DEVSHM', () => {
  it('is refused for the same id twice, no bytes, flags, too much, and what is not memory', () => {
    const { rig, handle } = opened();
    const { client, memory } = rig;
    expect([client.deviceShm(handle, 1, 0, DATA, 64, undefined), client.deviceShm(handle, 1, 0, DATA, 64, undefined)]).toEqual([
      0,
      -EEXIST,
    ]);
    expect(client.deviceShm(handle, 2, 0, DATA, 0, undefined)).toBe(-EINVAL);
    for (const flags of [1, 0x8000_0000]) expect(client.deviceShm(handle, 2, flags, DATA, 64, undefined)).toBe(-EINVAL);
    for (const length of [MAX_SHM_LENGTH + 1, 0xffff_ffff]) expect(client.deviceShm(handle, 2, 0, 0, length, undefined)).toBe(-E2BIG);
    for (const address of [memory.size - 63, memory.size, 2 ** 53, 2 ** 64])
      expect(client.deviceShm(handle, 2, 0, address, 64, undefined)).toBe(-EFAULT);
    expect(client.deviceShm(handle, 2, 0, 0, MAX_SHM_LENGTH, undefined)).toBe(-EFAULT);
  });

  it('is refused for a doorbell that is none, and what was refused may be asked again', () => {
    const { rig, handle } = opened();
    const { client, memory } = rig;
    const shm = (offset: number): number => client.deviceShm(handle, 3, 0, BELL, 64, { offset, prio: 0, cookie: 1n });
    rig.doorbell(BELL, () => undefined);
    for (const offset of [1, 48, 49, 64, 0xffff_fffe]) expect(shm(offset)).toBe(-EINVAL);
    memory.writeU32(BELL, 0x58fa_39de);
    expect(shm(0)).toBe(-EINVAL);
    rig.doorbell(BELL, () => undefined);
    memory.writeU32(BELL + 4, 2);
    expect(shm(0)).toBe(-EINVAL);
    rig.doorbell(BELL, () => undefined);
    expect([shm(0), client.signalCount]).toEqual([0, 1]);
  });

  it('gives doorbells the smallest free number, and no more of them than it has numbers', () => {
    const rig = new ClientRig(4).ready();
    rig.doorbell(BELL, () => undefined);
    const handles = Array.from({ length: 5 }, (_, i) => rig.open(rig.plug(`e${i}`)) as bigint);
    const shm = (device: number, id: number): number =>
      rig.client.deviceShm(handles[device] as bigint, id, 0, BELL, 16, { offset: 0, prio: 0xffff_ffff, cookie: 1n });
    let next = 0;
    for (const device of handles.keys())
      for (let id = 0; id < 256 && next < 1024; id++) {
        expect(shm(device, id)).toBe(next);
        next++;
      }
    expect([shm(0, 256), shm(4, 0)]).toEqual([-ENOSPC, -ENOSPC]);
    rig.client.deviceClose(handles[1] as bigint);
    // The client was told of some of the closings; the others keep their numbers until it takes them out.
    rig.ring.drain();
    rig.settle();
    expect(shm(4, 0)).toBeGreaterThanOrEqual(256);
  });

  it('lets closings wait, but not without bound, if the client does not take them out', () => {
    const rig = new ClientRig(2).ready();
    const id = rig.plug('e');
    rig.doorbell(BELL, () => undefined);
    const results = new Set<number>();
    for (let i = 0; i < 3000; i++) {
      const handle = rig.open(id) as bigint;
      results.add(Math.sign(rig.client.deviceShm(handle, 0, 0, BELL, 16, { offset: 0, prio: 0, cookie: BigInt(i) })));
      rig.client.deviceClose(handle);
    }
    expect(rig.events.waiting).toBeLessThanOrEqual(1024);
    expect(results).toEqual(new Set([0, 1, -1]));
    for (let i = 0; i < 3000 && rig.events.waiting > 0; i++) {
      rig.ring.drain();
      rig.settle();
    }
    rig.ring.drain();
    expect([rig.events.waiting, rig.client.signalCount]).toEqual([0, 0]);
  });
});

describe('Doorbells', () => {
  it('that name nothing are counted and ignored', () => {
    const { rig, handle } = opened();
    rig.doorbell(BELL, () => undefined);
    rig.client.deviceShm(handle, 0, 0, BELL, 16, { offset: 0, prio: 0, cookie: 1n });
    rig.client.deviceClose(handle);
    for (const bad of [0, 1, -1, 0.5, 0xffff_ffff, Number.NaN]) rig.client.signal(bad);
    expect(rig.client.counters).toMatchObject({ signals: 6, strays: 6 });
  });
});

describe('Hot-unplug of an open device', () => {
  it('closes the connection at once; DEVCLOSE then tells of the doorbells', () => {
    const { rig, handle, id } = opened();
    const { client } = rig;
    rig.doorbell(BELL, () => undefined).enable();
    client.deviceShm(handle, 0, 0, BELL, 16, { offset: 0, prio: 0, cookie: 5n });
    rig.ring.drain();
    rig.host.unlink('b', 'e');
    expect(rig.devices.get('e')?.connection?.closed).toBe(true);
    expect(client.deviceCall(handle, ECHO_RING, 0, 0, 0)).toBe(-ENODEV);
    expect(client.deviceShm(handle, 1, 0, DATA, 64, undefined)).toBe(-ENODEV);
    expect(client.deviceOpen(id, 1)).toBe(-ENOENT);
    client.signal(0);
    expect(client.counters.strays).toBe(1);
    expect(client.deviceClose(handle)).toBe(0);
    expect(rig.ring.drain().map(({ id: event, handle: what }) => [event, what])).toEqual([
      [VBUS_EVENT_DEVDROP, BigInt(id)],
      [VBUS_EVENT_SHMCLOSE, 5n],
    ]);
    expect(client.deviceClose(handle)).toBe(-ENOENT);
  });
});

describe('VB-05 DEVCLOSE and unplug in the middle of a call', () => {
  it('leave no doorbell behind, and no call undone', () => {
    const rig = new ClientRig();
    let middle = (): void => undefined;
    const connection = {
      call: () => {
        middle();
        return 0;
      },
      shm: () => {
        middle();
        return 0;
      },
      close: () => undefined,
    };
    const interfaces = [{ name: '0', type: 'x', connect: () => connection }];
    const create = () => ({ attributes: [], interfaces, busConnect: () => 0, busDisconnect: () => undefined, release: () => undefined });
    rig.host.addClass({ name: 'x', create });
    rig.host.createDevice('x', 'x');
    rig.doorbell(BELL, () => undefined);
    for (const end of ['close', 'unplug'] as const) {
      for (const verb of ['call', 'shm'] as const) {
        rig.host.link('b', 'x');
        const handle = rig.open(rig.host.idsOf('b', 'x')[0] ?? -1) as bigint;
        middle = () => void (end === 'close' ? rig.client.deviceClose(handle) : rig.host.unlink('b', 'x'));
        if (verb === 'call') expect(rig.client.deviceCall(handle, 0, DATA, 4, 0)).toBe(0);
        else expect(rig.client.deviceShm(handle, 0, 0, BELL, 64, { offset: 0, prio: 0, cookie: 1n })).toBe(-ENODEV);
        rig.client.deviceClose(handle);
        rig.host.unlink('b', 'x');
        expect([rig.client.openCount, rig.client.signalCount]).toEqual([0, 0]);
      }
    }
  });
});

describe('VB-11 A client that starts anew with open devices', () => {
  it('has no handle, no memory and no doorbell any more, and may open again', () => {
    const { rig, handle, id } = opened();
    const { client } = rig;
    rig.doorbell(BELL, () => undefined).enable();
    client.deviceShm(handle, 0, 0, BELL, 16, { offset: 0, prio: 0, cookie: 5n });
    const first = rig.devices.get('e')?.connection;
    const signal = first?.shms.get(0)?.signal;
    client.reset();
    rig.events.reset();
    const before = new Uint8Array(rig.memory.buffer.slice(0));
    signal?.inject();
    signal?.enable();
    client.signal(0);
    rig.host.createDevice('unheard', 'echo');
    rig.host.link('b', 'unheard');
    rig.settle();
    const after = new Uint8Array(rig.memory.buffer);
    expect(before.every((byte, i) => byte === after[i])).toBe(true);
    expect([first?.closed, signal?.closed, client.openCount, client.signalCount]).toEqual([true, true, 0, 0]);
    expect([client.deviceCall(handle, 0, 0, 0, 0), client.deviceClose(handle)]).toEqual([-ENOENT, -ENOENT]);
    expect(client.deviceOpen(id, 1)).not.toBe(handle);
  });

  it('keeps its new doorbells when closings of the old ones are told at last', () => {
    const { rig, handle, id } = opened(1);
    const { client } = rig;
    rig.doorbell(BELL, () => undefined);
    const shm = (to: bigint): number => client.deviceShm(to, 0, 0, BELL, 16, { offset: 0, prio: 0, cookie: 5n });
    shm(handle);
    client.deviceClose(handle);
    expect([rig.events.waiting, client.signalCount]).toEqual([1, 1]);
    client.reset();
    expect(shm(client.deviceOpen(id, 1) as bigint)).toBe(0);
    rig.ring.drain();
    rig.settle();
    rig.ring.drain();
    expect([rig.events.waiting, client.signalCount]).toEqual([0, 1]);
  });

  it('hears of every device again when it is READY again', () => {
    const { rig } = opened(4);
    rig.ring.drain();
    rig.client.reset();
    rig.events.reset();
    const again = new ClientRig(4, rig);
    again.ready();
    expect(again.ring.drain().map(({ handle }) => handle)).toEqual([0n]);
  });
});
