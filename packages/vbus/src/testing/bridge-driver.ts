/**
 * A driver of the PCI bridge, as a guest's kernel has one. [vbus PCI-2 §2.3, "Bring-up order"] It checks the ids, places the ranges, turns
 * on decoding and bus mastering, then NEGOTIATE, MSI (or INTx), FASTCALL_ADD for each CPU, the event ring and QREG. Everything goes through
 * configuration space, memory and ports; BAR1 says itself which of the two it is.
 */
import type { AddressSpace } from '@paravirt/bus';
import {
  BAR_IO_SPACE,
  CAPABILITY_MSI,
  COMMAND_BUS_MASTER,
  COMMAND_IO_SPACE,
  COMMAND_MEMORY_SPACE,
  MSI_ENABLE,
  type PciFunction,
} from '@paravirt/pci';
import {
  CALL_DESC,
  FASTCALL_DESC,
  VBUS_BRIDGE_FASTCALL_ADD,
  VBUS_BRIDGE_FASTCALL_DROP,
  VBUS_BRIDGE_SLOWCALL,
  VBUS_PCI_ABI_VERSION,
  VBUS_PCI_DEVICE_ID,
  VBUS_PCI_VENDOR_ID,
} from '../abi.ts';
import { EIO, ENODEV, ENOMEM } from '../errno.ts';
import type { NorthArena } from '../north/north-arena.ts';
import { NorthSession } from '../north/north-session.ts';
import type { NorthWire } from '../north/north-wire.ts';
import type { SharedRegion } from '../shared-region.ts';

export interface BridgeDriverOptions {
  readonly function: PciFunction;
  /** Where the function's ranges are placed: physical addresses that are not RAM, and ports. */
  readonly mmio: AddressSpace;
  readonly ports: AddressSpace;
  readonly arena: NorthArena;
  readonly defer: (run: () => void) => void;
  /** How configuration space is reached. Default: directly, without any mechanism of a machine. */
  readonly configuration?: Pick<PciFunction['config'], 'read' | 'write'>;
  /** Default: MSI if the function has it. */
  readonly interrupts?: 'msi' | 'intx';
  /** Fast-call channels, one for each; 0: all bus calls are slow. Default: 1. */
  readonly cpus?: number;
  /** Descriptors of the event ring. Default: 1024. */
  readonly events?: number;
}

export const BRIDGE_MMIO_BASE = 0xf000_0000;
export const BRIDGE_PORT_BASE = 0xc100;
/** Of BAR1, where it is memory. */
export const BRIDGE_DOORBELL_BASE = 0xf000_1000;
export const MSI_ADDRESS = 0xfee0_0000;
export const MSI_DATA = 0x41;

/** Registers of configuration space. [PCI 3.0 Figure 6-1] */
const VENDOR_ID = 0x00;
const COMMAND = 0x04;
const REVISION_ID = 0x08;
const BAR0 = 0x10;
const BAR1 = 0x14;
const CAPABILITIES_POINTER = 0x34;

export class BridgeDriver implements NorthWire {
  readonly session: NorthSession;
  /** The CPU whose channel the next bus call takes; beyond the channels: a slow call. */
  cpu = 0;
  readonly #options: BridgeDriverOptions;
  readonly #configuration: Pick<PciFunction['config'], 'read' | 'write'>;
  readonly #channels: SharedRegion[] = [];
  #doorbells: { readonly space: AddressSpace; readonly base: number };
  #messages = false;

  constructor(options: BridgeDriverOptions) {
    this.#options = options;
    this.#configuration = options.configuration ?? options.function.config;
    this.#doorbells = { space: options.ports, base: BRIDGE_PORT_BASE };
    this.session = new NorthSession({ ...options, wire: this });
  }

  /** The whole bring-up: 0, or −errno; −ENODEV: not this function, or not this revision of it. */
  probe(): number {
    if (!this.enable()) return -ENODEV;
    const { cpus = 1, interrupts = 'msi' } = this.#options;
    const negotiated = this.session.negotiate();
    if (negotiated < 0) return negotiated;
    this.#releaseChannels();
    this.#messages = interrupts === 'msi' && this.enableMsi();
    for (let cpu = 0; cpu < cpus; cpu++) {
      const added = this.addChannel(cpu);
      if (added < 0) return added;
    }
    return this.session.register();
  }

  /** Ids, ranges, command register; false: another function. */
  enable(): boolean {
    const config = this.#configuration;
    const { mmio, ports } = this.#options;
    const ids = VBUS_PCI_VENDOR_ID + VBUS_PCI_DEVICE_ID * 2 ** 16;
    if (config.read(VENDOR_ID, 4) !== ids || config.read(REVISION_ID, 1) !== VBUS_PCI_ABI_VERSION) return false;
    config.write(BAR0, 4, BRIDGE_MMIO_BASE);
    const port = (config.read(BAR1, 4) & BAR_IO_SPACE) !== 0;
    this.#doorbells = port ? { space: ports, base: BRIDGE_PORT_BASE } : { space: mmio, base: BRIDGE_DOORBELL_BASE };
    config.write(BAR1, 4, this.#doorbells.base);
    config.write(COMMAND, 2, COMMAND_IO_SPACE | COMMAND_MEMORY_SPACE | COMMAND_BUS_MASTER);
    return true;
  }

  /** Offset of the capability in configuration space, 0 if there is none. */
  get msiCapability(): number {
    const config = this.#configuration;
    let at = config.read(CAPABILITIES_POINTER, 1);
    for (let left = 48; at !== 0 && config.read(at, 1) !== CAPABILITY_MSI && left > 0; left--) at = config.read(at + 1, 1);
    return at;
  }

  /** False: there is no such capability. */
  enableMsi(): boolean {
    const config = this.#configuration;
    const at = this.msiCapability;
    if (at === 0) return false;
    config.write(at + 4, 4, MSI_ADDRESS);
    config.write(at + 8, 2, MSI_DATA);
    config.write(at + 2, 2, MSI_ENABLE);
    return true;
  }

  /**
   * The bridge's interrupt has come: takes the events. On INTx the event queue is rung then, so that the pin is low before the handler ends.
   * False: there was nothing, a shared line has another source.
   */
  interrupt(): boolean {
    const taken = this.session.interrupt();
    if (taken && !this.#messages) this.kick();
    return taken;
  }

  /** FASTCALL_ADD of `channel`: 0, or −errno. */
  addChannel(channel: number): number {
    const descriptor = this.session.arena.region(FASTCALL_DESC.size);
    if (descriptor === undefined) return -ENOMEM;
    const result = this.#channelCall(VBUS_BRIDGE_FASTCALL_ADD, channel, descriptor.address);
    if (result < 0) this.session.arena.release(descriptor.address);
    else this.#channels[channel] = descriptor;
    return result;
  }

  /** FASTCALL_DROP of `channel`: 0, or −errno. Calls of that CPU are slow from now on. */
  dropChannel(channel: number): number {
    const result = this.#channelCall(VBUS_BRIDGE_FASTCALL_DROP, channel, 0);
    const descriptor = this.#channels[channel];
    if (result === 0 && descriptor !== undefined) {
      delete this.#channels[channel];
      this.session.arena.release(descriptor.address);
    }
    return result;
  }

  // The wire

  bridgeCall(vector: number, address: number, length: number): number {
    const { mmio } = this.#options;
    mmio.write(BRIDGE_MMIO_BASE, 4, vector);
    mmio.write(BRIDGE_MMIO_BASE + 4, 4, length);
    mmio.write(BRIDGE_MMIO_BASE + 8, 4, address % 2 ** 32);
    mmio.write(BRIDGE_MMIO_BASE + 12, 4, Math.floor(address / 2 ** 32));
    return mmio.read(BRIDGE_MMIO_BASE, 4) | 0;
  }

  busCall(vector: number, address: number, length: number): number {
    const channel = this.#channels[this.cpu];
    if (channel === undefined) return this.#withDescriptor(vector, length, address, (at) => this.#bridge(VBUS_BRIDGE_SLOWCALL, at));
    writeDescriptor(channel, vector, length, address);
    // The host leaves the result alone if it does not know the channel.
    channel.writeU32(FASTCALL_DESC.offset.result, -EIO >>> 0);
    this.#ring(4, this.cpu);
    return channel.readU32(FASTCALL_DESC.offset.result) | 0;
  }

  kick(): void {
    this.#ring(0, 0);
  }

  signal(handle: number): void {
    this.#ring(8, handle);
  }

  /** Writes a register of BAR1. */
  #ring(offset: number, value: number): void {
    const { space, base } = this.#doorbells;
    space.write(base + offset, 4, value);
  }

  #channelCall(call: number, channel: number, datap: number): number {
    return this.#withDescriptor(channel, FASTCALL_DESC.size, datap, (at) => this.#bridge(call, at));
  }

  #bridge(call: number, descriptor: number): number {
    return this.session.bridgeCall(call, descriptor, CALL_DESC.size);
  }

  /** Runs with a call descriptor in memory. */
  #withDescriptor(vector: number, length: number, datap: number, run: (address: number) => number): number {
    const region = this.session.arena.region(CALL_DESC.size);
    if (region === undefined) return -ENOMEM;
    writeDescriptor(region, vector, length, datap);
    const result = run(region.address);
    this.session.arena.release(region.address);
    return result;
  }

  #releaseChannels(): void {
    for (const channel of this.#channels.splice(0)) if (channel !== undefined) this.session.arena.release(channel.address);
  }
}

function writeDescriptor(region: SharedRegion, vector: number, length: number, datap: number): void {
  region.writeU32(CALL_DESC.offset.vector, vector);
  region.writeU32(CALL_DESC.offset.len, length);
  region.writeU64(CALL_DESC.offset.datap, BigInt(datap));
}
