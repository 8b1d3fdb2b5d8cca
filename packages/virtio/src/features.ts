/**
 * Feature bits: what the device offers, what the driver accepts, and when the two agree. [virtio 1.2 §2.2, §3.1.1, §6]
 *
 * A feature set is a bigint of 64 bits: it is compared a few times per initialization and never while buffers flow (devices keep what
 * they need as booleans). The registers show it through two 32-bit windows.
 */

/** A set of feature bits; bit n is `1n << n`. */
export type FeatureSet = bigint;

/** [virtio 1.2 §6] Bits that belong to the ring and the transport, not to a device type. */
export const VIRTIO_F_INDIRECT_DESC = 28;
export const VIRTIO_F_EVENT_IDX = 29;
export const VIRTIO_F_VERSION_1 = 32;
export const VIRTIO_F_RING_RESET = 40;

/** The set of the given bit numbers (0 to 63). */
export const featureSet = (...bits: readonly number[]): FeatureSet => bits.reduce((set, bit) => set | (1n << BigInt(bit)), 0n);

export const hasFeature = (set: FeatureSet, bit: number): boolean => ((set >> BigInt(bit)) & 1n) === 1n;

/** What the ring of this package can do; VERSION_1 is the whole of the modern interface. */
export const RING_FEATURES: FeatureSet = featureSet(VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX, VIRTIO_F_VERSION_1, VIRTIO_F_RING_RESET);

/** `bit` may be accepted only together with at least one of `needs`. [virtio 1.2 §5.1.3.1] */
export interface FeatureRequirement {
  readonly bit: number;
  readonly needs: readonly number[];
}

/** Why FEATURES_OK was refused. */
export type FeatureRefusal = 'not-offered' | 'version-1-missing' | 'dependency-missing';

/** The four feature registers and the decision behind FEATURES_OK. */
export class FeatureNegotiation {
  readonly offered: FeatureSet;
  readonly #requirements: readonly FeatureRequirement[];
  #driver: FeatureSet = 0n;
  #frozen = false;
  /** Which 32 bits the windows show: 0 for bits 0–31, 1 for bits 32–63; any other value selects nothing. Unsigned 32 bits. */
  deviceSelect = 0;
  driverSelect = 0;

  constructor(offered: FeatureSet, requirements: readonly FeatureRequirement[] = []) {
    this.offered = offered;
    this.#requirements = requirements;
  }

  /** The agreed set; empty until `accept` succeeded. */
  get negotiated(): FeatureSet {
    return this.#frozen ? this.#driver : 0n;
  }

  /** 32 bits of the offered set; zero beyond bit 63. */
  readDeviceWindow(): number {
    return window(this.offered, this.deviceSelect);
  }

  /** 32 bits of what the driver has written. */
  readDriverWindow(): number {
    return window(this.#driver, this.driverSelect);
  }

  /** Stores 32 bits of the driver's choice; ignored beyond bit 63 and once the choice was accepted. */
  writeDriverWindow(value: number): void {
    if (this.#frozen || this.driverSelect > 1) return;
    const shift = BigInt(32 * this.driverSelect);
    this.#driver = (this.#driver & ~(0xffff_ffffn << shift)) | (BigInt(value >>> 0) << shift);
  }

  /**
   * The driver sets FEATURES_OK: undefined if its subset is supported, which freezes it, else why it is not. [virtio 1.2 §2.2.2, §3.1.1]
   */
  accept(): FeatureRefusal | undefined {
    if ((this.#driver & ~this.offered) !== 0n) return 'not-offered';
    // [virtio 1.2 §6.2] There is no legacy interface to fall back to.
    if (!hasFeature(this.#driver, VIRTIO_F_VERSION_1)) return 'version-1-missing';
    const unmet = this.#requirements.some(
      ({ bit, needs }) => hasFeature(this.#driver, bit) && !needs.some((other) => hasFeature(this.#driver, other)),
    );
    if (unmet) return 'dependency-missing';
    this.#frozen = true;
    return undefined;
  }

  reset(): void {
    this.#driver = 0n;
    this.#frozen = false;
    this.deviceSelect = 0;
    this.driverSelect = 0;
  }
}

function window(set: FeatureSet, select: number): number {
  return select > 1 ? 0 : Number((set >> BigInt(32 * select)) & 0xffff_ffffn);
}
