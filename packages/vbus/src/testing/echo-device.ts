/**
 * A device for tests of what lies between a driver and a device: it answers calls with what they carried, and every doorbell with one.
 *
 *   call 0   its data, reversed; the result is their length        call 1   rings the doorbell of every memory
 *   call 2   the number of doorbells heard                          others   −EINVAL
 */
import type { Attribute } from '../attributes.ts';
import type { ConnectContext, DeviceInterface, VbusConnection, VbusDevice } from '../device.ts';
import { EBUSY, EINVAL } from '../errno.ts';
import type { SharedRegion } from '../shared-region.ts';
import type { ShmSignal } from '../shm-signal.ts';

export const ECHO_TYPE = 'echo';
export const ECHO_VERSION = 1;
export const ECHO_REVERSE = 0;
export const ECHO_RING = 1;
export const ECHO_HEARD = 2;

/** What is done with memory that the driver gives; by default its doorbell is answered. */
export type EchoUse = (id: number, region: SharedRegion, signal: ShmSignal | undefined, context: ConnectContext) => void;

export class EchoConnection implements VbusConnection {
  /** Memory by its id. */
  readonly shms: Map<number, { readonly region: SharedRegion; readonly signal: ShmSignal | undefined }> = new Map();
  /** Doorbells heard. */
  heard = 0;
  closed = false;
  readonly #context: ConnectContext;
  readonly #use: EchoUse | undefined;
  readonly #onClose: () => void;

  constructor(context: ConnectContext, use: EchoUse | undefined, onClose: () => void) {
    this.#context = context;
    this.#use = use;
    this.#onClose = onClose;
  }

  call(func: number, data: Uint8Array): number {
    if (func === ECHO_REVERSE) return data.reverse().length;
    if (func === ECHO_HEARD) return this.heard;
    if (func !== ECHO_RING) return -EINVAL;
    for (const { signal } of this.shms.values()) signal?.inject();
    return 0;
  }

  shm(id: number, _flags: number, region: SharedRegion, signal: ShmSignal | undefined): number {
    this.shms.set(id, { region, signal });
    if (this.#use !== undefined) this.#use(id, region, signal, this.#context);
    else if (signal !== undefined) {
      signal.onSignal = () => {
        this.heard++;
        signal.inject();
      };
      signal.enable();
    }
    return 0;
  }

  close(): void {
    this.closed = true;
    this.#onClose();
  }
}

export class EchoDevice implements VbusDevice {
  readonly attributes: readonly Attribute[] = [];
  readonly interfaces: readonly DeviceInterface[];
  /** Of all drivers that opened it, the last one last. */
  readonly connections: EchoConnection[] = [];
  #open = false;

  constructor(use?: EchoUse) {
    this.interfaces = [{ name: '0', type: ECHO_TYPE, connect: (context) => this.#connect(context, use) }];
  }

  /** Of the driver that opened it last. */
  get connection(): EchoConnection | undefined {
    return this.connections.at(-1);
  }

  busConnect(): number {
    return 0;
  }

  busDisconnect(): void {}

  release(): void {}

  #connect(context: ConnectContext, use: EchoUse | undefined): VbusConnection | number {
    if (context.version !== ECHO_VERSION) return -EINVAL;
    if (this.#open) return -EBUSY;
    this.#open = true;
    const connection = new EchoConnection(context, use, () => {
      this.#open = false;
    });
    this.connections.push(connection);
    return connection;
  }
}
