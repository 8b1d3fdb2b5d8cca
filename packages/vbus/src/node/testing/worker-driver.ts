/** The thread of worker-trials.ts: opens the first device of the bus, does its task, and reports. */
import { parentPort } from 'node:worker_threads';
import type { WorkerClient } from '../../connectors/worker-client.ts';
import type { NorthDevice } from '../../north/north-device.ts';
import { ECHO_REVERSE, ECHO_VERSION } from '../../testing/echo-device.ts';
import { VenetDriver } from '../../testing/venet-driver.ts';
import { CAP_LINKSTATE, CAP_PMTD, CAP_SG, CAP_TXC, VENET_VERSION } from '../../venet/abi.ts';
import { workerClient, workerClientData } from '../worker-thread.ts';
import { DOORBELL_LENGTH, DOORBELL_SHM, DoorbellStress } from './doorbell-stress.ts';
import { FRAME_NUMBER, type WorkerReport, type WorkerTask } from './worker-trials.ts';

/** Asleep for so long with work outstanding is asleep for good. In milliseconds. */
const STALL = 3000;

type Outcome = Pick<WorkerReport, 'stalled' | 'arrived' | 'wrong'>;

function open(client: WorkerClient, version: number): NorthDevice {
  const started = client.start();
  if (started < 0) throw new Error(`the bus answers ${started}`);
  client.run(() => client.session.devices.size > 0, STALL);
  const [first] = client.session.devices.values();
  const device = first === undefined ? undefined : client.session.open(first.id, version);
  if (device === undefined || typeof device === 'number') throw new Error(`DEVOPEN answers ${device}`);
  return device;
}

function doorbell(client: WorkerClient, device: NorthDevice, plan: WorkerTask & { task: 'doorbell' }): Outcome {
  const shared = device.shmWithSignal(DOORBELL_SHM, DOORBELL_LENGTH, 0);
  if (typeof shared === 'number') throw new Error(`DEVSHM answers ${shared}`);
  const stress = new DoorbellStress('north', shared.region, shared.signal, plan);
  stress.start();
  const finished = client.run(() => stress.finished, STALL);
  return { stalled: !finished, arrived: finished ? plan.items : 0, wrong: 0 };
}

function venet(client: WorkerClient, device: NorthDevice, plan: WorkerTask & { task: 'venet' }): Outcome {
  const { frames, length, rich } = plan;
  const options = rich ? { sg: CAP_SG | CAP_PMTD, eventq: CAP_LINKSTATE | CAP_TXC } : {};
  const driver = VenetDriver.probe(device, (size) => client.arena.region(size), options);
  if (typeof driver === 'number') throw new Error(`the probe of venet ends with ${driver}`);
  const frame = new Uint8Array(length).fill(0xff, 0, 6);
  const view = new DataView(frame.buffer);
  let arrived = 0;
  let wrong = 0;
  let sent = 0;
  const send = (): void => {
    while (sent < frames) {
      view.setUint32(FRAME_NUMBER, sent, true);
      if (!driver.send(frame)) return;
      sent++;
    }
  };
  driver.onFrame = ({ frame: came }) => {
    const number = new DataView(came.buffer, came.byteOffset, came.byteLength).getUint32(FRAME_NUMBER, true);
    if (came.length === length && number === arrived) arrived++;
    else wrong++;
  };
  driver.onRoom = send;
  send();
  const finished = client.run(() => arrived + wrong === frames && driver.transmit.completed === frames, STALL);
  driver.close();
  return { stalled: !finished, arrived, wrong };
}

function calls(device: NorthDevice, count: number): Outcome {
  const data = new Uint8Array(16);
  let arrived = 0;
  for (let i = 0; i < count; i++) if (device.call(ECHO_REVERSE, data) === data.length) arrived++;
  return { stalled: false, arrived, wrong: 0 };
}

const client = workerClient();
const plan = workerClientData() as WorkerTask;
const device = open(client, plan.task === 'venet' ? VENET_VERSION : ECHO_VERSION);
const start = performance.now();
const outcome =
  plan.task === 'doorbell'
    ? doorbell(client, device, plan)
    : plan.task === 'venet'
      ? venet(client, device, plan)
      : calls(device, plan.count);
const { busCalls, interrupts, doorbells } = client.session.counters;
const report: WorkerReport = { ...outcome, milliseconds: performance.now() - start, busCalls, interrupts, doorbells };
parentPort?.postMessage(report);
