/** A server of 2026: fast world switches, posted interrupts, doorbells by ioeventfd, ten-gigabit Ethernet. */
import type { CostProfile } from './cost-profile.ts';

export const YEAR_2026: CostProfile = {
  name: '2026',
  title: '2026: posted interrupts, fast MMIO, 25-gigabit Ethernet',
  sources: [
    'published: 1,360 cycles for VMRUN and back and 2,528 with the ioctl KVM_RUN around it, an AMD processor, KVM of December 2020 (LKML, December 2020, on vmload and vmsave). Taken at 3.4 GHz: 400 ns for port, halt, kick and interruptWindow, and 350 of the 900 ns to user space; 550 more of it, for finding the device there, are assumed',
    'published: a doorbell in memory is "essentially as fast" as a port where nobody has to decode it (fast MMIO, M. Tsirkin, KVM commit 68c3b4d1, 2014), without a figure; assumed 20 ns more for MMIO, 20 less for hypercall and msr, which decode nothing',
    'published: posted interrupts need neither kicks nor interrupt windows, nor ends of interrupts of edge-triggered vectors [SDM 3C, "Posted-Interrupt Processing"]; the end of a level-triggered one leaves the guest [SDM 3C, "EOI Virtualization"]: assumed 500 ns with the I/O APIC',
    'assumed: posting an interrupt 100 ns, taking it in the guest 300',
    'assumed: a woken thread runs after 2,500 ns and costs its waker 500; a guest in HLT runs again after 3,000',
    'assumed: copying 0.08 ns a byte (12 GB/s); host 250 ns a frame, 500 more with system calls; guest 500 ns a frame and 0.1 ns a byte',
    'assumed: 25-gigabit Ethernet with 2 µs latency; a network card that moderates adaptively, 8 µs between interrupts',
  ],
  exits: { port: 400, mmio: 420, hypercall: 380, msr: 380, halt: 400, endOfInterrupt: 500, interruptWindow: 400, kick: 400 },
  userExit: 900,
  injection: 100,
  interruptEntry: 300,
  posted: true,
  handOver: 2500,
  wake: 500,
  guestWake: 3000,
  copiedByte: 0.08,
  hostFrame: 250,
  userFrame: 500,
  guestFrame: 500,
  guestByte: 0.1,
  instruction: 0.2,
  wire: { bitsPerSecond: 25_000_000_000, latency: 2000, moderation: 8000 },
};
