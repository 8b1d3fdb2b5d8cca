/** A vbus device whose owner wants to know when the administrator has removed it: everything else is the device's. */
import type { Attribute, DeviceInterface, VbusDevice } from '@paravirt/vbus';

export class ReleasedDevice implements VbusDevice {
  readonly #device: VbusDevice;
  readonly #released: () => void;

  /** @param released called after the device's own `release`. */
  constructor(device: VbusDevice, released: () => void) {
    this.#device = device;
    this.#released = released;
  }

  get attributes(): readonly Attribute[] {
    return this.#device.attributes;
  }

  get interfaces(): readonly DeviceInterface[] {
    return this.#device.interfaces;
  }

  busConnect(): number {
    return this.#device.busConnect();
  }

  busDisconnect(): void {
    this.#device.busDisconnect();
  }

  release(): void {
    this.#device.release();
    this.#released();
  }
}
