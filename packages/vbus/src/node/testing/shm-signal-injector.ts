/**
 * The injecting side of the doorbell's stress (shm-signal-stress.test.ts), in a thread of its own. Round by round it publishes a number
 * and injects, and as soon as the other side has seen it, it goes on: that is when the other side is about to clear `pending`, or to
 * enable. A round in which the other side has looked around twice, found nothing to do and not seen the number is a lost wake-up.
 */
import { workerData } from 'node:worker_threads';
import { BufferRegion } from '../../shared-region.ts';
import { ShmSignal } from '../../shm-signal.ts';

/** Words of control memory. */
const PRODUCED = 0;
const CONSUMED = 1;
const RINGS = 2;
const IDLE = 3;
const LOST = 4;
const STOP = 5;

interface Setup {
  readonly control: SharedArrayBuffer;
  readonly shared: SharedArrayBuffer;
  readonly offset: number;
  readonly plain: boolean;
}

const { control: buffer, shared, offset, plain } = workerData as Setup;

/** Memory without the barriers: what a doorbell must not be built on. */
class PlainRegion extends BufferRegion {
  override loadU8(offset: number): number {
    return this.readU8(offset);
  }

  override storeU8(offset: number, value: number): void {
    this.writeU8(offset, value);
  }
}

const control = new Int32Array(buffer);
const signal = new ShmSignal({
  region: plain ? new PlainRegion(shared) : new BufferRegion(shared),
  offset,
  side: 'north',
  ring: () => void Atomics.add(control, RINGS, 1),
  defer: () => undefined,
});

for (let round = 1; Atomics.load(control, STOP) === 0; round++) {
  // So that the two sides meet in different places.
  for (let spin = round % 29; spin > 0; spin--) Atomics.load(control, STOP);
  Atomics.store(control, PRODUCED, round);
  signal.inject();
  const idle = Atomics.load(control, IDLE);
  while (Atomics.load(control, CONSUMED) !== round && Atomics.load(control, STOP) === 0) {
    if (((Atomics.load(control, IDLE) - idle) | 0) < 2 || Atomics.load(control, CONSUMED) === round) continue;
    Atomics.add(control, LOST, 1);
    Atomics.add(control, RINGS, 1);
    while (Atomics.load(control, CONSUMED) !== round && Atomics.load(control, STOP) === 0);
  }
}
