/** This emulator as it was measured. */
import type { CostProfile } from './cost-profile.ts';

export const EMULATOR: CostProfile = {
  name: 'emulator',
  title: 'This emulator, as measured',
  sources: ['assumed until measured'],
  exits: { port: 300, mmio: 350, hypercall: 450, msr: 300, halt: 500, endOfInterrupt: 300, interruptWindow: 500, kick: 300 },
  userExit: 0,
  injection: 200,
  interruptEntry: 800,
  posted: false,
  handOver: 20_000,
  wake: 2000,
  guestWake: 2000,
  copiedByte: 0.2,
  hostFrame: 1000,
  userFrame: 0,
  guestFrame: 20_000,
  guestByte: 2,
  instruction: 12,
  wire: { bitsPerSecond: 1_000_000_000, latency: 1000, moderation: 0 },
};
