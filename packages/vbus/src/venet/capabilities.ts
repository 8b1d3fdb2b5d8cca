/**
 * What a driver and venet agree on, group by group. A group that was never negotiated is off, so a driver that knows nothing of
 * capabilities gets the flat device of 2009. [vbus PCI-2, venet NEGCAP]
 */
import type { PortOffloads } from '@paravirt/net-backend';
import { CAP_ECN, CAP_LINKSTATE, CAP_PMTD, CAP_SG, CAP_TSO4, CAP_TSO6, CAP_TXC, GROUP_EVENTQ, GROUP_L4RO, GROUP_SG } from './abi.ts';

/**
 * Which segmentation the driver is offered: `port`, what the port takes or gives; `software`, all (what the port does not do is done by
 * the device); `none`. Scatter-gather and its checksums are offered always, since neither needs the port.
 */
export type VenetOffloadPolicy = 'port' | 'software' | 'none';

const SEGMENTATION: number = CAP_TSO4 | CAP_TSO6 | CAP_ECN;

/** Bits of each group, index = group id. */
export type CapabilityGroups = readonly [sg: number, eventq: number, l4ro: number];

export function offeredCapabilities(offloads: PortOffloads | undefined, policy: VenetOffloadPolicy): CapabilityGroups {
  const transmit = policy === 'software' || (policy === 'port' && offloads?.segmentation === true);
  const receive = policy === 'software' || (policy === 'port' && offloads?.largeReceive === true);
  return [CAP_SG | CAP_PMTD | (transmit ? SEGMENTATION : 0), CAP_LINKSTATE | CAP_TXC, receive ? CAP_SG | SEGMENTATION : 0];
}

export class Capabilities {
  readonly #offered: CapabilityGroups;
  readonly #agreed: [number, number, number] = [0, 0, 0];

  constructor(offered: CapabilityGroups) {
    this.#offered = offered;
  }

  /** Answers NEGCAP: the bits that are agreed on from now on, 0 for a group that does not exist. The last call for a group counts. */
  negotiate(group: number, bits: number): number {
    if (group !== GROUP_SG && group !== GROUP_EVENTQ && group !== GROUP_L4RO) return 0;
    let agreed = bits & this.#offered[group];
    // All other bits of these groups say what a venet_sg may hold.
    if (group !== GROUP_EVENTQ && (agreed & CAP_SG) === 0) agreed = 0;
    this.#agreed[group] = agreed;
    return agreed;
  }

  /** Descriptors of the TX ring point to venet_sg. */
  get scatterGather(): boolean {
    return (this.#agreed[GROUP_SG] & CAP_SG) !== 0;
  }

  /** They lie in the pool of pre-mapped descriptors. */
  get preMapped(): boolean {
    return (this.#agreed[GROUP_SG] & CAP_PMTD) !== 0;
  }

  get linkState(): boolean {
    return (this.#agreed[GROUP_EVENTQ] & CAP_LINKSTATE) !== 0;
  }

  get transmitCompletion(): boolean {
    return (this.#agreed[GROUP_EVENTQ] & CAP_TXC) !== 0;
  }

  /** The driver has an event queue. */
  get events(): boolean {
    return this.#agreed[GROUP_EVENTQ] !== 0;
  }

  /** Descriptors of the RX ring point into the pool of L4RO. */
  get largeReceive(): boolean {
    return this.#agreed[GROUP_L4RO] !== 0;
  }

  /** True if large frames of this kind may be left to the device (`transmit`) or to the driver (`receive`). */
  segmentation(direction: 'transmit' | 'receive', kind: 'tcp4' | 'tcp6', ecn: boolean): boolean {
    const bits = this.#agreed[direction === 'transmit' ? GROUP_SG : GROUP_L4RO];
    return (bits & (kind === 'tcp4' ? CAP_TSO4 : CAP_TSO6)) !== 0 && (!ecn || (bits & CAP_ECN) !== 0);
  }
}
