/** The thread of a card with place=worker: its data path, and the user network behind it, as `Network` makes it for other cards. */
import { parentPort, workerData } from 'node:worker_threads';
import { ConfigurationError } from '@paravirt/machine';
import { HostClock, VirtioNetThread } from '@paravirt/machine/worker';
import { Network } from './network.ts';
import type { NetWorkerData, NetWorkerWord } from './worker-network.ts';

const { setup, option, startMs, counts } = workerData as NetWorkerData;
const numbers = new Float64Array(counts);
const say = (word: NetWorkerWord): void => parentPort?.postMessage(word);

/** The port's counts, where the other thread reads them. */
function count(network: Network): void {
  const { transmittedFrames, transmittedBytes, receivedFrames, receivedBytes } = network.frames('');
  numbers.set([transmittedFrames, transmittedBytes, receivedFrames, receivedBytes]);
}

try {
  const network = new Network(option, startMs);
  const clock = new HostClock();
  const thread = new VirtioNetThread({ setup, port: network.connect(clock), clock, onCounted: () => count(network) });
  const served = thread.serve();
  await network.open();
  say({ kind: 'open' });
  await served;
  network.close();
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  say({ kind: 'refused', code: error.code, message: error.message });
}
