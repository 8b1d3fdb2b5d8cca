/**
 * A server of 2009: Xeon X5570 (Nehalem-EP, 2.93 GHz, EPT, no APICv), KVM of 2.6.30 to 2.6.34, gigabit Ethernet. The anchor is the direct cost of
 * an exit that SplitX published for this processor; the rest is put around it as the lines say.
 */
import type { CostProfile } from './cost-profile.ts';

export const YEAR_2009: CostProfile = {
  name: '2009',
  title: '2009: Xeon X5570, KVM without posted interrupts, gigabit Ethernet',
  sources: [
    'published: 2,000 cycles for an exit, KVM 2.6.34 on a Xeon X5570 at 2.93 GHz (SplitX): 683 ns, taken for port, msr, halt, kick, interruptWindow',
    'published: hypercall and port cost the same (A. Kivity, 3 April 2009); remembered, not found again: a port access 140 ns, MMIO 350 ns dearer than a hypercall on G. Haskins’s machine. Taken: the hypercall as the port less 140, MMIO 350 above the hypercall',
    'derived: the end of an interrupt is a write to the local APIC’s page, decoded as MMIO is: its price',
    'assumed: to user space and back 1,500 ns (two system call borders, the heavy part of the world switch: FPU, MSRs, signal checks)',
    'assumed: injection 300 ns, interrupt entry in the guest 500 ns (gate, handler, IRET, softirq)',
    'assumed: a woken thread runs after 5,000 ns and costs its waker 1,000; a guest in HLT runs again after 6,000 ns',
    'assumed: copying 0.25 ns a byte (4 GB/s, cold); host 800 ns a frame, 1,600 more with system calls; guest 1,500 ns a frame and 0.35 ns a byte',
    'published: a gigabit card moderates its interrupts to 20,000 a second by default (e1000e, InterruptThrottleRate 3; 4,000 for long bulk streams): 50,000 ns',
    'cross-check, published: 36,000 exits/s for venet, 65,000 for virtio-net in user space at 940 Mb/s (G. Haskins, 30 September 2009)',
  ],
  exits: { port: 683, mmio: 893, hypercall: 543, msr: 683, halt: 683, endOfInterrupt: 893, interruptWindow: 683, kick: 683 },
  userExit: 1500,
  injection: 300,
  interruptEntry: 500,
  posted: false,
  handOver: 5000,
  wake: 1000,
  guestWake: 6000,
  copiedByte: 0.25,
  hostFrame: 800,
  userFrame: 1600,
  guestFrame: 1500,
  guestByte: 0.35,
  instruction: 0.5,
  wire: { bitsPerSecond: 1_000_000_000, latency: 5000, moderation: 50_000 },
};
