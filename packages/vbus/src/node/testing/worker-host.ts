/** A thread that has the bus: the client is whoever has the other end of the channel. An echo device is on the bus. */
import { workerData } from 'node:worker_threads';
import { type Vbus, VbusHost } from '../../bus.ts';
import { WorkerHost } from '../../connectors/worker.ts';
import { ECHO_TYPE, EchoDevice } from '../../testing/echo-device.ts';

const host = new VbusHost();
host.addClass({ name: ECHO_TYPE, create: () => new EchoDevice() });
host.createBus('b');
host.createDevice('one', ECHO_TYPE);
host.link('b', 'one');
new WorkerHost({ bus: host.buses.get('b') as Vbus, buffer: workerData as SharedArrayBuffer }).run();
