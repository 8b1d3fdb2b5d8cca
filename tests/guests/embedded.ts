import { readFile } from 'node:fs/promises';
import { createPc } from '@paravirt/machine';
import { UserNetwork } from '@paravirt/net-backend';
import { NodeHostNetwork } from '@paravirt/net-backend/node';

const [kernel, initrd] = await Promise.all([readFile('vmlinuz'), readFile('initrd')]);
const pc = createPc({
  memory: 512 * 2 ** 20,
  boot: { kernel, initrd, commandLine: 'console=ttyS0' },
  nets: [{ connect: (clock) => new UserNetwork({ clock, host: new NodeHostNetwork() }) }],
});
pc.console.onOutput = (bytes) => process.stdout.write(bytes);
console.log(await pc.run()); // { kind: 'shutdown', cause: 'power' }
