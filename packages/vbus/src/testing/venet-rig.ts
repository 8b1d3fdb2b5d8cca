/** A venet card between a recording port and a driver, without a bus: what a test of the whole device needs. */
import { ConfigurationError, VirtualClock } from '@paravirt/bus';
import { RecordingPort } from '@paravirt/net-backend/testing';
import { Venet, type VenetEvent, type VenetOptions } from '../venet/venet.ts';
import { DirectDevice, type DirectDeviceOptions } from './direct-device.ts';
import { VenetDriver, type VenetDriverOptions } from './venet-driver.ts';

export interface VenetRigOptions extends Partial<Omit<VenetOptions, 'port' | 'clock' | 'trace'>> {
  readonly port?: RecordingPort;
}

export class VenetRig {
  readonly port: RecordingPort;
  readonly clock: VirtualClock = new VirtualClock();
  readonly device: Venet;
  readonly trace: VenetEvent[] = [];

  constructor(options: VenetRigOptions = {}) {
    const { port = new RecordingPort(), mac = Uint8Array.of(0x52, 0x54, 0, 1, 2, 3), ...rest } = options;
    this.port = port;
    this.device = new Venet({ port, mac, clock: this.clock, trace: (event) => void this.trace.push(event), ...rest });
  }

  /** DEVOPEN. @throws ConfigurationError `refused` */
  open(options?: DirectDeviceOptions): DirectDevice {
    const [target] = this.device.interfaces;
    if (target === undefined) throw new ConfigurationError('no-interface', 'a venet has one interface', this.device);
    return new DirectDevice(target, options);
  }

  /** A driver that is up and running, with all deferred work done. @throws ConfigurationError `refused`: a call of the probe failed. */
  start(
    options?: VenetDriverOptions,
    clientOptions?: DirectDeviceOptions,
  ): { readonly client: DirectDevice; readonly driver: VenetDriver } {
    const client = this.open(clientOptions);
    const driver = VenetDriver.probe(client, (length) => client.allocate(length), options);
    if (typeof driver === 'number') throw new ConfigurationError('refused', `the probe ends with ${driver}`, driver);
    client.settle();
    return { client, driver };
  }
}
