import { Ram } from '@paravirt/bus';
import { SplitQueue } from '@paravirt/virtio';
import { GuestArena, SplitRingDriver } from '@paravirt/virtio/testing';

const memory = new Ram(new ArrayBuffer(65536));
const driver = new SplitRingDriver({ memory, arena: new GuestArena(0, 0x8000), size: 8 });
const queue = new SplitQueue(memory, driver.layout);

driver.add([{ address: 0x9000, length: 16, writable: true }]); // the driver asks
const request = queue.pop(); // the device answers
if (request !== undefined) queue.push(request, request.writer.write(Uint8Array.of(1, 2, 3)));

/** What the driver finds: the request's first descriptor and how many bytes were written. */
export const answer: readonly { head: number; written: number }[] = driver.reap();
