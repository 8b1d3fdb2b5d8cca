import { describe, expect, it } from 'vitest';
import { DEVCALL, DEVSHM, VBUS_DEVCALL, VBUS_DEVCLOSE, VBUS_DEVOPEN, VBUS_DEVSHM } from './abi.ts';
import { busCall } from './bus-call.ts';
import { EFAULT, EINVAL, ENOENT } from './errno.ts';
import { CLIENT_FREE, ClientRig } from './testing/client-rig.ts';
import { ECHO_REVERSE } from './testing/echo-device.ts';

const AT = 0x100;
const DATA = CLIENT_FREE;

describe('[vbus PCI-2, calls and events] Bus calls', () => {
  it('carry DEVOPEN, DEVCALL, DEVSHM and DEVCLOSE as structures in memory', () => {
    const rig = new ClientRig();
    const { client, memory } = rig;
    const id = rig.plug('e');
    memory.writeU32(AT, id);
    memory.writeU32(AT + 4, 1);
    expect(busCall(client, VBUS_DEVOPEN, AT, 16)).toBe(0);
    const handle = memory.readU64(AT + 8);
    memory.write(DATA, Uint8Array.of(1, 2, 3));
    memory.writeU64(AT + DEVCALL.offset.devh, handle);
    memory.writeU32(AT + DEVCALL.offset.func, ECHO_REVERSE);
    memory.writeU32(AT + DEVCALL.offset.len, 3);
    memory.writeU64(AT + DEVCALL.offset.datap, BigInt(DATA));
    expect([busCall(client, VBUS_DEVCALL, AT, 32), memory.readU8(DATA)]).toEqual([3, 3]);
    memory.write(AT, new Uint8Array(48));
    rig.doorbell(DATA + 32, () => undefined);
    memory.writeU64(AT + DEVSHM.offset.devh, handle);
    memory.writeU32(AT + DEVSHM.offset.id, 9);
    memory.writeU32(AT + DEVSHM.offset.len, 64);
    memory.writeU32(AT + DEVSHM.offset.signalOffset, 32);
    memory.writeU64(AT + DEVSHM.offset.signalCookie, 2n ** 64n - 1n);
    memory.writeU64(AT + DEVSHM.offset.datap, BigInt(DATA));
    expect([busCall(client, VBUS_DEVSHM, AT, 48), client.signalCount]).toEqual([0, 1]);
    memory.writeU32(AT + DEVSHM.offset.id, 10);
    memory.writeU32(AT + DEVSHM.offset.signalOffset, 0xffff_ffff);
    expect([busCall(client, VBUS_DEVSHM, AT, 48), client.signalCount]).toEqual([0, 1]);
    memory.writeU64(AT, handle);
    expect([busCall(client, VBUS_DEVCLOSE, AT, 8), busCall(client, VBUS_DEVCLOSE, AT, 8)]).toEqual([0, -ENOENT]);
  });

  it('are refused unless the length is that of the structure', () => {
    const { client } = new ClientRig();
    const sizes: readonly (readonly [number, number])[] = [
      [VBUS_DEVOPEN, 16],
      [VBUS_DEVCLOSE, 8],
      [VBUS_DEVCALL, 32],
      [VBUS_DEVSHM, 48],
    ];
    for (const [vector, size] of sizes) {
      // The sizes of 32-bit guests of before 2012 are among them.
      for (const length of [0, 1, size - 1, size + 1, 28, 44, 0xffff_ffff]) expect(busCall(client, vector, AT, length)).toBe(-EINVAL);
      for (const address of [client.memory.size - size + 1, 2 ** 53, 2 ** 64, -1])
        expect(busCall(client, vector, address, size)).toBe(-EFAULT);
    }
    for (const vector of [4, 0xffff_ffff, -1, 0.5]) expect(busCall(client, vector, AT, 16)).toBe(-EINVAL);
  });

  it('leave memory alone where they fail', () => {
    const { client, memory } = new ClientRig();
    memory.write(AT, new Uint8Array(48).fill(0xa5));
    for (const [vector, size] of [
      [VBUS_DEVOPEN, 16],
      [VBUS_DEVCALL, 32],
      [VBUS_DEVSHM, 48],
    ] as const)
      expect(busCall(client, vector, AT, size)).toBe(-ENOENT);
    const bytes = new Uint8Array(48);
    memory.read(AT, bytes);
    expect(bytes).toEqual(new Uint8Array(48).fill(0xa5));
  });
});
