/** This emulator as it was measured. `pnpm bench exits` measures again; a list of your own goes into a file. */
import type { CostProfile } from './cost-profile.ts';

export const EMULATOR: CostProfile = {
  name: 'emulator',
  title: 'This emulator, as measured',
  sources: [
    'measured, 2-core AMD EPYC, Node 24.21, 2026-11-23, `pnpm bench exits`: port 275 ns, MMIO 69, hypercall 58, MSR 76; a copied byte 0.019 ns (warm), a hand-over between two threads 2,090 ns',
    'derived: the end of an interrupt is an MMIO access and the local APIC’s work, 120 ns; an interrupt window is a flag that is looked at when IF changes, 20; no processor has to be kicked, the next boundary sees to it, 100',
    'derived: 512 ns for a system call of a Linux guest, both ways: 250 for injection and as much for the guest’s gate and IRET; a wait in HLT is a turn of the host’s event loop, 2,000',
    'measured, same machine, `paravirt lab` with Linux 6.1, host.json: 97 to 109 µs of CPU for a frame of a stream both ways, translating included, 260 to 310 µs for one of a request or its answer; taken: 80,000 ns for a frame and 10 ns for a byte of it. An instruction at 400 million a second: 2.5 ns',
    'assumed: 1,000 ns of the host for a frame; its own system calls are those of Node and not counted',
  ],
  exits: { port: 275, mmio: 69, hypercall: 58, msr: 76, halt: 2000, endOfInterrupt: 120, interruptWindow: 20, kick: 100 },
  userExit: 0,
  injection: 250,
  interruptEntry: 250,
  posted: false,
  handOver: 2090,
  wake: 500,
  guestWake: 2000,
  copiedByte: 0.019,
  hostFrame: 1000,
  userFrame: 0,
  guestFrame: 80_000,
  guestByte: 10,
  instruction: 2.5,
  wire: { bitsPerSecond: 1_000_000_000, latency: 1000, moderation: 0 },
};
