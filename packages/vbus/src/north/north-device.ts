/** A device that the north side has opened: what its driver calls until it closes it. [vbus PCI-2 §2.3, Bus calls] */
import { DEVCALL, DEVCLOSE, DEVSHM, VBUS_DEVCALL, VBUS_DEVCLOSE, VBUS_DEVSHM, VBUS_NO_SIGNAL } from '../abi.ts';
import { EINVAL, ENOMEM } from '../errno.ts';
import { IOQ_SIGNAL_OFFSET, Ioq, ioqLength } from '../ioq.ts';
import type { SharedRegion } from '../shared-region.ts';
import { initShmSignal, type ShmSignal } from '../shm-signal.ts';
import type { NorthSession } from './north-session.ts';

export class NorthDevice {
  readonly id: number;
  /** Opaque; what DEVOPEN gave. */
  readonly handle: bigint;
  readonly #session: NorthSession;
  /** Memory without a doorbell: no event says that the host has let it go, the close does. */
  readonly #silent: number[] = [];
  readonly #signals: ShmSignal[] = [];

  constructor(session: NorthSession, id: number, handle: bigint) {
    this.#session = session;
    this.id = id;
    this.handle = handle;
  }

  /** DEVCALL: `data` goes to the device, and what it left comes back. ≥ 0, or −errno. */
  call(func: number, data: Uint8Array = new Uint8Array(0), flags = 0): number {
    const { arena } = this.#session;
    const at = arena.allocate(DEVCALL.size + data.length);
    if (at === undefined) return -ENOMEM;
    const datap = at + DEVCALL.size;
    const { memory } = arena;
    memory.write(datap, data);
    memory.writeU64(at + DEVCALL.offset.devh, this.handle);
    memory.writeU32(at + DEVCALL.offset.func, func);
    memory.writeU32(at + DEVCALL.offset.len, data.length);
    memory.writeU32(at + DEVCALL.offset.flags, flags);
    memory.writeU64(at + DEVCALL.offset.datap, BigInt(data.length === 0 ? 0 : datap));
    const result = this.#session.busCall(VBUS_DEVCALL, at, DEVCALL.size);
    memory.read(datap, data);
    arena.release(at);
    return result;
  }

  /** DEVSHM of `length` bytes of fresh memory without a doorbell: the memory, or −errno. It stays until `close`. */
  shm(id: number, length: number): SharedRegion | number {
    const { arena } = this.#session;
    const region = arena.region(length);
    if (region === undefined) return -ENOMEM;
    const result = this.#share(id, region, undefined);
    if (result < 0) {
      arena.release(region.address);
      return result;
    }
    this.#silent.push(region.address);
    return region;
  }

  /** DEVSHM of memory with a doorbell at `offset`: both, or −errno. Freed when the host says SHMCLOSE. */
  shmWithSignal(
    id: number,
    length: number,
    offset: number,
    priority = 0,
  ): { readonly region: SharedRegion; readonly signal: ShmSignal } | number {
    const region = this.#session.arena.region(length);
    if (region === undefined) return -ENOMEM;
    initShmSignal(region, offset);
    return this.#shareWithSignal(id, region, offset, priority);
  }

  /** A ring of `count` descriptors as memory `id`: the ring, or −errno. Its doorbell is `ring.signal`. */
  ioq(id: number, count: number, priority = 0): Ioq | number {
    const region = this.#session.arena.region(ioqLength(count));
    if (region === undefined) return -ENOMEM;
    // Set up before the host sees it; the one that is returned has the doorbell as well.
    if (Ioq.init(region, count, { side: 'north' }) === undefined) {
      this.#session.arena.release(region.address);
      return -EINVAL;
    }
    const shared = this.#shareWithSignal(id, region, IOQ_SIGNAL_OFFSET, priority);
    if (typeof shared === 'number') return shared;
    return Ioq.attach(region, { side: 'north', signal: shared.signal }) ?? -EINVAL;
  }

  /** DEVCLOSE: 0, or −errno. No doorbell is heard any more, also none that is on its way; the device is not to be used again. */
  close(): number {
    for (const signal of this.#signals.splice(0)) signal.close();
    const { arena } = this.#session;
    const at = arena.allocate(DEVCLOSE.size);
    if (at === undefined) return -ENOMEM;
    arena.memory.writeU64(at + DEVCLOSE.offset.devh, this.handle);
    const result = this.#session.busCall(VBUS_DEVCLOSE, at, DEVCLOSE.size);
    arena.release(at);
    for (const address of this.#silent.splice(0)) arena.release(address);
    return result;
  }

  #shareWithSignal(
    id: number,
    region: SharedRegion,
    offset: number,
    priority: number,
  ): { readonly region: SharedRegion; readonly signal: ShmSignal } | number {
    let handle = 0;
    const { signal, cookie } = this.#session.lend(region, offset, () => handle);
    const result = this.#share(id, region, { offset, priority, cookie });
    if (result < 0) {
      this.#session.takeBack(cookie);
      return result;
    }
    handle = result;
    this.#signals.push(signal);
    return { region, signal };
  }

  #share(id: number, region: SharedRegion, signal: { offset: number; priority: number; cookie: bigint } | undefined): number {
    const { arena } = this.#session;
    const at = arena.allocate(DEVSHM.size);
    if (at === undefined) return -ENOMEM;
    const { memory } = arena;
    memory.writeU64(at + DEVSHM.offset.devh, this.handle);
    memory.writeU32(at + DEVSHM.offset.id, id);
    memory.writeU32(at + DEVSHM.offset.len, region.length);
    memory.writeU32(at + DEVSHM.offset.signalOffset, signal?.offset ?? VBUS_NO_SIGNAL);
    memory.writeU32(at + DEVSHM.offset.signalPrio, signal?.priority ?? 0);
    memory.writeU64(at + DEVSHM.offset.signalCookie, signal?.cookie ?? 0n);
    memory.writeU64(at + DEVSHM.offset.datap, BigInt(region.address));
    const result = this.#session.busCall(VBUS_DEVSHM, at, DEVSHM.size);
    arena.release(at);
    return result;
  }
}
