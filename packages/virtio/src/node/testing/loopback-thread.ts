/** The thread of a trial: a data path whose cable returns every frame. */
import { workerData } from 'node:worker_threads';
import { LoopbackPort } from '@paravirt/net-backend';
import { type NetThreadSetup, VirtioNetThread } from '../../worker/net-thread.ts';

/** What the thread is started with. */
export interface LoopbackData {
  readonly setup: NetThreadSetup;
  /** Hangs after so many frames; 0: ends instead of beginning. */
  readonly hangsAfter?: number;
}

class HangingPort extends LoopbackPort {
  left: number;

  constructor(frames: number) {
    super();
    this.left = frames;
  }

  override transmit(frame: Uint8Array): boolean {
    if (this.left-- <= 0) for (;;);
    return super.transmit(frame);
  }
}

const { setup, hangsAfter } = workerData as LoopbackData;
if (hangsAfter !== 0) {
  const port = hangsAfter === undefined ? new LoopbackPort() : new HangingPort(hangsAfter);
  await new VirtioNetThread({ setup, port }).serve();
}
