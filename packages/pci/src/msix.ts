/**
 * The MSI-X capability [PCI 3.0 §6.8.2] with its two structures in a memory BAR: the table of messages and the pending bit array.
 *
 * A vector is pending when its message was asked for but may not be sent: the vector or the whole function is masked, or the function may
 * not act as a bus master. It is sent once, as soon as nothing forbids it. What is pending when the guest disables MSI-X stays pending and
 * is sent when it is enabled again; only a reset of the function forgets it. [PCI 3.0 §6.8.3.5]
 */
import { ConfigurationError, type IoHandler, RegisterFile, type RegisterTable, registers, ro, rw, type Width } from '@paravirt/bus';
import { CAPABILITY_MSIX, type Capability, registerCapability } from './capability.ts';
import type { MessagePort } from './msi.ts';

/** Message Control. [PCI 3.0 §6.8.2.3] */
export const MSIX_ENABLE = 0x8000;
export const MSIX_FUNCTION_MASK = 0x4000;
/** Number of vectors, less one. */
export const MSIX_TABLE_SIZE = 0x07ff;

/** Vector Control of a table entry. [PCI 3.0 §6.8.2.9] */
export const MSIX_VECTOR_MASK = 0x1;

/** Bytes of a table entry: address, upper address, data, vector control. [PCI 3.0 Figure 6-11] */
export const MSIX_ENTRY_SIZE = 16;

export type MsixRegister = 'capabilityId' | 'nextPointer' | 'messageControl' | 'tableOffset' | 'pbaOffset';

/** [PCI 3.0 Figure 6-10] Capability structure. The low three bits of both offsets number the BAR. */
export const MSIX_CAPABILITY: RegisterTable<MsixRegister> = registers<MsixRegister>(12, {
  capabilityId: ro(1),
  nextPointer: ro(1),
  messageControl: rw(2, MSIX_ENABLE | MSIX_FUNCTION_MASK),
  tableOffset: ro(4),
  pbaOffset: ro(4),
});

export interface MsixOptions {
  /** 1 to 2048. */
  readonly vectors: number;
  /** Number of a memory BAR that the function has. */
  readonly bar: number;
  /** Where the table lies in the BAR, in bytes, a multiple of 8. Default 0. */
  readonly tableOffset?: number;
  /** Where the pending bits lie in the BAR, in bytes, a multiple of 8. Default: right behind the table. */
  readonly pbaOffset?: number;
}

/** Writable bits of the four DWORDs of an entry. */
const ENTRY_WRITABLE = [0xffff_fffc, 0xffff_ffff, 0xffff_ffff, MSIX_VECTOR_MASK] as const;

export class MsiX {
  /** Number of vectors. */
  readonly vectors: number;
  readonly bar: number;
  readonly tableOffset: number;
  readonly pbaOffset: number;
  readonly capability: Capability;
  /** The table; `vectors` × 16 bytes. */
  readonly table: IoHandler;
  /** The pending bits, read-only; a multiple of 8 bytes. */
  readonly pba: IoHandler;
  readonly #file: RegisterFile<MsixRegister>;
  readonly #port: MessagePort;
  readonly #table: DataView;
  readonly #pending: Uint8Array;

  /** @throws ConfigurationError `bad-msix`. */
  constructor(options: MsixOptions, port: MessagePort) {
    const { vectors, bar, tableOffset = 0, pbaOffset = tableOffset + MSIX_ENTRY_SIZE * vectors } = options;
    if (!Number.isInteger(vectors) || vectors < 1 || vectors > 2048)
      throw new ConfigurationError('bad-msix', `${vectors} MSI-X vectors are not within 1 to 2048`, vectors);
    for (const offset of [tableOffset, pbaOffset])
      if (!Number.isInteger(offset) || offset < 0 || offset >= 2 ** 32 || offset % 8 !== 0)
        throw new ConfigurationError('bad-msix', `MSI-X structure at ${offset} is not at a multiple of 8`, offset);
    this.vectors = vectors;
    this.bar = bar;
    this.tableOffset = tableOffset;
    this.pbaOffset = pbaOffset;
    this.#port = port;
    this.#table = new DataView(new ArrayBuffer(MSIX_ENTRY_SIZE * vectors));
    this.#pending = new Uint8Array(8 * Math.ceil(vectors / 64));
    this.#file = new RegisterFile(
      MSIX_CAPABILITY,
      { messageControl: vectors - 1, tableOffset: tableOffset + bar, pbaOffset: pbaOffset + bar },
      { messageControl: { write: () => this.sendPending() } },
    );
    const control = registerCapability(CAPABILITY_MSIX, 'MSI-X', this.#file);
    this.capability = {
      ...control,
      reset: (): void => {
        control.reset?.();
        this.#reset();
      },
    };
    this.table = { read: (offset, width) => this.#readTable(offset, width), write: (o, width, value) => this.#writeTable(o, width, value) };
    this.pba = { read: (offset, width) => this.#readPending(offset, width), write: () => undefined };
    this.#reset();
  }

  /** In bytes. */
  get tableSize(): number {
    return this.#table.byteLength;
  }

  /** In bytes. */
  get pbaSize(): number {
    return this.#pending.length;
  }

  get enabled(): boolean {
    return (this.#file.get('messageControl') & MSIX_ENABLE) !== 0;
  }

  /** True if every vector is masked, whatever its own mask says. */
  get functionMasked(): boolean {
    return (this.#file.get('messageControl') & MSIX_FUNCTION_MASK) !== 0;
  }

  /** True if the vector's own mask is set. */
  isMasked(vector: number): boolean {
    return (this.#table.getUint32(MSIX_ENTRY_SIZE * vector + 12, true) & MSIX_VECTOR_MASK) !== 0;
  }

  isPending(vector: number): boolean {
    return (((this.#pending[vector >> 3] ?? 0) >> (vector & 7)) & 1) !== 0;
  }

  /** Sends the message of `vector`, or marks it pending. Nothing happens while MSI-X is disabled or beyond `vectors`. */
  signal(vector: number): void {
    if (!this.enabled || !Number.isInteger(vector) || vector < 0 || vector >= this.vectors) return;
    if (this.#maySend(vector)) this.#send(vector);
    else this.#setPending(vector, true);
  }

  /** Sends what is pending and may be sent now. */
  sendPending(): void {
    if (!this.enabled || this.functionMasked || !this.#port.open) return;
    for (let vector = 0; vector < this.vectors; vector++) this.#sendIfPending(vector);
  }

  #maySend(vector: number): boolean {
    return this.enabled && !this.functionMasked && !this.isMasked(vector) && this.#port.open;
  }

  #sendIfPending(vector: number): void {
    if (!this.isPending(vector) || !this.#maySend(vector)) return;
    this.#setPending(vector, false);
    this.#send(vector);
  }

  #send(vector: number): void {
    const entry = MSIX_ENTRY_SIZE * vector;
    this.#port.send(this.#table.getBigUint64(entry, true), this.#table.getUint32(entry + 8, true));
  }

  #setPending(vector: number, pending: boolean): void {
    const bit = 1 << (vector & 7);
    const byte = this.#pending[vector >> 3] ?? 0;
    this.#pending[vector >> 3] = pending ? byte | bit : byte & ~bit;
  }

  #readTable(offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; i++) {
      const at = offset + i;
      value += (at >= 0 && at < this.tableSize ? this.#table.getUint8(at) : 0xff) * 2 ** (8 * i);
    }
    return value;
  }

  #writeTable(offset: number, width: Width, value: number): void {
    for (let i = 0; i < width; i++) {
      const at = offset + i;
      if (at < 0 || at >= this.tableSize) continue;
      const writable = ((ENTRY_WRITABLE[(at >> 2) & 3] ?? 0) >>> (8 * (at & 3))) & 0xff;
      this.#table.setUint8(at, (this.#table.getUint8(at) & ~writable) | (Math.floor(value / 2 ** (8 * i)) & writable));
    }
    // The whole access is stored before a message goes out, which may take its address or data from it.
    const last = Math.min(this.vectors - 1, Math.floor((offset + width - 1) / MSIX_ENTRY_SIZE));
    for (let vector = Math.max(0, Math.floor(offset / MSIX_ENTRY_SIZE)); vector <= last; vector++) this.#sendIfPending(vector);
  }

  #readPending(offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; i++) value += (this.#pending[offset + i] ?? 0xff) * 2 ** (8 * i);
    return value;
  }

  /** Entries zero and masked, nothing pending. [PCI 3.0 §6.8.2.9] */
  #reset(): void {
    this.#pending.fill(0);
    for (let at = 0; at < this.tableSize; at++) this.#table.setUint8(at, 0);
    for (let vector = 0; vector < this.vectors; vector++) this.#table.setUint32(MSIX_ENTRY_SIZE * vector + 12, MSIX_VECTOR_MASK, true);
  }
}
