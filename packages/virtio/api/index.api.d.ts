import { V as VirtioDevice, F as FeatureSet, a as FeatureRequirement, D as DriverSession } from './virtio-net.js';
export { C as ChainFault, b as ChainReader, c as ChainWriter, d as DescriptorChain, e as DropReason, f as FeatureNegotiation, g as FeatureRefusal, L as LayoutFault, M as MAX_QUEUE_SIZE, N as NET_CLASS_CODE, h as NetCounters, i as NotificationSuppression, O as OffloadPolicy, Q as QueueCounters, j as QueueFault, k as QueueKind, l as QueueLayout, m as QueuePurpose, R as RING_FEATURES, S as SplitQueue, n as SplitQueueOptions, o as Suppression, p as VIRTIO_F_EVENT_IDX, q as VIRTIO_F_INDIRECT_DESC, r as VIRTIO_F_RING_RESET, s as VIRTIO_F_VERSION_1, t as VIRTQ_AVAIL_F_NO_INTERRUPT, u as VIRTQ_DESC_F_INDIRECT, v as VIRTQ_DESC_F_NEXT, w as VIRTQ_DESC_F_WRITE, x as VIRTQ_USED_F_NO_NOTIFY, y as VirtioNet, z as VirtioNetOptions, A as checkLayout, B as descriptorAreaSize, E as deviceAreaSize, G as driverAreaSize, H as featureSet, I as hasFeature, J as isQueueSize, K as needEvent } from './virtio-net.js';
export { N as NotificationOptions, Q as QueueArea, a as QueueRefusal, b as QueueSetup, S as SessionInterrupts, V as VirtioEvent, c as VirtioPci, d as VirtioPciInterrupts, e as VirtioPciOptions, f as VirtioSession, g as VirtioSessionOptions, h as VirtioVbus, i as VirtioVbusOptions, v as virtioClass } from './vbus.js';
import '@paravirt/bus';
import '@paravirt/net-backend';
import '@paravirt/pci';
import '@paravirt/vbus';

/**
 * The device status field. [virtio 1.2 §2.1, §3.1.1]
 *
 * The driver climbs ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK in this order and may give up with FAILED; only writing zero goes back.
 * DEVICE_NEEDS_RESET belongs to the device. A write outside these rules changes nothing. Several steps in one write are taken one after
 * another, as if written singly.
 */
/** [virtio 1.2 §2.1] Bits of the field, in the order of the ladder, then the two that end it. */
declare const ACKNOWLEDGE = 1;
declare const DRIVER = 2;
declare const FEATURES_OK = 8;
declare const DRIVER_OK = 4;
declare const DEVICE_NEEDS_RESET = 64;
declare const FAILED = 128;
/** How far the driver has come, in the order of [virtio 1.2 §3.1.1]. */
type DriverProgress = 'reset' | 'acknowledged' | 'driver' | 'features-ok' | 'driver-ok';
/** What the steps mean to the owner of the field. */
interface StatusActions {
    /** Zero was written, in any state: everything the driver set up is forgotten. */
    reset(): void;
    /** FEATURES_OK is asked for; false leaves the bit clear. */
    featuresOk(): boolean;
    /** DRIVER_OK was set: the device goes live. */
    driverOk(): void;
}
/** What became of a write. */
type StatusWrite = 'reset' | 'taken' | 'features-refused' | 'ignored';
declare class DeviceStatus {
    #private;
    constructor(actions: StatusActions);
    /** The field as the driver reads it; 8 bits. */
    get value(): number;
    get progress(): DriverProgress;
    /** True while buffers may be used: DRIVER_OK, neither FAILED nor DEVICE_NEEDS_RESET. [virtio 1.2 §2.1.2] */
    get live(): boolean;
    get failed(): boolean;
    get needsReset(): boolean;
    /** The driver writes the field; bits above the low eight and the device's own bit are not looked at. */
    write(value: number): StatusWrite;
    /** The device cannot go on: sets DEVICE_NEEDS_RESET. True if the bit was clear. [virtio 1.2 §2.1.2] */
    setNeedsReset(): boolean;
}

/**
 * The entropy device. [virtio 1.2 §5.4] One queue of buffers to fill with random bytes; at least one byte of each is filled, and never
 * more than a fixed amount, whatever the driver asks for.
 */

interface VirtioRngOptions {
    /** Fills the whole array with random bytes; the array is the device's. In a browser or in Node: `(a) => crypto.getRandomValues(a)`. */
    readonly fill: (into: Uint8Array) => void;
    /** Default 64. */
    readonly queueSize?: number;
}
/** Other system peripheral. [PCI 3.0 Appendix D] */
declare const RNG_CLASS_CODE = 557056;
declare class VirtioRng implements VirtioDevice {
    #private;
    readonly name = "virtio-rng";
    readonly deviceId = 4;
    readonly features: FeatureSet;
    readonly featureRequirements: readonly FeatureRequirement[];
    readonly queueSizes: readonly number[];
    readonly configSize: number;
    constructor(options: VirtioRngOptions);
    readConfig(): number;
    writeConfig(): void;
    activate(session: DriverSession): boolean;
    reset(): void;
    /** Serves at most as many requests as the queue holds. */
    notify(): void;
    queueReset(): void;
}

/**
 * The ABI of virtio over a virtual-bus, as numbers and tables; docs/virtio-vbus.md tells it in prose. An interface of type `virtio` is
 * opened by DEVOPEN; its functions are DEVCALLs, each queue and the notice of configuration changes a DEVSHM with a doorbell in it. All
 * fields are little-endian and aligned as on x86-64.
 */

/** Type of the interface: drivers match on it. */
declare const VIRTIO_VBUS_TYPE = "virtio";
/** Version that DEVOPEN names. */
declare const VIRTIO_VBUS_VERSION = 1;

export { ACKNOWLEDGE, DEVICE_NEEDS_RESET, DRIVER, DRIVER_OK, DeviceStatus, DriverSession, FAILED, FEATURES_OK, FeatureRequirement, FeatureSet, RNG_CLASS_CODE, VIRTIO_VBUS_TYPE, VIRTIO_VBUS_VERSION, VirtioDevice, VirtioRng };
export type { DriverProgress, StatusActions, StatusWrite, VirtioRngOptions };
