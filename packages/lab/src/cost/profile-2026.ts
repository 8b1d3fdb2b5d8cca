/** A server of 2026: fast world switches, posted interrupts, doorbells by ioeventfd, ten-gigabit Ethernet. */
import type { CostProfile } from './cost-profile.ts';

export const YEAR_2026: CostProfile = {
  name: '2026',
  title: '2026: posted interrupts, fast MMIO, 25-gigabit Ethernet',
  sources: [
    'assumed: 400 ns for an exit answered in the kernel; a fast-MMIO doorbell costs what a port does ("essentially as fast", M. Tsirkin, KVM commit 68c3b4d1: published, without a figure)',
    'assumed: a network card that moderates adaptively, 8 µs between interrupts',
    'assumed: everything else; posted interrupts need neither kicks nor interrupt windows nor ends of interrupts of edge-triggered vectors [SDM 3C, posted-interrupt processing]',
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
