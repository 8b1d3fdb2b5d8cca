/**
 * What leaving the guest costs on this emulator, kind by kind: a loop with the one instruction in it against the same loop without, on a CPU
 * with handlers that do nothing. From these come the prices of the lab's profile `emulator`.
 */
import { Worker } from 'node:worker_threads';
import { AddressSpace, Ram } from '@paravirt/bus';
import type { CpuOptions } from '@paravirt/x86-core';
import { bareCpu } from './bare-cpu.ts';
import type { Figure } from './figure.ts';

const PORT = 0x40;
const DEVICE = 0xf000_0000;
const REGISTER = 0x4000_0000;
const WARM_UP = 2_000_000;
const ROUNDS = 1_000_000;
const TURNS = 7;

const dword = (value: number): readonly number[] => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24];

interface Exit {
  readonly name: string;
  /** Before the loop, and in it. */
  readonly prepare: readonly number[];
  readonly once: readonly number[];
}

const EXITS: readonly Exit[] = [
  { name: 'nothing', prepare: [], once: [] },
  { name: 'port (OUT)', prepare: [0xba, ...dword(PORT)], once: [0xef] },
  { name: 'port (OUTSD)', prepare: [0xba, ...dword(PORT), 0xbe, ...dword(0x1_0000)], once: [0x6f, 0x83, 0xee, 0x04] },
  { name: 'mmio (MOV)', prepare: [0xbf, ...dword(DEVICE)], once: [0x89, 0x07] },
  { name: 'hypercall (VMCALL)', prepare: [], once: [0x0f, 0x01, 0xc1] },
  { name: 'msr (WRMSR)', prepare: [0xb9, ...dword(REGISTER), 0x31, 0xd2], once: [0x0f, 0x30] },
];

/** Nanoseconds of one round; the counter of rounds is in EBP, and the loop goes on for ever. */
function roundOf({ prepare, once }: Exit): number {
  // dec ebp; jmp back over everything since `once`.
  const code = [...prepare, ...once, 0x4d, 0xeb, (0xfd - once.length) & 0xff];
  const ports = new AddressSpace('ports', 0x1_0000);
  const mmio = new AddressSpace('mmio', 2 ** 40);
  const nothing = { read: (): number => 0, write: (): void => {} };
  ports.map('device', PORT, 4, nothing);
  mmio.map('device', DEVICE, 4, nothing);
  const environment = {
    ports,
    mmio,
    hypercalls: { call: (): void => {} },
    msrs: new Map([[REGISTER, { read: (): bigint => 0n, write: (): boolean => true }]]),
  } satisfies Partial<CpuOptions>;
  const cpu = bareCpu({ mode: 'protected', engine: 'translator', code, environment });
  const instructions = 2 + (once.length === 0 ? 0 : once[0] === 0x6f ? 2 : 1);
  const run = (rounds: number): number => {
    const start = performance.now();
    for (let left = rounds * instructions; left > 0; left -= 500_000)
      if (cpu.run(Math.min(left, 500_000)).kind !== 'budget') return Number.NaN;
    return ((performance.now() - start) * 1e6) / rounds;
  };
  run(WARM_UP);
  return median(Array.from({ length: TURNS }, () => run(ROUNDS)));
}

export async function* exitFigures(): AsyncIterable<readonly Figure[]> {
  const [nothing = Number.NaN, ...rounds] = EXITS.map(roundOf);
  yield EXITS.slice(1).map(({ name }, i) => ({ name: `exit: ${name}`, value: (rounds[i] ?? Number.NaN) - nothing, unit: 'ns' }));
  yield [{ name: 'copy of a frame', value: copiedByte(), unit: 'ns/byte' }];
  yield [{ name: 'hand-over to a thread', value: await handOver(), unit: 'ns' }];
}

const FRAME = 1514;
const COPIES = 200_000;

/** Out of the guest's memory and in again, as a card does. */
function copiedByte(): number {
  const ram = new Ram(new ArrayBuffer(16 << 20));
  const frame = new Uint8Array(FRAME);
  const turn = (): number => {
    const start = performance.now();
    for (let i = 0; i < COPIES; i++) {
      const at = (i * 4096) & 0xff_0000;
      ram.read(at, frame);
      ram.write(at + 2048, frame);
    }
    return ((performance.now() - start) * 1e6) / (2 * COPIES * FRAME);
  };
  turn();
  return median(Array.from({ length: TURNS }, turn));
}

const HAND_OVERS = 20_000;
const ECHO = `
  const { workerData, parentPort } = require('node:worker_threads');
  const words = new Int32Array(workerData);
  parentPort.postMessage('ready');
  for (let i = 1; ; i++) {
    while (Atomics.load(words, 0) < i) Atomics.wait(words, 0, i - 1);
    Atomics.store(words, 1, i);
    Atomics.notify(words, 1);
    if (i >= ${HAND_OVERS}) break;
  }
`;

/** Half of a round trip between two threads that sleep until they are woken. */
async function handOver(): Promise<number> {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(ECHO, { eval: true, workerData: words.buffer });
  await new Promise((resolve) => worker.once('message', resolve));
  const start = performance.now();
  for (let i = 1; i <= HAND_OVERS; i++) {
    Atomics.store(words, 0, i);
    Atomics.notify(words, 0);
    while (Atomics.load(words, 1) < i) Atomics.wait(words, 1, i - 1);
  }
  const elapsed = performance.now() - start;
  await worker.terminate();
  return (elapsed * 1e6) / HAND_OVERS / 2;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
