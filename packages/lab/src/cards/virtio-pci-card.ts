/**
 * virtio-net on PCI. The guest reads the function's identity, sizes its ranges, places them, walks the capabilities and initializes the
 * device, all through configuration ports and memory accesses; then its interrupts go to the driver.
 */
import { ConfigurationError, parseMitigation } from '@paravirt/bus';
import { COMMAND_BUS_MASTER, COMMAND_IO_SPACE, COMMAND_MEMORY_SPACE, type PciAddress, probeBars, setCommand } from '@paravirt/pci';
import { NET_CLASS_CODE, VirtioNet, VirtioPci } from '@paravirt/virtio';
import { PciDriver, RECEIVE_QUEUE, TRANSMIT_QUEUE } from '@paravirt/virtio/testing';
import type { CardSetup } from '../point.ts';
import type { Board, Cable, HostPlace } from './board.ts';
import type { Card, CardFacts } from './card.ts';
import { attempt, type Fault, type Nic } from './nic.ts';
import { VirtioNic } from './virtio-nic.ts';

export interface CardOptions {
  readonly board: Board;
  readonly setup: CardSetup;
  /** From 0. */
  readonly index: number;
  readonly bitsPerSecond: number;
  readonly fault?: Fault | undefined;
}

/** Addresses of the first card's ranges, and from one card to the next. */
const REGISTERS = { base: 0x1_8000_0000, step: 0x1_0000 };
const MSIX = { base: 0xfe00_0000, step: 0x1000 };
const DOORBELLS = { base: 0xc000, step: 0x100 };
/** Interrupt vectors: configuration, receive, transmit, control. */
const VECTORS = { base: 0x40, step: 4 };
/** Entries of the MSI-X table for the two rings: of their own, or one for all. */
const OWN_VECTORS = [1, 2] as const;
const SHARED_VECTORS = [1, 1] as const;
const VENDOR_ID = 0;
const VIRTIO_NET_ID = 0x1041_1af4;

/** 52:54:00 and the number of the card. */
export const macOf = (index: number): Uint8Array => Uint8Array.of(0x52, 0x54, 0, 0, 0, index + 1);

export class VirtioPciCard implements Card {
  readonly mac: Uint8Array;
  readonly cable: Cable;
  readonly #options: CardOptions;
  readonly #place: HostPlace;
  readonly #device: VirtioNet;
  readonly #pci: VirtioPci;
  readonly #slot: number;
  /** Reads of the ISR status by the driver's handler. */
  #statusReads = 0;
  #driver: PciDriver | undefined = undefined;
  #gone: (() => void) | undefined = undefined;

  constructor(options: CardOptions) {
    const { board, setup, index } = options;
    const { suppression, interrupts, doorbell } = setup;
    if (suppression === 'shm-signal' || interrupts === 'vector' || doorbell === 'hypercall')
      throw new ConfigurationError('bad-setup', 'virtio-net on PCI has neither shm_signals nor hypercalls', setup);
    this.#options = options;
    this.#place = board.place(setup.place, index);
    this.cable = board.cable(this.#place, index, options.bitsPerSecond);
    this.mac = macOf(index);
    this.#device = new VirtioNet({ port: this.cable.port, mac: this.mac });
    const { clock, defer } = this.#place;
    this.#pci = new VirtioPci({
      device: this.#device,
      classCode: NET_CLASS_CODE,
      name: `net${index}`,
      interrupts,
      doorbell,
      suppression,
      mitigation: parseMitigation(setup.mitigation),
      place: setup.place === 'inline' ? 'inline' : 'deferred',
      clock,
      defer,
      ringName: `net${index}`,
      ...(board.trace === undefined ? {} : { ringTrace: board.trace.sink }),
    });
    this.#slot = index + 1;
  }

  get #address(): PciAddress {
    return { bus: 0, device: this.#slot, function: 0 };
  }

  get facts(): CardFacts {
    const { msix } = this.#pci.function;
    return { doorbellAddresses: this.#device.queueSizes.length, interruptMessages: msix?.vectors ?? 1, sharedRegions: 2 };
  }

  get other(): Readonly<Record<string, number>> {
    return { interruptStatusReads: this.#statusReads };
  }

  start(ready: (result: Nic | ConfigurationError) => void): void {
    const { board } = this.#options;
    board.bus.plug(this.#slot, 0, this.#pci.function);
    board.vcpu.post(() => ready(attempt(() => this.#probe())));
  }

  insert(ready: (result: Nic | ConfigurationError) => void): void {
    const { acpi, slots, vcpu } = this.#options.board;
    acpi.drive(this.#slot, {
      inserted: () => ready(attempt(() => this.#probe())),
      removed: () => this.#letGo(),
      ejected: () => vcpu.post(() => this.#gone?.()),
    });
    slots.add(this.#pci.function, this.#slot);
  }

  remove(gone: () => void): void {
    this.#gone = gone;
    this.#options.board.slots.requestRemoval(this.#slot);
  }

  #letGo(): void {
    this.#driver?.reset();
    setCommand(this.#options.board.configuration, this.#address, 0, COMMAND_BUS_MASTER | COMMAND_MEMORY_SPACE | COMMAND_IO_SPACE);
  }

  #probe(): VirtioNic {
    const { board, setup, index, fault } = this.#options;
    const { configuration, mmio, ports, ram, vcpu } = board;
    const address = this.#address;
    if (configuration.readConfig(address, VENDOR_ID, 4) !== VIRTIO_NET_ID)
      throw new ConfigurationError('no-card', `no virtio-net in slot ${this.#slot}`, address);
    probeBars(configuration, address);
    const driver = new PciDriver(
      { function: this.#pci.function, memory: ram, mmio, ports },
      {
        registerBase: REGISTERS.base + index * REGISTERS.step,
        msixBase: MSIX.base + index * MSIX.step,
        doorbellBase: DOORBELLS.base + index * DOORBELLS.step,
        arena: board.arena(index),
        configuration: {
          read: (offset, width) => configuration.readConfig(address, offset, width),
          write: (offset, width, value) => configuration.writeConfig(address, offset, width, value),
        },
      },
    );
    this.#driver = driver;
    if (this.#place.answers === 'kernel')
      board.answerInKernel(
        driver.doorbells === ports ? 'port' : 'mmio',
        driver.notify,
        driver.notifyMultiplier * this.#device.queueSizes.length,
      );
    if (setup.place === 'inline') board.answerInKernel('mmio', driver.isr, 1);
    const vectors = this.#enableMessages(driver);
    const { counters } = this.#device;
    const nic = new VirtioNic({
      index,
      vcpu,
      transport: driver,
      frame: board.options.frame,
      session: this.#pci.session,
      backlog: () => this.cable.host.backlog,
      copiedBytes: () => counters.rxCopied + counters.txCopied,
      frames: () => ({ transmitted: counters.txFrames, received: counters.rxFrames }),
      fault,
      ringTrace: board.trace?.sink,
      ...(vectors === undefined ? {} : { vectors }),
    });
    this.#handleInterrupts(driver, nic);
    return nic;
  }

  #vector(entry: number): number {
    return VECTORS.base + this.#options.index * VECTORS.step + entry;
  }

  #enableMessages(driver: PciDriver): readonly [number, number] | undefined {
    switch (this.#options.setup.interrupts) {
      case 'msix':
        driver.enableMsix(undefined, this.#vector(0));
        return OWN_VECTORS;
      case 'msix-shared':
        driver.enableMsix(undefined, this.#vector(0));
        return SHARED_VECTORS;
      case 'msi':
        driver.enableMsi(this.#vector(0));
        return undefined;
      default:
        return undefined;
    }
  }

  #handleInterrupts(driver: PciDriver, nic: VirtioNic): void {
    const { board } = this.#options;
    // [virtio 1.2 §4.1.5.3.2] Without MSI-X the status says what for, and is acknowledged by being read.
    const readStatus = (): void => {
      this.#statusReads++;
      if (driver.readIsr() !== 0) nic.interrupt();
    };
    switch (this.#options.setup.interrupts) {
      case 'msix':
        board.vcpu.handle(this.#vector(OWN_VECTORS[0]), () => nic.interrupt(RECEIVE_QUEUE));
        board.vcpu.handle(this.#vector(OWN_VECTORS[1]), () => nic.interrupt(TRANSMIT_QUEUE));
        return;
      case 'msix-shared':
        board.vcpu.handle(this.#vector(SHARED_VECTORS[0]), () => nic.interrupt());
        return;
      case 'msi':
        board.vcpu.handle(this.#vector(0), readStatus);
        return;
      default:
        board.handleLine(this.#slot, readStatus);
    }
  }
}
