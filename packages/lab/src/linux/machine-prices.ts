/**
 * A cost profile as prices of the machine. What the guest does costs its instructions, so the profile's prices for the guest (interrupt entry,
 * a frame, a byte) are not used: a real guest does them.
 *
 *   - Guest and host share the one processor, inline and deferred: what the host does for a frame is paid for by the clock of both.
 *   - The machine has no `kick`: a device that signals a running guest does it between two instructions, and the interrupt is there.
 *   - With posted interrupts neither their arrival nor the end of an edge makes an exit. The end of a level does; they are not told apart
 *     here, so that with INTx the machine is a little too cheap.
 */
import type { Prices } from '@paravirt/machine';
import type { CostProfile } from '../cost/cost-profile.ts';
import type { CardSetup } from '../point.ts';

export function machinePrices(profile: CostProfile, { place }: Pick<CardSetup, 'place'>): Prices {
  const { port, mmio, hypercall, msr, halt, endOfInterrupt, interruptWindow } = profile.exits;
  const { posted } = profile;
  return {
    exits: {
      port,
      mmio,
      hypercall,
      msr,
      halt: halt + profile.guestWake,
      endOfInterrupt: posted ? 0 : endOfInterrupt,
      interruptWindow: posted ? 0 : interruptWindow,
    },
    userExit: profile.userExit,
    injection: profile.injection,
    copiedByte: profile.copiedByte,
    frame: profile.hostFrame + (place === 'inline' ? 0 : profile.userFrame),
    handOver: profile.handOver,
    nsPerInstruction: profile.instruction,
  };
}
