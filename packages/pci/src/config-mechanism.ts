/**
 * Configuration mechanism #1 [PCI 3.0 §3.2.2.3.2]: CONFIG_ADDRESS at port CF8h names a DWORD of configuration space, CONFIG_DATA at CFCh
 * to CFFh is that DWORD.
 *
 * Only a 4-byte access at CF8h is CONFIG_ADDRESS; smaller ones in the same DWORD are ordinary I/O. One of them is known: the reset control
 * register of PC chipsets at CF9h [ICH9 §13.7.5].
 */
import { ALL_ONES, type IoHandler, type Width } from '@paravirt/bus';
import type { ConfigurationAccess, PciAddress } from './pci-bus.ts';

/** First port, and number of ports. */
export const CONFIG_MECHANISM_PORT = 0xcf8;
export const CONFIG_MECHANISM_PORTS = 8;

/** [PCI 3.0 Figure 3-2] Bits of CONFIG_ADDRESS. */
export const CONFIG_ADDRESS_ENABLE = 0x8000_0000;
/** Enable, bus, device, function and register number; the rest is reserved and reads as zero. */
const CONFIG_ADDRESS_WRITABLE = 0x80ff_fffc;

/** [ICH9 §13.7.5] Bits of the reset control register. */
const RESET_SYSTEM = 0x02;
const RESET_CPU = 0x04;
const RESET_FULL = 0x08;

/** Offsets from the first port. */
const ADDRESS = 0;
const RESET_CONTROL = 1;
const DATA = 4;

/** What the value of CONFIG_ADDRESS selects on a bus of `ConfigurationAccess`. */
export function configAddress(address: PciAddress, register: number): number {
  return (CONFIG_ADDRESS_ENABLE + (address.bus << 16) + (address.device << 11) + (address.function << 8) + (register & 0xfc)) >>> 0;
}

export interface ConfigMechanismOptions {
  readonly bus: ConfigurationAccess;
  /**
   * Called when the guest asks for a reset at CF9h: `soft` for the processor (INIT#), `hard` for everything. Without it nothing answers at
   * CF9h.
   */
  readonly onReset?: (kind: 'soft' | 'hard') => void;
}

/** Answers the eight ports from CF8h. */
export class ConfigMechanism1 implements IoHandler {
  readonly #bus: ConfigurationAccess;
  readonly #onReset: ((kind: 'soft' | 'hard') => void) | undefined;
  #address = 0;
  #resetControl = 0;

  constructor(options: ConfigMechanismOptions) {
    this.#bus = options.bus;
    this.#onReset = options.onReset;
  }

  read(offset: number, width: Width): number {
    if (offset >= DATA) return this.#readData(offset - DATA, width);
    if (offset === ADDRESS && width === 4) return this.#address;
    if (offset === RESET_CONTROL && width === 1 && this.#onReset !== undefined) return this.#resetControl;
    return ALL_ONES[width];
  }

  write(offset: number, width: Width, value: number): void {
    if (offset >= DATA) this.#writeData(offset - DATA, width, value);
    else if (offset === ADDRESS && width === 4) this.#address = (value & CONFIG_ADDRESS_WRITABLE) >>> 0;
    else if (offset === RESET_CONTROL && width === 1) this.#writeResetControl(value);
  }

  /** As after power-on. */
  reset(): void {
    this.#address = 0;
    this.#resetControl = 0;
  }

  /** The function that CONFIG_ADDRESS selects; undefined while it is not enabled. */
  #selected(): PciAddress | undefined {
    const address = this.#address;
    if (address < CONFIG_ADDRESS_ENABLE) return undefined;
    return { bus: (address >>> 16) & 0xff, device: (address >>> 11) & 0x1f, function: (address >>> 8) & 7 };
  }

  /** `offset` 0 to 3. Bytes beyond CFFh belong to nobody. */
  #readData(offset: number, width: Width): number {
    const selected = this.#selected();
    if (selected === undefined) return ALL_ONES[width];
    const register = (this.#address & 0xfc) + offset;
    if (offset + width <= 4) return this.#bus.readConfig(selected, register, width);
    let value = ALL_ONES[width];
    for (let i = 0; offset + i < 4; i++) value -= (0xff - this.#bus.readConfig(selected, register + i, 1)) * 2 ** (8 * i);
    return value;
  }

  #writeData(offset: number, width: Width, value: number): void {
    const selected = this.#selected();
    if (selected === undefined) return;
    const register = (this.#address & 0xfc) + offset;
    if (offset + width <= 4) this.#bus.writeConfig(selected, register, width, value);
    else for (let i = 0; offset + i < 4; i++) this.#bus.writeConfig(selected, register + i, 1, Math.floor(value / 2 ** (8 * i)) & 0xff);
  }

  /** A reset happens when RST_CPU goes from 0 to 1; SYS_RST as written with it says which. */
  #writeResetControl(value: number): void {
    const before = this.#resetControl;
    this.#resetControl = value & (RESET_SYSTEM | RESET_CPU | RESET_FULL);
    if ((before & RESET_CPU) === 0 && (value & RESET_CPU) !== 0) this.#onReset?.((value & RESET_SYSTEM) !== 0 ? 'hard' : 'soft');
  }
}
