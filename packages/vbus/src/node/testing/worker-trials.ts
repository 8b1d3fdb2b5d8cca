/**
 * Trials of the worker connector, host's end: a client in a worker thread (worker-driver.ts) against devices in this one. The tests run them
 * small, the bench runs them at length.
 */
import { VirtualClock } from '@paravirt/bus';
import { type PairedPort, portPair } from '@paravirt/net-backend';
import { type Vbus, VbusHost } from '../../bus.ts';
import type { ConnectorCounters } from '../../connectors/bridge-session.ts';
import type { VbusDevice } from '../../device.ts';
import { ECHO_TYPE, EchoDevice } from '../../testing/echo-device.ts';
import { VENET_CLASS } from '../../venet/abi.ts';
import { Venet } from '../../venet/venet.ts';
import { startWorkerClient } from '../worker-thread.ts';
import { type DoorbellPlan, DoorbellStress } from './doorbell-stress.ts';

/** What the thread is asked to do. */
export type WorkerTask =
  | ({ readonly task: 'doorbell' } & DoorbellPlan)
  | { readonly task: 'venet'; readonly frames: number; readonly length: number; readonly rich: boolean }
  | { readonly task: 'calls'; readonly count: number };

/** What the thread says when it is done. */
export interface WorkerReport {
  /** It slept with work outstanding, and nobody woke it. */
  readonly stalled: boolean;
  /** Items, frames or calls that arrived. */
  readonly arrived: number;
  /** Frames that arrived out of order or changed. */
  readonly wrong: number;
  /** From the first to the last. */
  readonly milliseconds: number;
  readonly busCalls: number;
  /** Interrupts that the thread took, and doorbells that it rang. */
  readonly interrupts: number;
  readonly doorbells: number;
}

export interface Trial {
  readonly report: WorkerReport;
  /** Frames that arrived at the host's end of the cable, in order. */
  readonly received: number;
  readonly host: ConnectorCounters;
}

export interface TrialOptions {
  /** As in Node's own `Worker`. */
  readonly execArgv?: readonly string[];
}

const BUS = 'workers';

function busWith(name: string, create: () => VbusDevice): Vbus {
  const host = new VbusHost();
  host.addClass({ name, create });
  host.createBus(BUS);
  host.createDevice('device', name);
  host.link(BUS, 'device');
  return host.buses.get(BUS) as Vbus;
}

/** @throws Error if the thread ends without a report. */
async function run(bus: Vbus, data: WorkerTask, { execArgv }: TrialOptions): Promise<Omit<Trial, 'received'>> {
  const script = new URL('./worker-driver.ts', import.meta.url);
  const { worker, host, exited } = startWorkerClient({ bus, script, data, ...(execArgv && { execArgv: [...execArgv] }) });
  let report: WorkerReport | undefined;
  worker.once('message', (message: WorkerReport) => {
    report = message;
  });
  const code = await exited;
  if (report === undefined) throw new Error(`the thread ended with ${code} and no report`);
  return { report, host: host.counters };
}

/** Rings in both directions, one for each item. */
export async function doorbellTrial(plan: DoorbellPlan, options: TrialOptions = {}): Promise<Trial> {
  const device = new EchoDevice((_id, region, signal) => {
    if (signal !== undefined) new DoorbellStress('south', region, signal, plan).start();
  });
  return {
    ...(await run(
      busWith(ECHO_TYPE, () => device),
      { task: 'doorbell', ...plan },
      options,
    )),
    received: 0,
  };
}

/** DEVCALLs, one after the other. */
export async function callTrial(count: number, options: TrialOptions = {}): Promise<Trial> {
  return {
    ...(await run(
      busWith(ECHO_TYPE, () => new EchoDevice()),
      { task: 'calls', count },
      options,
    )),
    received: 0,
  };
}

export interface FramePlan {
  /** In each direction. */
  readonly frames: number;
  /** Bytes of each, 60 to 1514. */
  readonly length: number;
  /** Scatter-gather with pre-mapped descriptors, and completion by event; else the flat device. */
  readonly rich: boolean;
}

/** Frames through venet, both directions at once: the thread's card on one end of a cable, this thread on the other. */
export async function venetTrial(plan: FramePlan, options: TrialOptions = {}): Promise<Trial> {
  const [far, near] = portPair();
  const device = new Venet({ port: near, mac: Uint8Array.of(0x52, 0x54, 0, 1, 2, 3), clock: new VirtualClock() });
  const peer = new FramePeer(far, plan);
  return {
    ...(await run(
      busWith(VENET_CLASS, () => device),
      { task: 'venet', ...plan },
      options,
    )),
    received: peer.received,
  };
}

/** Where frames have their number. */
export const FRAME_NUMBER = 14;

/** The other end of the cable: sends as soon as the first frame has come. */
class FramePeer {
  received = 0;
  readonly #port: PairedPort;
  readonly #frames: number;
  readonly #frame: Uint8Array;
  readonly #view: DataView;
  #sent = 0;

  constructor(port: PairedPort, { frames, length }: FramePlan) {
    this.#port = port;
    this.#frames = frames;
    this.#frame = new Uint8Array(length).fill(0xff, 0, 6);
    this.#view = new DataView(this.#frame.buffer);
    port.onReceive = (frame) => {
      const number = new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(FRAME_NUMBER, true);
      if (frame.length === length && number === this.received) this.received++;
      if (this.#sent === 0) this.#send();
      return true;
    };
    port.onWritable = () => this.#send();
  }

  #send(): void {
    while (this.#sent < this.#frames) {
      this.#view.setUint32(FRAME_NUMBER, this.#sent, true);
      if (!this.#port.transmit(this.#frame)) return;
      this.#sent++;
    }
  }
}
