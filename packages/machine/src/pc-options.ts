/** What a PC is made of, and the checks that need no machine. */
import { type Clock, ConfigurationError, type RingEvent, type TraceSink } from '@paravirt/bus';
import type { EthernetPort } from '@paravirt/net-backend';
import type { NetWorker } from '@paravirt/virtio/worker';
import type { EngineName } from '@paravirt/x86-core';
import { busOf, type CardOptions, type CardPosition, checkCard, checkVbus, type VbusOptions } from './card-options.ts';
import type { Host } from './host.ts';
import { RAM_HOLE } from './memory-map.ts';
import { checkRate } from './prices.ts';
import type { Wire } from './virtual-bus.ts';

export interface PcOptions {
  /** Bytes of RAM: 16 MiB to 3584 MiB, a multiple of 1 MiB. */
  readonly memory: number;
  readonly boot: KernelBoot | BiosBoot;
  readonly nets?: readonly NetOptions[];
  /** Wires to a vbus that the machine has beside those that its cards need: devices may come later. */
  readonly vbus?: readonly Wire[];
  /** Of the connectors of those wires. */
  readonly vbusOptions?: VbusOptions;
  /** Told of every step of every buffer and signal of the cards; rings are called `net0.rx`, `net0.tx` and so on. */
  readonly ringTrace?: TraceSink<RingEvent>;
  /** Makes what a network device is connected to that an administrator makes by name (`pc.vbus`); undefined: it cannot be made. */
  readonly plug?: (name: string) => NetOptions | undefined;
  /**
   * Something outside may act on the machine while the guest waits, so that waiting takes real time in the deterministic mode, too. False:
   * whatever the machine is connected to is in this process and on the machine's clock. Default: true with a network card, else false.
   */
  readonly attended?: boolean;
  /**
   * RAM is in a SharedArrayBuffer, so that cards with place `worker` can come later; not in the deterministic mode. Default: if one of `nets`
   * has that place.
   */
  readonly sharedMemory?: boolean;
  /** Port of an exit device, 4 ports wide: a byte written there ends the run. */
  readonly exitPort?: number;
  /** Default: that of `Cpu`. */
  readonly engine?: EngineName;
  /** As the option of `Cpu`. */
  readonly observe?: boolean;
  /** What bytes do that are no instruction of the CPU: raise #UD (the default), or end the run with `unsupported`. */
  readonly unknownOpcodes?: 'fault' | 'stop';
  /** Default: `{ mode: 'host' }`. */
  readonly time?: TimeOptions;
  /** Default: that of Node or the browser. */
  readonly host?: Host;
}

/** A Linux bzImage or a multiboot image, started without firmware. The files are kept, not copied. */
export interface KernelBoot {
  readonly kernel: Uint8Array;
  readonly initrd?: Uint8Array;
  readonly commandLine?: string;
  /** What a multiboot kernel finds in front of its command line, as GRUB and QEMU put it there. Default: nothing. */
  readonly kernelName?: string;
}

/** A firmware ROM, 1 byte to 16 MiB: ends at 4 GiB, starts at the reset vector. */
export interface BiosBoot {
  readonly bios: Uint8Array;
}

/** A network card: virtio-net in a PCI slot of its own, or a device of a vbus. */
export interface NetOptions extends CardPosition, CardOptions {
  /** Makes what is at the other end of the cable; its timers are the machine's clock. Called once, in `createPc`. Not with place `worker`. */
  readonly connect?: (clock: Clock) => EthernetPort;
  /** With place `worker`: starts the thread of the data path, which makes what is at the other end of the cable itself. */
  readonly worker?: NetWorker;
  /** Six bytes. Default: 52:54:00:12:34:56 for the first card, counted up for others. */
  readonly mac?: Uint8Array;
  /** In bytes; told to the guest if given. */
  readonly mtu?: number;
  /** The card is gone, and nobody uses the port any more: not at the end of a run, but when it was removed from the machine. */
  readonly disconnect?: () => void;
}

export type TimeOptions =
  | {
      /** Virtual time follows the host's. */
      readonly mode: 'host';
      /** Time of day at the start: ms since 1970, UTC. Default: the host's. */
      readonly startMs?: number;
    }
  | {
      /** Virtual time is a count of instructions: two runs with the same input are the same. */
      readonly mode: 'deterministic';
      /** Default: 10, 100 million instructions a second. */
      readonly nsPerInstruction?: number;
      /** Default: `DETERMINISTIC_START_MS`. */
      readonly startMs?: number;
    };

/** Time of day at the start of a deterministic run if none is given: 1 January 2024. */
export const DETERMINISTIC_START_MS: number = Date.UTC(2024, 0, 1);

const MIB = 2 ** 20;
export const MEMORY_MIN: number = 16 * MIB;
/** Guest RAM and the CPU's tables share one WebAssembly memory of at most 4 GiB. */
export const MEMORY_MAX: number = 3584 * MIB;
/** Slots 1 to 31 of the bus can have a card. */
export const NETS_MAX = 8;

/** The default MAC address of a card, counted from 0: the range that QEMU's users know. */
export function defaultMac(index: number): Uint8Array<ArrayBuffer> {
  const number = 0x12_3456 + index;
  return Uint8Array.of(0x52, 0x54, 0x00, number >>> 16, number >>> 8, number);
}

/** @throws ConfigurationError `memory-too-small`, `memory-too-large`, `memory-size`, `bad-rate`, `too-many-nets`, `bad-port`, `not-deterministic`, those of `checkCard` and `checkVbus`. */
export function checkOptions(options: PcOptions): void {
  const { memory, time, nets = [], exitPort } = options;
  if (!(memory >= MEMORY_MIN))
    throw new ConfigurationError('memory-too-small', `${memory / MIB} MiB of memory are too little, 16 MiB the least`, memory);
  if (memory > MEMORY_MAX)
    throw new ConfigurationError(
      'memory-too-large',
      `${memory / MIB} MiB of memory are too much, ${MEMORY_MAX / MIB} MiB the most`,
      memory,
    );
  if (memory % MIB !== 0) throw new ConfigurationError('memory-size', `${memory} bytes of memory are no multiple of 1 MiB`, memory);
  if (time?.mode === 'deterministic' && time.nsPerInstruction !== undefined) checkRate(time.nsPerInstruction);
  if (nets.length > NETS_MAX)
    throw new ConfigurationError('too-many-nets', `${nets.length} network cards; ${NETS_MAX} the most`, nets.length);
  for (const net of nets) checkCard(net);
  if (sharesMemory(options) && time?.mode === 'deterministic')
    throw new ConfigurationError('not-deterministic', 'threads on the memory of the guest have no place in a deterministic run', time.mode);
  if (options.vbusOptions !== undefined) checkVbus(options.vbusOptions, wiresOf(options));
  if (exitPort !== undefined && !(Number.isInteger(exitPort) && exitPort >= 0 && exitPort <= 0xfffc))
    throw new ConfigurationError('bad-port', `exit port ${exitPort} is not within 0 to 0xfffc`, exitPort);
}

/** Whether RAM is shared with other threads. */
export const sharesMemory = ({ sharedMemory, nets = [] }: PcOptions): boolean =>
  sharedMemory ?? nets.some(({ place }) => place === 'worker');

/** The wires to a vbus that a machine has. */
export function wiresOf({ nets = [], vbus = [] }: PcOptions): Wire[] {
  const used = nets.flatMap((net) => (busOf(net) === 'vbus' ? [net.wire ?? 'pci'] : []));
  return [...new Set([...vbus, ...used])];
}

/** How RAM is split around the hole below 4 GiB, in bytes. */
export function splitMemory(memory: number): { readonly below4G: number; readonly above4G: number } {
  const below4G = Math.min(memory, RAM_HOLE);
  return { below4G, above4G: memory - below4G };
}
