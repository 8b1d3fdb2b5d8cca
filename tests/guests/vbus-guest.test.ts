import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GuestShell } from './guest-shell.ts';
import { type FileServer, receiveUploads, serveFile, type UploadServer } from './host-server.ts';
import { MonitorClient } from './monitor-client.ts';
import { boot, debianImage, Paravirt } from './paravirt.ts';

const BOOT = 300;
const CYCLES = 100;
/** Cycles after which slabs and per-device caches have the size that they keep. */
const WARM_UP = 30;
/** In KiB, over the cycles that are measured. A card that leaks only what it has in slabs, or only one of its pools, leaks more. */
const SLAB_SLACK = 256;
const FREE_SLACK = 4096;
const DEVICES = '/sys/bus/vbus-proxy/devices';

describe.each([
  ['PCI bridge', 'pci', 'vbus_pcibridge', 'pci-to-vbus-bridge', 'vbus-pcibridge'],
  ['hypercalls', 'hypercall', 'vbus_hypercall', 'vbus-hypercall', 'vbus-hypercall'],
] as const)('Two cards on a vbus over the %s, in a Debian guest', (_, wire, connector, statistics, interrupt) => {
  let folder: string;
  let file: FileServer;
  let uploads: UploadServer;
  let run: Paravirt;
  let shell: GuestShell;
  let monitor: MonitorClient;
  /** Interface and device of the second card, which stays. */
  let other: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'paravirt-vbus-'));
    file = await serveFile(4 << 20);
    uploads = await receiveUploads();
    const image = await debianImage('x86_64');
    const socket = join(folder, 'monitor');
    const nets = [`user,model=venet,wire=${wire}`, `user,model=virtio-net,bus=vbus,wire=${wire}`];
    run = new Paravirt([
      ...boot(image, 'loglevel=1 paravirt.do=address,shell'),
      ...nets.flatMap((net) => ['--net', net]),
      ...['--memory', '512M', '--monitor', socket, '--timeout', '1200'],
    ]);
    monitor = await MonitorClient.connect(socket);
    await run.expect(/paravirt: shell.*# /s, BOOT);
    shell = new GuestShell(run);
    await shell.run('mount -t debugfs debugfs /sys/kernel/debug');
    other = await shell.run('basename /sys/bus/virtio/devices/*/net/*');
  });
  afterAll(async () => {
    monitor?.close();
    await run?.kill();
    file?.close();
    uploads?.close();
    rmSync(folder, { recursive: true });
  });

  /** Names in a directory of sysfs. */
  const names = async (path: string): Promise<readonly string[]> =>
    (await shell.run(`ls --color=never ${path}`)).split(/\s+/).filter((name) => name !== '');

  /** The interface of the venet card, once it is there. */
  const interfaceOfVenet = (): Promise<string> =>
    shell.run(
      `for i in $(seq 100); do set -- /sys/bus/vbus-proxy/drivers/vbus-enet/*/net/*; [ -e "$1" ] && break; sleep 0.1; done; [ -e "$1" ] && basename "$1"`,
    );

  const counter = async (name: string): Promise<number> => {
    const text = await shell.run(`cat /sys/kernel/debug/${statistics}`);
    return Number(new RegExp(`${name}\\s*:?\\s*(\\d+)`).exec(text)?.[1]);
  };

  it('have their modules, which nobody asked for by name', async () => {
    const modules = await shell.run('cat /proc/modules');
    for (const name of ['shm_signal', 'ioq', 'vbus_proxy', connector, 'vbus_enet', 'virtio_vbus', 'virtio_net'])
      expect(modules).toMatch(new RegExp(`^${name} `, 'm'));
  });

  it('are in sysfs, with their types, modaliases and drivers', async () => {
    expect(await names(DEVICES)).toEqual(['0', '1']);
    const aliases = (await shell.run(`cat ${DEVICES}/*/modalias`)).split('\n');
    expect(aliases.sort()).toEqual(['vbus-proxy:virtio', 'vbus-proxy:virtual-ethernet']);
    expect(await shell.run(`grep -h MODALIAS ${DEVICES}/*/uevent`)).toMatch(/^MODALIAS=vbus-proxy:/m);
    const drivers = await shell.run(`for device in ${DEVICES}/*; do readlink -f $device/driver; done`);
    expect(drivers.split('\n').sort()).toEqual(['vbus-enet', 'virtio-vbus'].map((name) => `/sys/bus/vbus-proxy/drivers/${name}`));
  });

  it('have an interrupt for each signal, with an affinity that can be set', async () => {
    const card = await interfaceOfVenet();
    const interrupts = await shell.run('cat /proc/interrupts');
    expect(interrupts).toMatch(new RegExp(`${interrupt}$`, 'm'));
    for (const ring of ['rx', 'tx', 'event']) expect(interrupts).toMatch(new RegExp(`VBUS .*${card}-${ring}$`, 'm'));
    const [, number] = new RegExp(`^ *(\\d+):.*${card}-rx$`, 'm').exec(interrupts) ?? [];
    await shell.run(`echo 1 > /proc/irq/${number}/smp_affinity`);
    expect(await shell.run(`cat /proc/irq/${number}/smp_affinity_list /proc/irq/${number}/effective_affinity_list`)).toBe('0\n0');
    expect((await shell.try(`echo 0 > /proc/irq/${number}/smp_affinity`)).status).not.toBe(0);
  });

  it('are connected by the calls of 2009', async () => {
    const possible = await shell.run('cat /sys/devices/system/cpu/possible');
    const cpus = Number(possible.split('-').at(-1)) + 1;
    // NEGOTIATE and QREG; the bridge has a channel for fast calls for each CPU, hypercalls are fast by themselves.
    expect(await counter('bridgecalls')).toBe(wire === 'pci' ? 2 + cpus : 2);
    const before = await counter('buscalls');
    await shell.run('rmmod vbus_enet');
    const removed = await counter('buscalls');
    // LINKDOWN, DEVCLOSE.
    expect(removed - before).toBe(2);
    await shell.run('modprobe vbus_enet l4ro_enabled=0');
    await shell.run(`ip link set ${await interfaceOfVenet()} up`);
    expect((await counter('buscalls')) - removed).toBe(12);
    await shell.run('rmmod vbus_enet && modprobe vbus_enet');
  });

  it('work flat, with scatter-gather alone, and with every event refused', async () => {
    for (const parameters of ['sg_enabled=0 evq_enabled=0 l4ro_enabled=0', 'pmtd_enabled=0 txc_enabled=0', 'rx_ringlen=8 tx_ringlen=8']) {
      await shell.run(`rmmod vbus_enet && modprobe vbus_enet ${parameters}`);
      const card = await interfaceOfVenet();
      await shell.run(`ip link set ${card} up && udhcpc -i ${card} -n -q -t 5 -T 2 -s /etc/udhcpc.sh`);
      await shell.run(`ip link set ${card} mtu 1200 && ip link set ${card} mtu 1500 && ip route replace 10.0.2.2 dev ${card}`);
      expect(await shell.run(`wget -q -O - ${file.url} | sha256sum`), parameters).toContain(file.sha256);
      await shell.run('ip route del 10.0.2.2');
    }
    await shell.run('rmmod vbus_enet && modprobe vbus_enet');
  });

  it('tell of a cable that is pulled out', async () => {
    const card = await interfaceOfVenet();
    await shell.run(`ip link set ${card} up`);
    const carrier = (state: number): Promise<string> =>
      shell.run(`for i in $(seq 50); do read -r c < /sys/class/net/${card}/carrier; [ $c = ${state} ] && break; sleep 0.1; done; echo $c`);
    expect(await carrier(1)).toBe('1');
    await monitor.ask('link down', 'net0');
    expect(await carrier(0)).toBe('0');
    await monitor.ask('link up', 'net0');
    expect(await carrier(1)).toBe('1');
  });

  it(`come and go ${CYCLES} times while the other one is busy, and leave nothing behind`, async () => {
    /** In KiB: what slabs hold, and what nobody holds. */
    const memory = async (): Promise<{ readonly slabs: number; readonly free: number }> => {
      // What was given back is freed late: by RCU, and by the work queue that lets go of signals.
      const text = await shell.run('sleep 1; echo 3 > /proc/sys/vm/drop_caches; sleep 1; cat /proc/meminfo');
      const field = (name: string): number => Number(new RegExp(`^${name}: *(\\d+)`, 'm').exec(text)?.[1]);
      return { slabs: field('SUnreclaim'), free: field('MemFree') };
    };
    const interrupts = async (): Promise<number> => Number(await shell.run('grep -c VBUS /proc/interrupts'));
    const cycle = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        await monitor.ask('vbus unlink', 'net0');
        await shell.run(`while [ -e /sys/bus/vbus-proxy/drivers/vbus-enet/*/net ]; do sleep 0.05; done`);
        await monitor.ask('vbus link', 'net0');
        await shell.run(`ip link set ${await interfaceOfVenet()} up`);
      }
    };
    await shell.run(`ip route replace 10.0.2.2 dev ${other}`);
    await shell.run(`(while [ ! -e /tmp/enough ]; do wget -q -O - ${file.url} | sha256sum >> /tmp/sums; done; echo > /tmp/done) &`);
    await cycle(WARM_UP);
    const [memoryBefore, interruptsBefore] = [await memory(), await interrupts()];
    await cycle(CYCLES - WARM_UP);
    const [memoryAfter, interruptsAfter] = [await memory(), await interrupts()];
    expect(interruptsAfter).toBe(interruptsBefore);
    expect(memoryAfter.slabs - memoryBefore.slabs).toBeLessThan(SLAB_SLACK);
    expect(memoryBefore.free - memoryAfter.free).toBeLessThan(FREE_SLACK);

    await shell.run('echo > /tmp/enough; while [ ! -e /tmp/done ]; do sleep 0.1; done', 120);
    const sums = (await shell.run('sort /tmp/sums | uniq -c')).split('\n');
    expect(sums).toEqual([expect.stringContaining(file.sha256)]);
    expect(Number(sums[0]?.trim().split(' ')[0])).toBeGreaterThan(5);
    // Ids are never used again.
    expect(await names(DEVICES)).toEqual(['1', String(CYCLES + 1)]);
  });

  it('may be unplugged in the middle of what they send and receive', async () => {
    const [host, port] = uploads.target.split(':');
    for (let i = 0; i < 10; i++) {
      const card = await interfaceOfVenet();
      await shell.run(`ip addr add 10.0.2.15/24 dev ${card} && ip link set ${card} up && ip route replace ${host} dev ${card}`);
      await shell.run(`wget -q -T 5 -O - ${file.url} | sha256sum`);
      await shell.run(`nc ${host} ${port} -e sh -c 'echo 99999999999; cat /dev/zero' > /dev/null 2>&1 &`);
      await shell.run(`> /tmp/going; (while [ -e /tmp/going ]; do wget -q -T 1 -O /dev/null ${file.url}; done) 2> /dev/null &`);
      await shell.run('sleep 0.3');
      await monitor.ask('vbus unlink', 'net0');
      await shell.run('while [ -e /sys/bus/vbus-proxy/drivers/vbus-enet/*/net ]; do sleep 0.05; done');
      await shell.run('rm /tmp/going; killall -q wget cat; true');
      await monitor.ask('vbus link', 'net0');
    }
    const card = await interfaceOfVenet();
    await shell.run(`ip addr add 10.0.2.15/24 dev ${card} && ip link set ${card} up && ip route replace 10.0.2.2 dev ${card}`);
    expect(await shell.run(`wget -q -O - ${file.url} | sha256sum`)).toContain(file.sha256);
    await shell.run('ip route del 10.0.2.2');
  });

  it('leave their place to cards on PCI, asked by the same command', async () => {
    const before = await names('/sys/class/net');
    for (let i = 0; i < 3; i++) {
      const { name } = (await monitor.ask('device add', 'user,model=virtio-net')) as { readonly name: string };
      await shell.run('for i in $(seq 100); do [ -e /sys/bus/pci/drivers/virtio-pci/*/virtio*/net ] && break; sleep 0.1; done');
      const card = await shell.run('basename /sys/bus/pci/drivers/virtio-pci/*/virtio*/net/*');
      await shell.run(`ip link set ${card} up && udhcpc -i ${card} -n -q -t 5 -T 2 -s /etc/udhcpc.sh`);
      expect(await shell.run(`ip -4 -o addr show dev ${card}`)).toContain('10.0.2.15/24');
      await monitor.ask('device remove', name);
      await shell.run(`while [ -e /sys/class/net/${card} ]; do sleep 0.1; done`);
    }
    expect(await names('/sys/class/net')).toEqual(before);
  });

  it('go with their modules, and come back', async () => {
    await shell.run(`rmmod vbus_enet && rmmod virtio_vbus ${connector} vbus_connector vbus_proxy ioq shm_signal`);
    const modules = await shell.run('cat /proc/modules');
    expect(modules).not.toMatch(/vbus|ioq|shm_signal/);
    expect((await shell.try('ls /sys/bus/vbus-proxy')).status).not.toBe(0);
    expect((await shell.try('grep -c VBUS /proc/interrupts')).output).toBe('0');
    await shell.run(`modprobe ${connector}`);
    const card = await interfaceOfVenet();
    await shell.run(`ip link set ${card} up && udhcpc -i ${card} -n -q -t 5 -T 2 -s /etc/udhcpc.sh`);
    expect(await shell.run(`ip -4 -o addr show dev ${card}`)).toContain('10.0.2.15/24');
  });

  it('made the kernel complain about nothing', async () => {
    expect(await shell.run('dmesg')).not.toMatch(/BUG:|WARNING:|Oops|Call Trace|unregister_netdevice: waiting|ring is broken/);
  });
});
