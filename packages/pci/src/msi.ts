/**
 * The MSI capability [PCI 3.0 §6.8.1], in two of its four forms: a 64-bit message address with per-vector masking and pending bits, or a
 * 32-bit address and nothing else. Multiple messages in both.
 *
 * A message that may not be sent now (its vector is masked, or the function may not act as a bus master) is pending and is sent once when
 * it may. [PCI 3.0 §6.8.3.5]
 */
import { ConfigurationError, RegisterFile, type RegisterTable, registers, ro, rw } from '@paravirt/bus';
import { CAPABILITY_MSI, type Capability, registerCapability } from './capability.ts';

/** Message Control. [PCI 3.0 §6.8.1.3] */
export const MSI_ENABLE = 0x0001;
/** Messages that the function would like, as log2. */
export const MSI_MULTIPLE_MESSAGE_CAPABLE = 0x000e;
/** Messages that it was given, as log2. */
export const MSI_MULTIPLE_MESSAGE_ENABLE = 0x0070;
export const MSI_64_BIT = 0x0080;
export const MSI_PER_VECTOR_MASKING = 0x0100;

export type MsiRegister =
  | 'capabilityId'
  | 'nextPointer'
  | 'messageControl'
  | 'messageAddress'
  | 'messageUpperAddress'
  | 'messageData'
  | 'reserved0e'
  | 'maskBits'
  | 'pendingBits';

/** [PCI 3.0 Figure 6-9] Capability structure for a 64-bit message address and per-vector masking. */
export const MSI_CAPABILITY: RegisterTable<MsiRegister> = registers<MsiRegister>(24, {
  capabilityId: ro(1),
  nextPointer: ro(1),
  messageControl: rw(2, MSI_ENABLE | MSI_MULTIPLE_MESSAGE_ENABLE),
  messageAddress: rw(4, 0xffff_fffc),
  messageUpperAddress: rw(4),
  messageData: rw(2),
  reserved0e: ro(2),
  maskBits: rw(4),
  pendingBits: ro(4),
});

export type Msi32Register = 'capabilityId' | 'nextPointer' | 'messageControl' | 'messageAddress' | 'messageData';

/** [PCI 3.0 Figure 6-9] Capability structure for a 32-bit message address. */
export const MSI_CAPABILITY_32: RegisterTable<Msi32Register> = registers<Msi32Register>(10, {
  capabilityId: ro(1),
  nextPointer: ro(1),
  messageControl: rw(2, MSI_ENABLE | MSI_MULTIPLE_MESSAGE_ENABLE),
  messageAddress: rw(4, 0xffff_fffc),
  messageData: rw(2),
});

/** How a function gets its messages out; made by the function. */
export interface MessagePort {
  /** False while the function may not act as a bus master. */
  readonly open: boolean;
  send(address: bigint, data: number): void;
}

export interface MsiOptions {
  /** Messages that the function asks for: 1, 2, 4, 8, 16 or 32. */
  readonly vectors: number;
  /** Of the message address. 64, the default, comes with per-vector masking, 32 without. */
  readonly addressBits?: 32 | 64;
}

export class Msi {
  /** Messages that the function asks for. */
  readonly vectors: number;
  readonly capability: Capability;
  readonly #file: RegisterFile<MsiRegister> | RegisterFile<Msi32Register>;
  /** The same, if it is the 64-bit form. */
  readonly #wide: RegisterFile<MsiRegister> | undefined;
  readonly #port: MessagePort;
  /** A bit for each message that is pending, also in the form that does not show them. */
  #pending = 0;

  /** @throws ConfigurationError `bad-msi`. */
  constructor(options: MsiOptions, port: MessagePort) {
    const { vectors, addressBits = 64 } = options;
    if (addressBits !== 32 && addressBits !== 64)
      throw new ConfigurationError('bad-msi', `an MSI address has 32 or 64 bits, not ${addressBits}`, addressBits);
    if (![1, 2, 4, 8, 16, 32].includes(vectors))
      throw new ConfigurationError('bad-msi', `${vectors} MSI messages are not a power of two within 1 to 32`, vectors);
    this.vectors = vectors;
    this.#port = port;
    const resend = { write: (): void => this.sendPending() };
    const capable = Math.log2(vectors) << 1;
    let capability: Capability;
    if (addressBits === 32) {
      const file = new RegisterFile(MSI_CAPABILITY_32, { messageControl: capable }, { messageControl: resend });
      capability = registerCapability(CAPABILITY_MSI, 'MSI', file);
      this.#wide = undefined;
      this.#file = file;
    } else {
      const file = new RegisterFile(
        MSI_CAPABILITY,
        { messageControl: capable | MSI_64_BIT | MSI_PER_VECTOR_MASKING },
        { messageControl: resend, maskBits: resend, pendingBits: { read: () => this.#pending } },
      );
      capability = registerCapability(CAPABILITY_MSI, 'MSI', file);
      this.#wide = file;
      this.#file = file;
    }
    this.capability = {
      ...capability,
      reset: () => {
        capability.reset?.();
        this.#pending = 0;
      },
    };
  }

  get enabled(): boolean {
    return (this.#file.get('messageControl') & MSI_ENABLE) !== 0;
  }

  /** Messages that the guest gave, at most `vectors`. */
  get allocated(): number {
    const log2 = (this.#file.get('messageControl') & MSI_MULTIPLE_MESSAGE_ENABLE) >> 4;
    return Math.min(2 ** log2, this.vectors);
  }

  /**
   * Sends message `vector`, or remembers it. With fewer messages than vectors the low bits choose, so that vectors share messages
   * [PCI 3.0 §6.8.1.6]. Nothing happens while MSI is disabled or beyond `vectors`.
   */
  signal(vector: number): void {
    if (!this.enabled || !(vector >= 0 && vector < this.vectors)) return;
    const message = vector & (this.allocated - 1);
    const bit = 2 ** message;
    const masked = ((this.#maskBits >>> message) & 1) !== 0;
    if (masked || !this.#port.open) this.#pending = (this.#pending | bit) >>> 0;
    else this.#send(message);
  }

  /** Sends what is pending and may be sent now. */
  sendPending(): void {
    if (!this.enabled || !this.#port.open) return;
    const ready = this.#pending & ~this.#maskBits;
    for (let message = 0; message < this.vectors; message++) {
      if (((ready >>> message) & 1) === 0) continue;
      this.#pending = (this.#pending & ~(1 << message)) >>> 0;
      this.#send(message & (this.allocated - 1));
    }
  }

  get #maskBits(): number {
    return this.#wide?.get('maskBits') ?? 0;
  }

  /** One memory write: the low bits of the data tell the messages apart. [PCI 3.0 §6.8.1.6] */
  #send(message: number): void {
    const address = (BigInt(this.#wide?.get('messageUpperAddress') ?? 0) << 32n) | BigInt(this.#file.get('messageAddress'));
    const data = (this.#file.get('messageData') & ~(this.allocated - 1)) | message;
    this.#port.send(address, data);
  }
}
