import { describe, expect, it } from 'vitest';
import { asJson, asText, type Statistics } from './statistics.ts';

const STATISTICS: Statistics = {
  instructions: 2_000_000_000,
  virtualSeconds: 20,
  exits: { port: 3000, mmio: 101, hypercall: 0, msr: 70, halt: 5, endOfInterrupt: 200, interruptWindow: 12, total: 3388 },
  ports: [{ device: 'COM1', reads: 1000, writes: 2000 }],
  mmio: [{ device: 'local APIC', reads: 1, writes: 300 }],
  msrs: [{ device: 'IA32_TSC_DEADLINE', reads: 0, writes: 70 }],
  halts: 5,
  vectors: [
    { name: '0x22', count: 300 },
    { name: '0x30', count: 100 },
  ],
  sources: [
    { name: 'local APIC timer', count: 300 },
    { name: 'IOAPIC 4, COM1', count: 100 },
  ],
  interrupts: 400,
  resets: 0,
  cards: [
    {
      card: 'net0',
      model: 'venet',
      bus: 'vbus',
      wire: 'hypercall',
      options: { suppression: 'shm-signal', mitigation: 'packets:8:100us', place: 'deferred' },
      frames: { transmitted: 3, received: 5 },
      bytes: { transmitted: 180, received: 5000 },
      copiedBytes: { transmitted: 180, received: 7048 },
      exits: 2,
      doorbells: { rung: 2, spurious: 0, saved: 6 },
      signals: { sent: 6, suppressed: 2, held: 5 },
      interrupts: 4,
      perFrame: { exits: 0.25, doorbells: 0.25, interrupts: 0.5, copiedBytes: 903.5 },
    },
    {
      card: 'net1',
      model: 'virtio-net',
      bus: 'pci',
      options: { interrupts: 'msix', doorbell: 'mmio', suppression: 'event-idx', mitigation: 'none', place: 'inline' },
      frames: { transmitted: 0, received: 0 },
      bytes: { transmitted: 0, received: 0 },
      copiedBytes: { transmitted: 0, received: 0 },
      exits: 40,
      doorbells: { rung: 0, spurious: 0, saved: 0 },
      signals: { sent: 0, suppressed: 0, held: 0 },
      interrupts: 0,
      perFrame: undefined,
    },
  ],
  connectors: [
    {
      connector: 'vbus-hypercalls',
      bus: 'hypercall',
      wire: 'hypercall',
      bridgeCalls: 2,
      busCalls: 12,
      kicks: 1,
      doorbells: 2,
      events: 7,
      signals: 6,
      interrupts: 4,
      coalesced: { same: 1, other: 1 },
      signalsPerInterrupt: 1.5,
    },
  ],
  hostSeconds: 25,
  millionInstructionsPerSecond: 80,
  frames: [{ card: 'net0', transmittedFrames: 3, transmittedBytes: 180, receivedFrames: 4, receivedBytes: 4000 }],
  peakMemory: 600 * 2 ** 20,
  engine: {
    name: 'translator',
    handlers: 160,
    routines: 7100,
    invalidations: 12,
    drops: 0,
    instructions: { interpreter: 150_000_000, translator: 1_850_000_000 },
    regions: {
      alive: 4100,
      made: 4200,
      modules: 900,
      translatedInstructions: 160_000,
      codeBytes: 9_000_000,
      compileMilliseconds: 812.25,
      invalidations: 30,
    },
    exits: { goOn: 3_000_000, usedUp: 9000, interpret: 70_000 },
  },
};

describe('--stats', () => {
  it('is one line of JSON', () => {
    expect(asJson(STATISTICS)).toMatch(/^\{[^\n]*\}\n$/);
    expect(JSON.parse(asJson(STATISTICS))).toEqual(STATISTICS);
  });

  it('is a table for people', () => {
    expect(asText(STATISTICS)).toMatchInlineSnapshot(`
      "instructions                  2,000,000,000
      million instructions/s                 80.0
      host seconds                          25.00
      virtual seconds                       20.00
      peak memory, MiB                        600
      CPU exits, port                       3,000
      CPU exits, mmio                         101
      CPU exits, hypercall                      0
      CPU exits, msr                           70
      CPU exits, halt                           5
      CPU exits, end of interrupt             200
      CPU exits, interrupt window              12
      CPU exits, total                      3,388
      interrupts                              400
      interrupts, local APIC timer            300
      interrupts, IOAPIC 4, COM1              100
      interrupts, vector 0x22                 300
      interrupts, vector 0x30                 100
      resets                                    0
      engine                           translator
      handlers                                160
      routines                              7,100
      invalidations                            12
      drops                                     0
      instructions, interpreter       150,000,000
      instructions, translator      1,850,000,000
      regions, alive                        4,100
      regions, made                         4,200
      regions, modules                        900
      regions, translated instructions        160,000
      regions, code bytes               9,000,000
      regions, compile milliseconds          812.3
      regions, invalidations                   30
      exits, go on                      3,000,000
      exits, used up                        9,000
      exits, interpret                     70,000
      port COM1                             1,000 reads          2,000 writes
      memory local APIC                         1 reads            300 writes
      MSR IA32_TSC_DEADLINE                     0 reads             70 writes
      net0 frames sent                          3   180 bytes
      net0 frames received                      4   4,000 bytes
      net0: venet on vbus over hypercall
        options                    suppression=shm-signal, mitigation=packets:8:100us, place=deferred
        exits                      2
        doorbells                  2 rung, 0 spurious, 6 saved
        signals                    6 sent, 2 suppressed, 5 held
        interrupts                 4
        frames                     3 sent, 5 received
        bytes                      180 sent, 5,000 received
        bytes copied               180 sent, 7,048 received
        exits per frame            0.2500
        doorbells per frame        0.2500
        interrupts per frame       0.5000
        copied bytes per frame     904
      net1: virtio-net on pci
        options                    interrupts=msix, doorbell=mmio, suppression=event-idx, mitigation=none, place=inline
        exits                      40
        doorbells                  0 rung, 0 spurious, 0 saved
        signals                    0 sent, 0 suppressed, 0 held
        interrupts                 0
        frames                     0 sent, 0 received
        bytes                      0 sent, 0 received
        bytes copied               0 sent, 0 received
      vbus-hypercalls: bus hypercall
        calls                      2 bridge, 12 bus
        doorbells                  2 of devices, 1 of the event queue
        events                     7, 6 signals
        interrupts                 4
        coalesced                  1 signals of the same device, 1 of another
        signals per interrupt      1.50
      CPU exits per frame                     424
      interrupts per frame                  50.00
      "
    `);
  });
});
