/**
 * One open device of a client, from DEVOPEN to DEVCLOSE: the device's connection, the memory it was given, and the doorbells in it. The
 * client (client.ts) names it by an opaque handle.
 */
import type { BusDevice } from './bus.ts';
import type { VbusConnection } from './device.ts';
import type { ShmSignal } from './shm-signal.ts';

/** A doorbell of a client: what its small number stands for. */
export interface SignalSlot {
  /** What the other side of the wire says to ring it. */
  readonly handle: number;
  readonly signal: ShmSignal;
  /** The client's own name for it, told with SHMSIGNAL and SHMCLOSE. */
  readonly cookie: bigint;
  /** 0 to 7. */
  readonly prio: number;
}

export class OpenDevice {
  readonly entry: BusDevice;
  readonly #connection: VbusConnection;
  readonly #shmIds: Set<number> = new Set();
  readonly #signals: SignalSlot[] = [];
  #closed = false;

  constructor(entry: BusDevice, connection: VbusConnection) {
    this.entry = entry;
    this.#connection = connection;
  }

  /** The device's side; undefined once it is closed: the device was unlinked, and only DEVCLOSE is left to do. */
  get connection(): VbusConnection | undefined {
    return this.#closed ? undefined : this.#connection;
  }

  get signals(): readonly SignalSlot[] {
    return this.#signals;
  }

  get shmCount(): number {
    return this.#shmIds.size;
  }

  hasShm(id: number): boolean {
    return this.#shmIds.has(id);
  }

  /** The device took memory `id`, with this doorbell if it has one. */
  keep(id: number, slot: SignalSlot | undefined): void {
    this.#shmIds.add(id);
    if (slot !== undefined) this.#signals.push(slot);
  }

  /** Ends the device's use of everything. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.close();
    for (const { signal } of this.#signals) signal.close();
  }
}
