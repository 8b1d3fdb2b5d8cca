/** Both sides of one ring over one memory: what a test of the ring needs. */
import { Ram } from '@paravirt/bus';
import type { DescriptorChain } from '../queue/chain.ts';
import { type QueueFault, SplitQueue, type SplitQueueOptions } from '../queue/split.ts';
import { GuestArena } from './guest-arena.ts';
import { type RawDescriptor, SplitRingDriver } from './split-ring-driver.ts';

/** Memory that counts reads of 16 and 32 bits, and lets a test act before one. */
export class WatchedRam extends Ram {
  reads = 0;
  before: ((address: number) => void) | undefined = undefined;

  override readU16(address: number): number {
    this.reads++;
    this.before?.(address);
    return super.readU16(address);
  }

  override readU32(address: number): number {
    this.reads++;
    this.before?.(address);
    return super.readU32(address);
  }
}

export interface RingRigOptions extends Pick<SplitQueueOptions, 'indirect' | 'suppression' | 'ringTrace' | 'name'> {
  /** Default 8. */
  readonly size?: number;
  /** At least 1 MiB, which is the default. */
  readonly memory?: WatchedRam;
}

export class RingRig {
  readonly memory: WatchedRam;
  readonly size: number;
  readonly driver: SplitRingDriver;
  readonly queue: SplitQueue;
  /** What the queue reported. */
  readonly faults: QueueFault[] = [];

  /** The rings lie below 0x80000; above it memory is free for buffers. */
  constructor(options: RingRigOptions = {}) {
    const { size = 8, memory = new WatchedRam(new ArrayBuffer(1 << 20)), indirect = false, suppression = 'flags', ...rest } = options;
    this.size = size;
    this.memory = memory;
    this.driver = new SplitRingDriver({ memory, arena: new GuestArena(0x1000, 0x80000), size, eventIndex: suppression === 'event-idx' });
    this.queue = new SplitQueue(memory, this.driver.layout, {
      ...rest,
      indirect,
      suppression,
      onFault: (fault) => void this.faults.push(fault),
    });
  }

  /** Writes descriptors from 0 on (default: 16 bytes at 0x80000), offers `head`, and says what the device makes of it. */
  offer(descriptors: readonly Partial<RawDescriptor>[], head = 0): DescriptorChain | undefined {
    descriptors.forEach((descriptor, index) => {
      this.driver.writeDescriptor(index, { address: 0x80000, length: 16, ...descriptor });
    });
    this.driver.offer(head);
    return this.queue.pop();
  }
}
