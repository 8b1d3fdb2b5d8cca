/**
 * The modern PCI transport. [virtio 1.2 §4.1] One function with two memory ranges:
 *
 *   BAR 0 (64-bit, 16 KiB)   0000h common configuration   1000h ISR status   2000h device configuration   3000h notifications
 *   BAR 2 (32-bit, 4 KiB)    MSI-X table and pending bits
 *
 * Four capabilities point into BAR 0; a fifth is a window on it for software that cannot map memory. All meaning is in `VirtioSession`;
 * this file has the registers, the window and the choice between MSI-X and INTx with its ISR status.
 */
import { ALL_ONES, ConfigurationError, type IoHandler, RegisterFile, type TraceSink, type Width } from '@paravirt/bus';
import { type Capability, COMMAND_BUS_MASTER, PciFunction, Regions, vendorCapability } from '@paravirt/pci';
import type { VirtioDevice } from '../device.ts';
import { hasFeature, VIRTIO_F_RING_RESET } from '../features.ts';
import type { QueueArea, QueueSetup } from '../queue/setup.ts';
import { type VirtioEvent, VirtioSession } from '../session.ts';
import {
  COMMON_CFG,
  type CommonRegister,
  ISR_CONFIG,
  ISR_QUEUE,
  PCI_CAP,
  PCI_CFG_CAP,
  PCI_NOTIFY_CAP,
  VIRTIO_MSI_NO_VECTOR,
  VIRTIO_PCI_CAP_COMMON_CFG,
  VIRTIO_PCI_CAP_DEVICE_CFG,
  VIRTIO_PCI_CAP_ISR_CFG,
  VIRTIO_PCI_CAP_NOTIFY_CFG,
  VIRTIO_PCI_CAP_PCI_CFG,
  VIRTIO_PCI_DEVICE_ID_BASE,
  VIRTIO_PCI_VENDOR_ID,
} from './pci-registers.ts';

export interface VirtioPciOptions {
  readonly device: VirtioDevice;
  /** 24 bits, what kind of card the guest sees: 020000h is an Ethernet controller. [PCI 3.0 Appendix D] */
  readonly classCode: number;
  /** For people. Default: the device's name. */
  readonly name?: string;
  readonly trace?: TraceSink<VirtioEvent>;
  /** Runs something soon, after the present call. Default: a microtask. */
  readonly defer?: (run: () => void) => void;
}

const REGISTER_BAR = 0;
const REGISTER_BAR_SIZE = 0x4000;
const MSIX_BAR = 2;
const MSIX_BAR_SIZE = 0x1000;
const PBA_OFFSET = 0x800;
/** MSI-X vectors that fit before the pending bits. */
const MAX_VECTORS = PBA_OFFSET / 16;
const STRUCTURE_SIZE = 0x1000;
const COMMON_OFFSET = 0x0000;
const ISR_OFFSET = 0x1000;
const DEVICE_OFFSET = 0x2000;
const NOTIFY_OFFSET = 0x3000;
/** Bytes between the notification registers of two queues. [virtio 1.2 §4.1.4.4] */
const NOTIFY_MULTIPLIER = 4;

export class VirtioPci {
  /** What is plugged into a PCI bus. */
  readonly function: PciFunction;
  readonly session: VirtioSession;
  readonly #queueVectors: Uint16Array;
  #configVector = VIRTIO_MSI_NO_VECTOR;
  #queueSelect = 0;
  #isr = 0;

  /** @throws ConfigurationError `too-many-queues`, and those of `PciFunction` and `VirtioSession`. */
  constructor(options: VirtioPciOptions) {
    const { device, classCode, name = device.name } = options;
    const queues = device.queueSizes.length;
    if (queues + 1 > MAX_VECTORS)
      throw new ConfigurationError('too-many-queues', `${name}: ${queues} queues are more than ${MAX_VECTORS - 1}`, queues);
    this.#queueVectors = new Uint16Array(queues).fill(VIRTIO_MSI_NO_VECTOR);
    const structures = new Regions(REGISTER_BAR_SIZE, [
      { name: 'common', offset: COMMON_OFFSET, size: COMMON_CFG.size, handler: this.#commonRegisters() },
      { name: 'ISR', offset: ISR_OFFSET, size: 1, handler: { read: () => this.#readIsr(), write: () => undefined } },
      { name: 'device', offset: DEVICE_OFFSET, size: STRUCTURE_SIZE, handler: this.#deviceRegisters() },
      { name: 'notify', offset: NOTIFY_OFFSET, size: STRUCTURE_SIZE, handler: this.#notifyRegisters() },
    ]);
    this.function = new PciFunction({
      name,
      vendorId: VIRTIO_PCI_VENDOR_ID,
      deviceId: VIRTIO_PCI_DEVICE_ID_BASE + device.deviceId,
      classCode,
      // [virtio 1.2 §4.1.2.1] Not transitional: revision 1 or higher, subsystem 40h or higher.
      revisionId: 1,
      subsystemVendorId: VIRTIO_PCI_VENDOR_ID,
      subsystemId: 0x1100,
      interruptPin: 1,
      bars: [
        { index: REGISTER_BAR, kind: 'memory64', size: REGISTER_BAR_SIZE, handler: structures },
        { index: MSIX_BAR, kind: 'memory32', size: MSIX_BAR_SIZE },
      ],
      msix: { vectors: queues + 1, bar: MSIX_BAR, tableOffset: 0, pbaOffset: PBA_OFFSET },
      capabilities: this.#capabilities(structures, device, queues),
      onCommand: (command) => this.session.pause((command & COMMAND_BUS_MASTER) === 0),
      onReset: () => {
        this.#writeStatus(0);
        this.session.pause(true);
      },
    });
    this.session = new VirtioSession({
      device,
      memory: this.function.dma,
      interrupts: { queue: (index) => this.#interruptQueue(index), config: () => this.#interruptConfig() },
      ...(options.trace === undefined ? {} : { trace: options.trace }),
      ...(options.defer === undefined ? {} : { defer: options.defer }),
    });
    // The command register is clear at power-on.
    this.session.pause(true);
  }

  #capabilities(structures: IoHandler, device: VirtioDevice, queues: number): Capability[] {
    const place = (
      cfgType: number,
      offset: number,
      length: number,
    ): Record<'capLen' | 'cfgType' | 'bar' | 'offset' | 'length', number> => ({
      capLen: PCI_CAP.size,
      cfgType,
      bar: REGISTER_BAR,
      offset,
      length,
    });
    const plain = (name: string, cfgType: number, offset: number, length: number): Capability =>
      vendorCapability(name, PCI_CAP.size, new RegisterFile(PCI_CAP, place(cfgType, offset, length)));
    const notify = new RegisterFile(PCI_NOTIFY_CAP, {
      ...place(VIRTIO_PCI_CAP_NOTIFY_CFG, NOTIFY_OFFSET, NOTIFY_MULTIPLIER * queues),
      capLen: PCI_NOTIFY_CAP.size,
      notifyOffMultiplier: NOTIFY_MULTIPLIER,
    });
    const window = configWindow(structures);
    return [
      plain('virtio common', VIRTIO_PCI_CAP_COMMON_CFG, COMMON_OFFSET, COMMON_CFG.size),
      vendorCapability('virtio notify', PCI_NOTIFY_CAP.size, notify),
      plain('virtio ISR', VIRTIO_PCI_CAP_ISR_CFG, ISR_OFFSET, 1),
      // [virtio 1.2 §4.1.4.6.1] Present only if the device has a configuration of its own.
      ...(device.configSize === 0 ? [] : [plain('virtio device', VIRTIO_PCI_CAP_DEVICE_CFG, DEVICE_OFFSET, device.configSize)]),
      vendorCapability('virtio window', PCI_CFG_CAP.size + 4, window.handler, window.reset),
    ];
  }

  #commonRegisters(): IoHandler {
    const negotiation = () => this.session.negotiation;
    const selected = (): QueueSetup | undefined => this.session.queues[this.#queueSelect];
    const half = (area: QueueArea, which: 0 | 1): { read(): number; write(value: number): void } => ({
      read: () => selected()?.readAddress(area, which) ?? 0,
      write: (value) => selected()?.writeAddress(area, which, value),
    });
    return new RegisterFile<CommonRegister>(
      COMMON_CFG,
      {},
      {
        deviceFeatureSelect: {
          read: () => negotiation().deviceSelect,
          write: (value) => {
            negotiation().deviceSelect = value;
          },
        },
        deviceFeature: { read: () => negotiation().readDeviceWindow() },
        driverFeatureSelect: {
          read: () => negotiation().driverSelect,
          write: (value) => {
            negotiation().driverSelect = value;
          },
        },
        driverFeature: { read: () => negotiation().readDriverWindow(), write: (value) => negotiation().writeDriverWindow(value) },
        configMsixVector: {
          read: () => this.#configVector,
          write: (value) => {
            this.#configVector = this.#vector(value);
          },
        },
        numQueues: { read: () => this.session.queues.length },
        deviceStatus: { read: () => this.session.status, write: (value) => this.#writeStatus(value) },
        configGeneration: { read: () => this.session.configGeneration },
        queueSelect: {
          read: () => this.#queueSelect,
          write: (value) => {
            this.#queueSelect = value;
          },
        },
        // [virtio 1.2 §4.1.4.3.1] Zero for a queue that does not exist.
        queueSize: { read: () => selected()?.size ?? 0, write: (value) => selected()?.writeSize(value) },
        queueMsixVector: {
          read: () => this.#queueVectors[this.#queueSelect] ?? VIRTIO_MSI_NO_VECTOR,
          write: (value) => {
            this.#queueVectors[this.#queueSelect] = this.#vector(value);
          },
        },
        queueEnable: {
          read: () => (selected()?.enabled === true ? 1 : 0),
          write: (value) => {
            if (value === 1) this.session.enableQueue(this.#queueSelect);
          },
        },
        queueNotifyOff: { read: () => (selected() === undefined ? 0 : this.#queueSelect) },
        queueDescLow: half('descriptors', 0),
        queueDescHigh: half('descriptors', 1),
        queueDriverLow: half('available', 0),
        queueDriverHigh: half('available', 1),
        queueDeviceLow: half('used', 0),
        queueDeviceHigh: half('used', 1),
        queueReset: {
          read: () => 0,
          write: (value) => {
            if (value === 1) this.#resetQueue();
          },
        },
      },
    );
  }

  #deviceRegisters(): IoHandler {
    return {
      read: (offset, width) => this.session.readConfig(offset, width),
      write: (offset, width, value) => this.session.writeConfig(offset, width, value),
    };
  }

  /** A kick: the number of the queue, written as 16 bits (or more) to the queue's own register. [virtio 1.2 §4.1.5.2] */
  #notifyRegisters(): IoHandler {
    return {
      read: () => 0,
      write: (offset, width, value) => {
        if (width >= 2 && offset === NOTIFY_MULTIPLIER * value) this.session.notify(value);
      },
    };
  }

  /** [virtio 1.2 §4.1.5.1.2.1] A vector that does not exist reads back as none. */
  #vector(value: number): number {
    return value < (this.function.msix?.vectors ?? 0) ? value : VIRTIO_MSI_NO_VECTOR;
  }

  #writeStatus(value: number): void {
    if ((value & 0xff) === 0) {
      this.#queueVectors.fill(VIRTIO_MSI_NO_VECTOR);
      this.#configVector = VIRTIO_MSI_NO_VECTOR;
      this.#queueSelect = 0;
      this.#setIsr(0);
    }
    this.session.writeStatus(value);
  }

  #resetQueue(): void {
    if (this.session.queues[this.#queueSelect] === undefined || !hasFeature(this.session.features, VIRTIO_F_RING_RESET)) return;
    this.#queueVectors[this.#queueSelect] = VIRTIO_MSI_NO_VECTOR;
    this.session.resetQueue(this.#queueSelect);
  }

  /** [virtio 1.2 §4.1.5.3.1] A vector of its own, or the queue bit of the ISR status and INTx. */
  #interruptQueue(index: number): void {
    if (this.function.interruptMode === 'msix') this.#signal(this.#queueVectors[index] ?? VIRTIO_MSI_NO_VECTOR);
    else this.#setIsr(this.#isr | ISR_QUEUE);
  }

  /** [virtio 1.2 §4.1.5.4.1, §4.1.4.5.1] The configuration bit is set either way. */
  #interruptConfig(): void {
    this.#setIsr(this.#isr | ISR_CONFIG);
    if (this.function.interruptMode === 'msix') this.#signal(this.#configVector);
  }

  #signal(vector: number): void {
    if (vector !== VIRTIO_MSI_NO_VECTOR) this.function.signal(vector);
  }

  /** Reading acknowledges: the status is cleared and INTx drops. [virtio 1.2 §4.1.4.5] */
  #readIsr(): number {
    const value = this.#isr;
    this.#setIsr(0);
    return value;
  }

  /** INTx is the OR of all bits; the function keeps it off the wire while messages are enabled. [virtio 1.2 §4.1.4.5.1] */
  #setIsr(value: number): void {
    this.#isr = value;
    if (value === 0) this.function.intx.lower();
    else this.function.intx.raise();
  }
}

/**
 * The window: an access to the first `length` bytes of `pci_cfg_data` is an access of `length` bytes at `offset` of `bar`. Anything but an
 * aligned 1, 2 or 4 bytes within the range does nothing and reads as ones. [virtio 1.2 §4.1.4.9]
 */
function configWindow(structures: IoHandler): { readonly handler: IoHandler; readonly reset: () => void } {
  const file = new RegisterFile(PCI_CFG_CAP, { capLen: PCI_CFG_CAP.size + 4, cfgType: VIRTIO_PCI_CAP_PCI_CFG });
  const initial = file.bytes.slice();
  const target = (): { readonly offset: number; readonly length: Width } | undefined => {
    const offset = file.get('offset');
    const length = file.get('length');
    if (file.get('bar') !== REGISTER_BAR || (length !== 1 && length !== 2 && length !== 4)) return undefined;
    return offset % length === 0 && offset + length <= REGISTER_BAR_SIZE ? { offset, length } : undefined;
  };
  // Not a field of the table: a field merges narrow writes with what it reads, and reading the ISR status clears it.
  const data: IoHandler = {
    read: (offset, width) => {
      const at = offset === 0 ? target() : undefined;
      return at === undefined ? ALL_ONES[width] : structures.read(at.offset, at.length) % 2 ** (8 * width);
    },
    write: (offset, width, value) => {
      const at = offset === 0 ? target() : undefined;
      if (at !== undefined && width >= at.length) structures.write(at.offset, at.length, value % 2 ** (8 * at.length));
    },
  };
  const handler = new Regions(PCI_CFG_CAP.size + 4, [
    { name: 'virtio window', offset: 0, size: PCI_CFG_CAP.size, handler: file },
    { name: 'pci_cfg_data', offset: PCI_CFG_CAP.size, size: 4, handler: data },
  ]);
  return { handler, reset: () => file.bytes.set(initial) };
}
