import { BufferMemory, EINVAL, EventQueue, VbusClient, type VbusDevice, VbusHost, VbusTree } from '@paravirt/vbus';

/** A device with one interface that has one call: what it carries comes back reversed. */
const reverser = (): VbusDevice => {
  const connection = { call: (_func: number, data: Uint8Array) => data.reverse().length, shm: () => -EINVAL, close: () => undefined };
  const interfaces = [{ name: '0', type: 'reverse', connect: () => connection }];
  return { attributes: [], interfaces, busConnect: () => 0, busDisconnect: () => undefined, release: () => undefined };
};

const host = new VbusHost();
host.addClass({ name: 'reverser', create: reverser });
const admin = new VbusTree(host); // the administrator plugs a device in
admin.mkdir('/config/vbus/instances/lab');
admin.mkdir('/config/vbus/devices/r0');
admin.write('/config/vbus/devices/r0/type', 'reverser\n');
admin.symlink('/config/vbus/devices/r0', '/config/vbus/instances/lab/');

const bus = host.buses.get('lab');
if (bus === undefined) throw new Error('no bus');
const memory = new BufferMemory(new ArrayBuffer(4096)); // the client's own
const defer = (run: () => void): void => void Promise.resolve().then(run);
const events = new EventQueue({ interrupt: () => undefined, defer });
const client = new VbusClient({ bus, memory, defer, events });

memory.write(0x100, Uint8Array.of(1, 2, 3));
const handle = client.deviceOpen(0, 1); // DEVOPEN, DEVCALL
const length = typeof handle === 'bigint' ? client.deviceCall(handle, 0, 0x100, 3, 0) : handle;
const bytes = new Uint8Array(length);
memory.read(0x100, bytes);

/** What the client finds in its memory, and the administrator in the tree. */
export const answer: { bytes: readonly number[]; type: string | number } = {
  bytes: [...bytes],
  type: admin.read('/sys/vbus/instances/lab/devices/0/type'),
};
