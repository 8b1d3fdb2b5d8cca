/**
 * A point of the matrix: one card set-up, one workload, one driver, one price list. A point is plain data, so that it can be written to a
 * file or sent to another machine, and what it measures depends on nothing else.
 */

/** Which card, where, and how it and its driver notify each other. Every word is an option of the machine, too. */
export interface CardSetup {
  readonly model: 'virtio-net' | 'venet';
  readonly bus: 'pci' | 'vbus';
  /** How a vbus is reached: behind its PCI bridge, or by hypercalls. */
  readonly wire?: 'pci' | 'hypercall';
  /** `msix-shared`: all queues on one vector. `vector`: put into the local APIC directly, on the wire `hypercall`. */
  readonly interrupts: 'msix' | 'msix-shared' | 'msi' | 'intx' | 'vector';
  readonly doorbell: 'mmio' | 'port' | 'hypercall';
  /** What keeps either side from being told what it knows. virtio over vbus with `flags` or `event-idx` has the shm_signal below it. */
  readonly suppression: 'none' | 'flags' | 'event-idx' | 'shm-signal';
  /** As `parseMitigation` of @paravirt/bus reads it. */
  readonly mitigation: string;
  /** Where the data path runs: in the exit, on the event loop, in a thread of its own. */
  readonly place: 'inline' | 'deferred' | 'worker';
  /** On a vbus: one interrupt for what all signals have to say. */
  readonly aggregation: boolean;
}

/** Bytes are those of frames or payloads as each says; every number is a positive integer. */
export type Workload =
  /** A TCP-like stream: `bytes` of payload each way, in frames of at most `frame` bytes, acknowledged within a window. */
  | { readonly kind: 'bulk'; readonly direction: 'down' | 'up' | 'both'; readonly bytes: number; readonly frame: number }
  /** Small packets as fast as they go: `count` each way, payloads of `size` bytes. */
  | { readonly kind: 'packets'; readonly direction: 'down' | 'up' | 'both'; readonly count: number; readonly size: number }
  /** `count` requests and answers of `size` bytes, one after another; the guest asks. */
  | { readonly kind: 'request-response'; readonly count: number; readonly size: number }
  /** As request-response, but the peer asks and the guest sleeps `interval` ns in between. */
  | { readonly kind: 'ping'; readonly count: number; readonly interval: number }
  | { readonly kind: 'hotplug'; readonly cycles: number }
  /** What it takes until the driver is ready. */
  | { readonly kind: 'probe' };

export interface Point {
  /** `model`: the TypeScript driver sides, without a CPU. `linux`: a Linux guest in the machine. */
  readonly driver: 'model' | 'linux';
  readonly card: CardSetup;
  /** Cards of that kind at once, 1 to 8; the workload runs on each. */
  readonly cards: number;
  readonly workload: Workload;
  /** Name of a cost profile. */
  readonly profile: string;
  /** Of the wire, in bits per second. Default: that of the profile. */
  readonly wire?: number;
}

/** One line that names a point and nothing else: equal points have equal names. */
export function pointName({ driver, card, cards, workload, profile, wire }: Point): string {
  const where = card.bus === 'pci' ? 'pci' : `vbus:${card.wire ?? 'pci'}`;
  const options = [card.interrupts, card.doorbell, card.suppression, card.mitigation, card.place];
  if (card.bus === 'vbus' && !card.aggregation) options.push('no-aggregation');
  return [
    driver,
    `${card.model}@${where}`,
    options.join(','),
    `x${cards}`,
    workloadName(workload),
    wire === undefined ? profile : `${profile}@${wire}`,
  ].join(' ');
}

export function workloadName(workload: Workload): string {
  switch (workload.kind) {
    case 'bulk':
      return `bulk-${workload.direction}:${workload.bytes}:${workload.frame}`;
    case 'packets':
      return `packets-${workload.direction}:${workload.count}:${workload.size}`;
    case 'request-response':
      return `request-response:${workload.count}:${workload.size}`;
    case 'ping':
      return `ping:${workload.count}:${workload.interval}`;
    case 'hotplug':
      return `hotplug:${workload.cycles}`;
    case 'probe':
      return 'probe';
  }
}
