/**
 * The modern PCI transport. [virtio 1.2 §4.1] One function with up to three ranges:
 *
 *   BAR 0 (64-bit, 16 KiB)   0000h common configuration   1000h ISR status   2000h device configuration   3000h notifications
 *   BAR 2 (32-bit, 4 KiB)    MSI-X table and pending bits
 *   BAR 4 (I/O)              notifications, if the doorbell is a port
 *
 * Capabilities point to the structures; a last one is a window for software that cannot map memory. All meaning is in `VirtioSession`; this
 * file has the registers and the choice between MSI-X, MSI and INTx with its ISR status.
 */
import { ConfigurationError, type IoHandler, RegisterFile, type TraceSink } from '@paravirt/bus';
import {
  type BarSpec,
  type Capability,
  COMMAND_BUS_MASTER,
  PciFunction,
  type PciFunctionOptions,
  type Region,
  Regions,
  vendorCapability,
} from '@paravirt/pci';
import type { VirtioDevice } from '../device.ts';
import { hasFeature, VIRTIO_F_RING_RESET } from '../features.ts';
import type { QueueArea, QueueSetup } from '../queue/setup.ts';
import type { NotificationOptions } from '../queue-notifications.ts';
import { type VirtioEvent, VirtioSession } from '../session.ts';
import {
  COMMON_CFG,
  type CommonRegister,
  ISR_CONFIG,
  ISR_QUEUE,
  PCI_CAP,
  PCI_NOTIFY_CAP,
  VIRTIO_MSI_NO_VECTOR,
  VIRTIO_PCI_CAP_COMMON_CFG,
  VIRTIO_PCI_CAP_DEVICE_CFG,
  VIRTIO_PCI_CAP_ISR_CFG,
  VIRTIO_PCI_CAP_NOTIFY_CFG,
  VIRTIO_PCI_DEVICE_ID_BASE,
  VIRTIO_PCI_VENDOR_ID,
} from './pci-registers.ts';
import { configWindow } from './pci-window.ts';

/**
 * What the card can interrupt with beside INTx. `msix`: a vector for the configuration and for each queue. `msix-shared`: two vectors, so
 * that drivers put all queues on one. `msi`: one message. `intx`: nothing.
 */
export type VirtioPciInterrupts = 'msix' | 'msix-shared' | 'msi' | 'intx';

/** `defer` is a microtask if it is not given. */
export interface VirtioPciOptions extends NotificationOptions {
  readonly device: VirtioDevice;
  /** 24 bits, what kind of card the guest sees: 020000h is an Ethernet controller. [PCI 3.0 Appendix D] */
  readonly classCode: number;
  /** For people. Default: the device's name. */
  readonly name?: string;
  readonly trace?: TraceSink<VirtioEvent>;
  /** Default: msix. */
  readonly interrupts?: VirtioPciInterrupts;
  /** Where the notification registers lie: in memory, or in an I/O range. Default: mmio. */
  readonly doorbell?: 'mmio' | 'port';
}

const REGISTER_BAR = 0;
const REGISTER_BAR_SIZE = 0x4000;
const MSIX_BAR = 2;
const MSIX_BAR_SIZE = 0x1000;
const PBA_OFFSET = 0x800;
/** MSI-X vectors that fit before the pending bits. */
const MAX_VECTORS = PBA_OFFSET / 16;
const DOORBELL_BAR = 4;
/** Of an I/O range. [PCI 3.0 §6.2.5.1] */
const DOORBELL_BAR_MAX = 0x100;
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
    const { device, classCode, name = device.name, interrupts = 'msix', doorbell = 'mmio', ...others } = options;
    const queues = device.queueSizes.length;
    const most = doorbell === 'port' ? DOORBELL_BAR_MAX / NOTIFY_MULTIPLIER : MAX_VECTORS - 1;
    if (queues > most) throw new ConfigurationError('too-many-queues', `${name}: ${queues} queues are more than ${most}`, queues);
    this.#queueVectors = new Uint16Array(queues).fill(VIRTIO_MSI_NO_VECTOR);
    const bars = this.#ranges(queues, interrupts, doorbell);
    const { ringName = name, ringTrace } = options;
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
      bars,
      ...messageCapability(interrupts, queues),
      capabilities: this.#capabilities(bars, device, queues, doorbell),
      onInterrupt: ringTrace === undefined ? undefined : (): void => ringTrace({ kind: 'interrupt', source: ringName }),
      onCommand: (command) => this.session.pause((command & COMMAND_BUS_MASTER) === 0),
      onReset: () => {
        this.#writeStatus(0);
        this.session.pause(true);
      },
    });
    this.session = new VirtioSession({
      ...others,
      ringName,
      device,
      memory: this.function.dma,
      interrupts: { queue: (index) => this.#interruptQueue(index), config: () => this.#interruptConfig() },
    });
    // The command register is clear at power-on.
    this.session.pause(true);
  }

  #ranges(queues: number, interrupts: VirtioPciInterrupts, doorbell: 'mmio' | 'port'): BarSpec[] {
    const notify = this.#notifyRegisters();
    const structures: Region[] = [
      { name: 'common', offset: COMMON_OFFSET, size: COMMON_CFG.size, handler: this.#commonRegisters() },
      { name: 'ISR', offset: ISR_OFFSET, size: 1, handler: { read: () => this.#readIsr(), write: () => undefined } },
      { name: 'device', offset: DEVICE_OFFSET, size: STRUCTURE_SIZE, handler: this.#deviceRegisters() },
    ];
    if (doorbell === 'mmio') structures.push({ name: 'notify', offset: NOTIFY_OFFSET, size: STRUCTURE_SIZE, handler: notify });
    return [
      { index: REGISTER_BAR, kind: 'memory64', size: REGISTER_BAR_SIZE, handler: new Regions(REGISTER_BAR_SIZE, structures) },
      ...(interrupts.startsWith('msix') ? [{ index: MSIX_BAR, kind: 'memory32', size: MSIX_BAR_SIZE } as const] : []),
      ...(doorbell === 'port'
        ? [{ index: DOORBELL_BAR, kind: 'io', size: powerOfTwo(NOTIFY_MULTIPLIER * queues), handler: notify } as const]
        : []),
    ];
  }

  #capabilities(bars: readonly BarSpec[], device: VirtioDevice, queues: number, doorbell: 'mmio' | 'port'): Capability[] {
    const place = (
      cfgType: number,
      offset: number,
      length: number,
      bar = REGISTER_BAR,
    ): Record<'capLen' | 'cfgType' | 'bar' | 'offset' | 'length', number> => ({
      capLen: PCI_CAP.size,
      cfgType,
      bar,
      offset,
      length,
    });
    const plain = (name: string, cfgType: number, offset: number, length: number): Capability =>
      vendorCapability(name, PCI_CAP.size, new RegisterFile(PCI_CAP, place(cfgType, offset, length)));
    const notify = new RegisterFile(PCI_NOTIFY_CAP, {
      ...(doorbell === 'port'
        ? place(VIRTIO_PCI_CAP_NOTIFY_CFG, 0, NOTIFY_MULTIPLIER * queues, DOORBELL_BAR)
        : place(VIRTIO_PCI_CAP_NOTIFY_CFG, NOTIFY_OFFSET, NOTIFY_MULTIPLIER * queues)),
      capLen: PCI_NOTIFY_CAP.size,
      notifyOffMultiplier: NOTIFY_MULTIPLIER,
    });
    const window = configWindow(bars);
    return [
      plain('virtio common', VIRTIO_PCI_CAP_COMMON_CFG, COMMON_OFFSET, COMMON_CFG.size),
      vendorCapability('virtio notify', PCI_NOTIFY_CAP.size, notify),
      plain('virtio ISR', VIRTIO_PCI_CAP_ISR_CFG, ISR_OFFSET, 1),
      // [virtio 1.2 §4.1.4.6.1] Present only if the device has a configuration of its own.
      ...(device.configSize === 0 ? [] : [plain('virtio device', VIRTIO_PCI_CAP_DEVICE_CFG, DEVICE_OFFSET, device.configSize)]),
      vendorCapability('virtio window', window.size, window.handler, window.reset),
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

  /**
   * INTx is the OR of all bits; the function keeps it off the wire while messages are enabled. [virtio 1.2 §4.1.4.5.1]
   * DEVIATION: with MSI, which the specification does not have, the message stands for the rising edge of that OR: the next one is sent
   * after the driver has read the status.
   */
  #setIsr(value: number): void {
    const rose = this.#isr === 0 && value !== 0;
    this.#isr = value;
    if (rose && this.function.interruptMode === 'msi') this.function.signal(0);
    if (value === 0) this.function.intx.lower();
    else this.function.intx.raise();
  }
}

/** What `PciFunction` is told about messages. */
function messageCapability(interrupts: VirtioPciInterrupts, queues: number): Pick<PciFunctionOptions, 'msi' | 'msix'> {
  switch (interrupts) {
    case 'msix':
    case 'msix-shared':
      return { msix: { vectors: interrupts === 'msix' ? queues + 1 : 2, bar: MSIX_BAR, tableOffset: 0, pbaOffset: PBA_OFFSET } };
    case 'msi':
      return { msi: { vectors: 1 } };
    case 'intx':
      return {};
  }
}

/** The smallest that is not below `size`. */
const powerOfTwo = (size: number): number => 2 ** Math.ceil(Math.log2(size));
