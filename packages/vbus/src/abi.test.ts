import { ConfigurationError } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import * as abi from './abi.ts';
import { ioqLength } from './ioq.ts';
import { structure } from './structure.ts';

describe('[vbus PCI-2, calls and events] Structures of calls and events', () => {
  it('have the offsets of the x86-64 layout', () => {
    expect(abi.CALL_DESC.offset).toEqual({ vector: 0, len: 4, datap: 8 });
    expect(abi.FASTCALL_DESC.offset).toEqual({ vector: 0, len: 4, datap: 8, result: 16 });
    expect(abi.BRIDGE_NEGOTIATE.offset).toEqual({ magic: 0, version: 4, capabilities: 8 });
    expect(abi.BRIDGE_QREG.offset).toEqual({ count: 0, queueCount: 8, ring: 16, data: 24 });
    expect(abi.DEVOPEN.offset).toEqual({ devid: 0, version: 4, handle: 8 });
    expect(abi.DEVCALL.offset).toEqual({ devh: 0, func: 8, len: 12, flags: 16, datap: 24 });
    expect(abi.DEVSHM.offset).toEqual({
      devh: 0,
      id: 8,
      len: 12,
      flags: 16,
      pad: 20,
      signalOffset: 24,
      signalPrio: 28,
      signalCookie: 32,
      datap: 40,
    });
    expect(abi.EVENT_HEADER.offset).toEqual({ eventid: 0, handle: 8 });
  });

  it('have the sizes by which a call is told from nonsense', () => {
    const sizes = [
      abi.CALL_DESC,
      abi.FASTCALL_DESC,
      abi.BRIDGE_NEGOTIATE,
      abi.BRIDGE_QREG,
      abi.DEVOPEN,
      abi.DEVCLOSE,
      abi.DEVCALL,
      abi.DEVSHM,
    ];
    expect(sizes.map(({ size }) => size)).toEqual([16, 24, 16, 32, 16, 8, 32, 48]);
    expect(abi.EVENT_SIZE).toBe(144);
  });
});

describe('[vbus PCI-2, shm_signal, ioq] Structures in shared memory', () => {
  it('are laid out as the table says', () => {
    expect(abi.SHM_SIGNAL_DESC).toEqual({
      size: 16,
      offset: { magic: 0, ver: 4, northEnabled: 8, northPending: 9, northDirty: 10, southEnabled: 11, southPending: 12, southDirty: 13 },
    });
    expect(abi.IOQ_HEAD.offset).toEqual({
      magic: 0,
      ver: 4,
      signal: 8,
      signalRest: 16,
      validHead: 24,
      validTail: 28,
      validFull: 32,
      inuseHead: 36,
      inuseTail: 40,
      inuseFull: 44,
      count: 48,
    });
    expect(abi.IOQ_DESC).toEqual({ size: 32, offset: { cookie: 0, ptr: 8, len: 16, valid: 24, sown: 25 } });
  });

  it('take 88 + 32·(count − 1) bytes for a ring', () => {
    expect([1, 256, 1024].map(ioqLength)).toEqual([88, 8248, 32824]);
  });
});

describe('A structure', () => {
  it('aligns each field to its size, and itself to the widest', () => {
    expect(structure(24, { a: 1, b: 8, c: 2 })).toEqual({ size: 24, offset: { a: 0, b: 8, c: 16 } });
  });

  it('is refused if the fields make up another size than was said', () => {
    expect(() => structure(23, { a: 1, b: 8, c: 2 })).toThrow(ConfigurationError);
  });
});
