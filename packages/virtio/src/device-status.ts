/**
 * The device status field. [virtio 1.2 §2.1, §3.1.1]
 *
 * The driver climbs ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK in this order and may give up with FAILED; only writing zero goes back.
 * DEVICE_NEEDS_RESET belongs to the device. A write outside these rules changes nothing. Several steps in one write are taken one after
 * another, as if written singly.
 */

/** [virtio 1.2 §2.1] Bits of the field, in the order of the ladder, then the two that end it. */
export const ACKNOWLEDGE = 0x01;
export const DRIVER = 0x02;
export const FEATURES_OK = 0x08;
export const DRIVER_OK = 0x04;
export const DEVICE_NEEDS_RESET = 0x40;
export const FAILED = 0x80;

/** How far the driver has come, in the order of [virtio 1.2 §3.1.1]. */
export type DriverProgress = 'reset' | 'acknowledged' | 'driver' | 'features-ok' | 'driver-ok';

/** The ladder: the field's driver bits in each state. */
const LADDER: readonly { readonly progress: DriverProgress; readonly bits: number }[] = [
  { progress: 'reset', bits: 0 },
  { progress: 'acknowledged', bits: ACKNOWLEDGE },
  { progress: 'driver', bits: ACKNOWLEDGE | DRIVER },
  { progress: 'features-ok', bits: ACKNOWLEDGE | DRIVER | FEATURES_OK },
  { progress: 'driver-ok', bits: ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK },
];
const LADDER_BITS = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK;

/** What the steps mean to the owner of the field. */
export interface StatusActions {
  /** Zero was written, in any state: everything the driver set up is forgotten. */
  reset(): void;
  /** FEATURES_OK is asked for; false leaves the bit clear. */
  featuresOk(): boolean;
  /** DRIVER_OK was set: the device goes live. */
  driverOk(): void;
}

/** What became of a write. */
export type StatusWrite = 'reset' | 'taken' | 'features-refused' | 'ignored';

export class DeviceStatus {
  readonly #actions: StatusActions;
  #step = 0;
  #failed = false;
  #needsReset = false;

  constructor(actions: StatusActions) {
    this.#actions = actions;
  }

  /** The field as the driver reads it; 8 bits. */
  get value(): number {
    return (LADDER[this.#step]?.bits ?? 0) | (this.#failed ? FAILED : 0) | (this.#needsReset ? DEVICE_NEEDS_RESET : 0);
  }

  get progress(): DriverProgress {
    return LADDER[this.#step]?.progress ?? 'reset';
  }

  /** True while buffers may be used: DRIVER_OK, neither FAILED nor DEVICE_NEEDS_RESET. [virtio 1.2 §2.1.2] */
  get live(): boolean {
    return this.progress === 'driver-ok' && !this.#failed && !this.#needsReset;
  }

  get failed(): boolean {
    return this.#failed;
  }

  get needsReset(): boolean {
    return this.#needsReset;
  }

  /** The driver writes the field; bits above the low eight and the device's own bit are not looked at. */
  write(value: number): StatusWrite {
    if ((value & 0xff) === 0) {
      this.#step = 0;
      this.#failed = false;
      this.#needsReset = false;
      this.#actions.reset();
      return 'reset';
    }
    // [virtio 1.2 §2.1.1] The driver must not clear a bit, and after FAILED it must reset first.
    if (this.#failed) return 'ignored';
    const target = LADDER.findIndex(({ bits }) => bits === (value & LADDER_BITS));
    if (target < this.#step) return 'ignored';
    if ((value & FAILED) !== 0) this.#failed = true;
    while (this.#step < target) {
      if (LADDER[this.#step + 1]?.progress === 'features-ok' && !this.#actions.featuresOk()) return 'features-refused';
      this.#step++;
      if (this.progress === 'driver-ok' && !this.#failed) this.#actions.driverOk();
    }
    return 'taken';
  }

  /** The device cannot go on: sets DEVICE_NEEDS_RESET. True if the bit was clear. [virtio 1.2 §2.1.2] */
  setNeedsReset(): boolean {
    const first = !this.#needsReset;
    this.#needsReset = true;
    return first;
  }
}
