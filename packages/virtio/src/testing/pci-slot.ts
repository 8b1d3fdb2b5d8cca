/**
 * A slot with one function and nothing around it: guest memory, the spaces its ranges are placed in, and records of its interrupts.
 */
import { AddressSpace, type GuestMemory, Ram, RecordingLine } from '@paravirt/bus';
import type { PciFunction } from '@paravirt/pci';

/** A message-signalled interrupt. */
export interface SentMessage {
  readonly address: bigint;
  readonly data: number;
}

export class PciSlot {
  readonly function: PciFunction;
  readonly memory: GuestMemory;
  /** Physical addresses that are not RAM. */
  readonly mmio: AddressSpace = new AddressSpace('mmio', 2 ** 40);
  readonly ports: AddressSpace = new AddressSpace('ports', 0x1_0000);
  readonly intx: RecordingLine = new RecordingLine();
  readonly messages: SentMessage[] = [];

  /** Default memory: 4 MiB. */
  constructor(pciFunction: PciFunction, memory: GuestMemory = new Ram(new ArrayBuffer(4 << 20))) {
    this.function = pciFunction;
    this.memory = memory;
    pciFunction.attach({
      memory: this.mmio,
      ports: this.ports,
      dma: memory,
      intx: this.intx,
      messages: { signal: (address, data) => void this.messages.push({ address, data }) },
    });
  }
}
