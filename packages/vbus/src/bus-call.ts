/**
 * Bus calls as they lie in the client's memory: the table of verbs with their structures. [vbus PCI-2, calls and events] Every wire that carries calls
 * as (vector, address, length) comes through here: fast and slow calls of the PCI bridge, hypercalls, messages of a worker.
 */
import { DEVCALL, DEVCLOSE, DEVOPEN, DEVSHM, VBUS_DEVCALL, VBUS_DEVCLOSE, VBUS_DEVOPEN, VBUS_DEVSHM, VBUS_NO_SIGNAL } from './abi.ts';
import type { SignalRequest, VbusClient } from './client.ts';
import { EFAULT, EINVAL } from './errno.ts';

interface Verb {
  readonly size: number;
  /** `view` is a copy of the structure at `address`. */
  run(client: VbusClient, view: DataView, address: number): number;
}

const u32 = (view: DataView, at: number): number => view.getUint32(at, true);
const u64 = (view: DataView, at: number): bigint => view.getBigUint64(at, true);
/** Addresses from 2^53 on are inexact, and no address of memory. */
const address64 = (view: DataView, at: number): number => Number(u64(view, at));

const VERBS: Readonly<Record<number, Verb>> = {
  [VBUS_DEVOPEN]: {
    size: DEVOPEN.size,
    run(client, view, address) {
      const { devid, version, handle } = DEVOPEN.offset;
      const opened = client.deviceOpen(u32(view, devid), u32(view, version));
      if (typeof opened === 'number') return opened;
      client.memory.writeU64(address + handle, opened);
      return 0;
    },
  },
  [VBUS_DEVCLOSE]: {
    size: DEVCLOSE.size,
    run: (client, view) => client.deviceClose(u64(view, DEVCLOSE.offset.devh)),
  },
  [VBUS_DEVCALL]: {
    size: DEVCALL.size,
    run(client, view) {
      const { devh, func, len, flags, datap } = DEVCALL.offset;
      return client.deviceCall(u64(view, devh), u32(view, func), address64(view, datap), u32(view, len), u32(view, flags));
    },
  },
  [VBUS_DEVSHM]: {
    size: DEVSHM.size,
    run(client, view) {
      const { devh, id, len, flags, signalOffset, signalPrio, signalCookie, datap } = DEVSHM.offset;
      const offset = u32(view, signalOffset);
      const signal: SignalRequest | undefined =
        offset === VBUS_NO_SIGNAL ? undefined : { offset, prio: u32(view, signalPrio), cookie: u64(view, signalCookie) };
      return client.deviceShm(u64(view, devh), u32(view, id), u32(view, flags), address64(view, datap), u32(view, len), signal);
    },
  },
};

/**
 * Runs call `vector` with its argument at `address`, and writes back what it gives back. −EINVAL: no such call, or `length` is not the
 * size of its structure; −EFAULT: the structure is not in memory; else as the verb says.
 */
export function busCall(client: VbusClient, vector: number, address: number, length: number): number {
  const verb = VERBS[vector];
  if (verb === undefined || length !== verb.size) return -EINVAL;
  if (!client.memory.contains(address, length)) return -EFAULT;
  const argument = new Uint8Array(length);
  client.memory.read(address, argument);
  return verb.run(client, new DataView(argument.buffer), address);
}
