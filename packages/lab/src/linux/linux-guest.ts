/**
 * The machine of a point with a Linux guest: cards of one set-up, each with a peer of its own, the lab's image, and deterministic time. Every
 * point has a boot of its own: what a first workload leaves behind (caches, timers, the time of day) would be seen by a second, and what a
 * point measures may not depend on which others ran.
 */
import { type Clock, ConfigurationError } from '@paravirt/bus';
import { createPc, defaultMac, type NetOptions, type Pc, type Prices } from '@paravirt/machine';
import type { EthernetPort } from '@paravirt/net-backend';
import type { CostProfile } from '../cost/cost-profile.ts';
import type { Point } from '../point.ts';
import type { LabContext, RunTrace } from '../run-point.ts';
import { type Counts, countsOf } from './counts.ts';
import { GuestRun } from './guest-run.ts';
import { machinePrices } from './machine-prices.ts';
import { MARK_PORT } from './marks.ts';
import { Peer } from './peer.ts';
import { machineSetup } from './set-up.ts';

/** A kernel and an initramfs as `paravirt image debian` makes them. The files are kept, not copied. */
export interface GuestImage {
  readonly kernel: Uint8Array;
  readonly initrd: Uint8Array;
  /** For people: packages and versions. */
  readonly name: string;
}

/** No IPv6: it would send on its own account. */
const COMMAND_LINE = [
  'console=ttyS0 quiet mitigations=off cryptomgr.notests tsc=reliable random.trust_cpu=on ipv6.disable=1',
  'paravirt.do=shell',
].join(' ');
const MEMORY = 256 << 20;
/** An Ethernet frame of an IP packet of 1500 bytes; what is longer is left to be segmented. */
const LONG_FRAME = 1514;
const ETHERNET_HEADER = 14;

export interface GuestOptions {
  readonly point: Point;
  readonly profile: CostProfile;
  readonly image: GuestImage;
  /** Cards that are there from the beginning. */
  readonly cards: number;
  /** Default: that of the machine. */
  readonly engine?: 'interpreter' | 'translator' | undefined;
  readonly trace?: LabContext['trace'];
  readonly onWorkload?: LabContext['onWorkload'];
}

export class LinuxGuest {
  readonly run: GuestRun;
  readonly pc: Pc;
  /** In the order of the cards. */
  readonly peers: readonly Peer[];
  readonly #prices: Prices;
  readonly #options: GuestOptions;
  readonly #trace: RunTrace | undefined;
  #measuring = false;

  private constructor(options: GuestOptions) {
    const { point, profile, image, engine } = options;
    this.#trace = options.trace?.(() => this.pc.clock.now());
    const setup = machineSetup(point.card);
    this.#options = options;
    this.#prices = machinePrices(profile, point.card);
    const peers: Peer[] = [];
    const nets = Array.from({ length: options.cards }, (_, index): NetOptions => {
      const mac = defaultMac(index);
      return {
        ...setup.net,
        mac,
        ...mtuOf(point),
        connect: (clock) => this.#watched(index, (peers[index] = this.#peer(clock, index, mac))),
      };
    });
    this.pc = createPc({
      memory: MEMORY,
      boot: { kernel: image.kernel, initrd: image.initrd, commandLine: COMMAND_LINE },
      nets,
      ...setup.options,
      time: { mode: 'deterministic' },
      attended: false,
      exitPort: MARK_PORT,
      ...(this.#trace === undefined ? {} : { ringTrace: this.#tracer(this.#trace.sink) }),
      ...(engine === undefined ? {} : { engine }),
    });
    this.peers = peers;
    this.run = new GuestRun(this.pc);
  }

  /** Boots up to the shell. @throws GuestFailure, ConfigurationError */
  static async boot(options: GuestOptions): Promise<LinuxGuest> {
    const guest = new LinuxGuest(options);
    await guest.run.untilOutput(/paravirt: shell.*# /s);
    return guest;
  }

  /** Options of a card that comes later, with a peer of its own. */
  hotCard(disconnect: () => void): NetOptions {
    const { point } = this.#options;
    const mac = defaultMac(0);
    return {
      ...machineSetup(point.card).net,
      mac,
      disconnect,
      connect: (clock) => this.#peer(clock, 0, mac).port,
    };
  }

  /** A workload begins: from now on everything has its price. */
  begin(): Counts {
    for (const { wire } of this.peers) wire.restart();
    this.pc.prices = this.#prices;
    this.#measuring = true;
    this.#options.onWorkload?.('begins');
    return this.counts();
  }

  /** The workload has ended, what follows is free. */
  end(): Counts {
    this.#options.onWorkload?.('ends');
    const counts = this.counts();
    this.pc.prices = undefined;
    this.#measuring = false;
    return counts;
  }

  counts(): Counts {
    return countsOf(this.pc, this.#prices, this.#options.profile);
  }

  /** Virtual ns from the first bit on a wire since the beginning to the last arrival; undefined if nothing was sent. */
  get elapsed(): number | undefined {
    const first = Math.min(...this.peers.map(({ wire }) => wire.first ?? Number.POSITIVE_INFINITY));
    const last = Math.max(...this.peers.map(({ wire }) => wire.last ?? Number.NEGATIVE_INFINITY));
    return last >= first ? last - first : undefined;
  }

  /** What happens outside of workloads is left out. */
  #tracer(sink: RunTrace['sink']): RunTrace['sink'] {
    return (event) => {
      if (this.#measuring) sink(event);
    };
  }

  /** The machine calls its cards by number. */
  #watched(index: number, { port }: Peer): EthernetPort {
    return this.#trace?.watch(`net${index}`, port) ?? port;
  }

  #peer(clock: Clock, index: number, mac: Uint8Array): Peer {
    const { point, profile } = this.#options;
    const { workload } = point;
    return new Peer({
      clock,
      index,
      mac,
      mtu: mtuOf(point).mtu ?? LONG_FRAME - ETHERNET_HEADER,
      bitsPerSecond: point.wire ?? profile.wire.bitsPerSecond,
      latency: profile.wire.latency,
      moderation: profile.wire.moderation,
      largeFrames: workload.kind === 'bulk' && workload.frame > LONG_FRAME,
    });
  }
}

/** The guest is told of an MTU only if it is not Ethernet's. */
function mtuOf({ workload }: Point): { readonly mtu?: number } {
  return workload.kind === 'bulk' && workload.frame < LONG_FRAME ? { mtu: workload.frame - ETHERNET_HEADER } : {};
}

/** @throws ConfigurationError `no-image` */
export function imageOf(images: ReadonlyMap<string, GuestImage> | undefined): GuestImage {
  const image = images?.get('x86_64') ?? images?.get('i686');
  if (image === undefined) throw new ConfigurationError('no-image', 'a Linux guest needs an image: paravirt image debian', undefined);
  return image;
}
