/**
 * A driver of the modern PCI transport. [virtio 1.2 §4.1.5.1, §3.1.1] It finds the structures by the capability list, places the ranges
 * itself and reaches everything through configuration space, memory and port accesses, as a guest would.
 */
import { type AddressSpace, ConfigurationError, type GuestMemory, type Width } from '@paravirt/bus';
import {
  BAR_IO_SPACE,
  CAPABILITY_MSI,
  CAPABILITY_MSIX,
  CAPABILITY_VENDOR_SPECIFIC,
  COMMAND_BUS_MASTER,
  COMMAND_IO_SPACE,
  COMMAND_MEMORY_SPACE,
  MSI_CAPABILITY,
  MSI_ENABLE,
  MSIX_ENABLE,
  MSIX_ENTRY_SIZE,
} from '@paravirt/pci';
import { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK } from '../device-status.ts';
import { type FeatureSet, hasFeature, VIRTIO_F_EVENT_IDX } from '../features.ts';
import {
  COMMON_CFG,
  type CommonRegister,
  PCI_CAP,
  PCI_NOTIFY_CAP,
  VIRTIO_PCI_CAP_COMMON_CFG,
  VIRTIO_PCI_CAP_DEVICE_CFG,
  VIRTIO_PCI_CAP_ISR_CFG,
  VIRTIO_PCI_CAP_NOTIFY_CFG,
  VIRTIO_PCI_CAP_PCI_CFG,
} from '../transport/pci-registers.ts';
import { GuestArena } from './guest-arena.ts';
import type { PciSlot } from './pci-slot.ts';
import { SplitRingDriver } from './split-ring-driver.ts';
import type { QueueOptions, TransportDriver } from './transport-driver.ts';

/** Accesses to the configuration space of one function; offsets in bytes. */
export interface ConfigurationPath {
  read(offset: number, width: Width): number;
  write(offset: number, width: Width, value: number): void;
}

/** What a driver sees of its machine. */
export type PciWiring = Pick<PciSlot, 'function' | 'memory' | 'mmio' | 'ports'>;

export interface PciDriverOptions {
  /** Where BAR 0, BAR 2 and BAR 4 are placed. Defaults: above 4 GiB, below it, and at port C000h. */
  readonly registerBase?: number;
  readonly msixBase?: number;
  readonly doorbellBase?: number;
  /** How configuration space is reached. Default: directly, without any mechanism of a machine. */
  readonly configuration?: ConfigurationPath;
  /** Guest memory for rings and buffers. Default: all of it but the first 64 KiB. */
  readonly arena?: GuestArena;
}

/** Where BAR registers lie in configuration space. [PCI 3.0 Figure 6-1] */
const BAR0 = 0x10;
const BAR2 = 0x18;
const BAR4 = 0x20;
const COMMAND = 0x04;
const CAPABILITIES_POINTER = 0x34;
/** The I/O range, if there is one. */
const DOORBELL_BAR = 4;

export class PciDriver implements TransportDriver {
  readonly slot: PciWiring;
  /** Where rings and buffers come from; a test may replace it when the device was reset. */
  arena: GuestArena;
  readonly msixBase: number;
  /** Guest-physical addresses of the structures. */
  readonly common: number;
  readonly isr: number;
  readonly config: number;
  readonly notify: number;
  readonly notifyMultiplier: number;
  /** The space that `notify` lies in: memory or ports. */
  readonly doorbells: AddressSpace;
  /** Offsets of capabilities in configuration space; 0: there is none. */
  readonly windowCapability: number;
  readonly msixCapability: number;
  readonly msiCapability: number;
  readonly queues: Map<number, SplitRingDriver> = new Map();
  readonly #registerBase: number;
  readonly #doorbellBase: number;
  readonly #configuration: ConfigurationPath;

  /** Places the ranges, enables decoding and bus mastering, and finds the structures. @throws ConfigurationError `no-structure`. */
  constructor(slot: PciWiring, options: PciDriverOptions = {}) {
    this.slot = slot;
    this.#configuration = options.configuration ?? slot.function.config;
    const { registerBase = 0x1_8000_0000, msixBase = 0xfe00_0000, doorbellBase = 0xc000 } = options;
    this.arena = options.arena ?? new GuestArena(0x1_0000, slot.memory.size);
    this.msixBase = msixBase;
    this.#registerBase = registerBase;
    this.#doorbellBase = doorbellBase;
    this.place();
    const found = this.#walk();
    const structure = (cfgType: number): number => {
      const at = found.structures.get(cfgType);
      if (at === undefined) throw new ConfigurationError('no-structure', `no virtio structure of type ${cfgType}`, cfgType);
      return at;
    };
    const placed = (cfgType: number): number => registerBase + this.readPci(structure(cfgType) + PCI_CAP.fields.offset.offset, 4);
    this.common = placed(VIRTIO_PCI_CAP_COMMON_CFG);
    this.isr = placed(VIRTIO_PCI_CAP_ISR_CFG);
    const port = this.readPci(structure(VIRTIO_PCI_CAP_NOTIFY_CFG) + PCI_CAP.fields.bar.offset, 1) === DOORBELL_BAR;
    this.notify = placed(VIRTIO_PCI_CAP_NOTIFY_CFG) + (port ? doorbellBase - registerBase : 0);
    this.doorbells = port ? slot.ports : slot.mmio;
    this.config = found.structures.has(VIRTIO_PCI_CAP_DEVICE_CFG) ? placed(VIRTIO_PCI_CAP_DEVICE_CFG) : 0;
    this.notifyMultiplier = this.readPci(structure(VIRTIO_PCI_CAP_NOTIFY_CFG) + PCI_NOTIFY_CAP.fields.notifyOffMultiplier.offset, 4);
    this.windowCapability = structure(VIRTIO_PCI_CAP_PCI_CFG);
    this.msixCapability = found.msix;
    this.msiCapability = found.msi;
  }

  get memory(): GuestMemory {
    return this.slot.memory;
  }

  /** Writes the base addresses and the command register, as after a reset of the function. */
  place(): void {
    this.writePci(BAR0, 4, this.#registerBase % 2 ** 32);
    this.writePci(BAR0 + 4, 4, Math.floor(this.#registerBase / 2 ** 32));
    this.writePci(BAR2, 4, this.msixBase);
    this.writePci(BAR4, 4, this.#doorbellBase);
    const io = (this.readPci(BAR4, 4) & BAR_IO_SPACE) === 0 ? 0 : COMMAND_IO_SPACE;
    this.writePci(COMMAND, 2, COMMAND_MEMORY_SPACE | COMMAND_BUS_MASTER | io);
  }

  readPci(offset: number, width: Width): number {
    return this.#configuration.read(offset, width);
  }

  writePci(offset: number, width: Width, value: number): void {
    this.#configuration.write(offset, width, value);
  }

  read(address: number, width: Width): number {
    return this.slot.mmio.read(address, width);
  }

  write(address: number, width: Width, value: number): void {
    this.slot.mmio.write(address, width, value);
  }

  /** A field of the common configuration, in one access of its size. */
  get(register: CommonRegister): number {
    const { offset, size } = COMMON_CFG.fields[register];
    return this.read(this.common + offset, size as Width);
  }

  set(register: CommonRegister, value: number): void {
    const { offset, size } = COMMON_CFG.fields[register];
    this.write(this.common + offset, size as Width, value);
  }

  /** All fields of the common configuration but the feature window, for the selected queue. */
  snapshot(): Record<string, number> {
    const names = (Object.keys(COMMON_CFG.fields) as CommonRegister[]).filter((name) => name !== 'deviceFeature');
    return Object.fromEntries(names.map((name) => [name, this.get(name)]));
  }

  get status(): number {
    return this.get('deviceStatus');
  }

  /** The device's feature bits. */
  offered(): FeatureSet {
    this.set('deviceFeatureSelect', 0);
    const low = BigInt(this.get('deviceFeature'));
    this.set('deviceFeatureSelect', 1);
    return low | (BigInt(this.get('deviceFeature')) << 32n);
  }

  /** Zero to the status field, and every queue forgotten. */
  reset(): void {
    this.set('deviceStatus', 0);
    this.queues.clear();
  }

  /** Reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK; true if the device took them. [virtio 1.2 §3.1.1, steps 1 to 6] */
  negotiate(features: FeatureSet): boolean {
    this.reset();
    this.set('deviceStatus', ACKNOWLEDGE);
    this.set('deviceStatus', ACKNOWLEDGE | DRIVER);
    this.writeFeatures(features);
    this.set('deviceStatus', ACKNOWLEDGE | DRIVER | FEATURES_OK);
    return (this.status & FEATURES_OK) !== 0;
  }

  writeFeatures(features: FeatureSet): void {
    this.set('driverFeatureSelect', 0);
    this.set('driverFeature', Number(features & 0xffff_ffffn));
    this.set('driverFeatureSelect', 1);
    this.set('driverFeature', Number(features >> 32n));
  }

  /** What the driver has written as its features. */
  chosen(): FeatureSet {
    this.set('driverFeatureSelect', 0);
    const low = BigInt(this.get('driverFeature'));
    this.set('driverFeatureSelect', 1);
    return low | (BigInt(this.get('driverFeature')) << 32n);
  }

  /** Makes a ring, tells the device where it is and enables it. [virtio 1.2 §4.1.5.1.3] */
  setUpQueue(index: number, options: QueueOptions = {}): SplitRingDriver {
    this.set('queueSelect', index);
    if (options.size !== undefined) this.set('queueSize', options.size);
    const eventIndex = hasFeature(this.chosen(), VIRTIO_F_EVENT_IDX);
    const { ringTrace, name } = options;
    const size = this.get('queueSize');
    const ring = new SplitRingDriver({ memory: this.slot.memory, arena: this.arena, size, eventIndex, ringTrace, name });
    if (options.vector !== undefined) this.set('queueMsixVector', options.vector);
    this.writeLayout(ring);
    this.set('queueEnable', 1);
    this.queues.set(index, ring);
    return ring;
  }

  /** Writes the addresses of a ring for the selected queue. */
  writeLayout({ layout }: Pick<SplitRingDriver, 'layout'>): void {
    this.set('queueDescLow', layout.descriptors % 2 ** 32);
    this.set('queueDescHigh', Math.floor(layout.descriptors / 2 ** 32));
    this.set('queueDriverLow', layout.available % 2 ** 32);
    this.set('queueDriverHigh', Math.floor(layout.available / 2 ** 32));
    this.set('queueDeviceLow', layout.used % 2 ** 32);
    this.set('queueDeviceHigh', Math.floor(layout.used / 2 ** 32));
  }

  driverOk(): void {
    this.set('deviceStatus', ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
  }

  /** Notifies unless the device said that it need not be; true if it was. */
  kick(index: number): boolean {
    if (this.queues.get(index)?.kickNeeded() !== true) return false;
    this.forceKick(index);
    return true;
  }

  /** Notifies whatever the device wants. */
  forceKick(index: number): void {
    this.doorbells.write(this.notify + this.notifyMultiplier * index, 2, index);
  }

  /** Reads the ISR status, which clears it. */
  readIsr(): number {
    return this.read(this.isr, 1);
  }

  /** Fills the MSI-X table with one message for each vector (data = firstData + vector) and enables it. */
  enableMsix(address = 0xfee0_0000, firstData = 0): void {
    const vectors = (this.readPci(this.msixCapability + 2, 2) & 0x7ff) + 1;
    for (let vector = 0; vector < vectors; vector++) {
      const entry = this.msixBase + MSIX_ENTRY_SIZE * vector;
      this.write(entry, 4, address);
      this.write(entry + 4, 4, 0);
      this.write(entry + 8, 4, firstData + vector);
      this.write(entry + 12, 4, 0);
    }
    this.writePci(this.msixCapability + 2, 2, MSIX_ENABLE);
  }

  /** Enables MSI with one message, and acknowledges what was pending: the message tells of what comes after. [PCI 3.0 §6.8.1] */
  enableMsi(data = 0, address = 0xfee0_0000): void {
    const at = this.msiCapability;
    this.writePci(at + MSI_CAPABILITY.fields.messageAddress.offset, 4, address);
    this.writePci(at + MSI_CAPABILITY.fields.messageUpperAddress.offset, 4, 0);
    this.writePci(at + MSI_CAPABILITY.fields.messageData.offset, 2, data);
    this.writePci(at + MSI_CAPABILITY.fields.messageControl.offset, 2, MSI_ENABLE);
    this.readIsr();
  }

  /** The capability list: virtio structures by type, MSI and MSI-X. [PCI 3.0 §6.7] */
  #walk(): { readonly structures: ReadonlyMap<number, number>; readonly msi: number; readonly msix: number } {
    const structures = new Map<number, number>();
    let msi = 0;
    let msix = 0;
    let at = this.readPci(CAPABILITIES_POINTER, 1);
    for (let steps = 0; at !== 0 && steps < 48; steps++) {
      const id = this.readPci(at, 1);
      const cfgType = this.readPci(at + PCI_CAP.fields.cfgType.offset, 1);
      if (id === CAPABILITY_MSI) msi = at;
      if (id === CAPABILITY_MSIX) msix = at;
      // [virtio 1.2 §4.1.4.1] The first structure of a type counts.
      if (id === CAPABILITY_VENDOR_SPECIFIC && !structures.has(cfgType)) structures.set(cfgType, at);
      at = this.readPci(at + 1, 1);
    }
    return { structures, msi, msix };
  }
}
