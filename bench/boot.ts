/**
 * What a user feels: how long a stock Debian takes to its init, how fast the machine runs meanwhile, downloads, system calls, memory. Each
 * run is the built command in a process of its own.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveFile } from '../tests/guests/host-server.ts';
import { type Architecture, boot, debianImage, Paravirt, statistics } from '../tests/guests/paravirt.ts';
import type { Figure } from './figure.ts';
import { CALLS, withSystemCalls } from './system-calls.ts';

const MEMORY_MIB = 512;
const DOWNLOAD = 64 << 20;
const LIMIT_S = 600;
const MIB = 2 ** 20;

const seconds = (since: number): number => (performance.now() - since) / 1000;

/** From the start of the process to init, without a network: time, instructions, rate. */
export async function bootFigures(arch: Architecture): Promise<readonly Figure[]> {
  const image = await debianImage(arch);
  const start = performance.now();
  const options = ['--memory', `${MEMORY_MIB}M`, '--stats=json', '--expect', 'paravirt: init at', '--timeout', String(LIMIT_S)];
  const run = new Paravirt([...boot(image, 'paravirt.do=poweroff'), ...options]);
  await run.expect('Linux version', LIMIT_S);
  const kernel = seconds(start);
  await run.expect('paravirt: init at', LIMIT_S);
  const init = seconds(start);
  const instructions = Number(statistics(await run.finished)['instructions']);
  return [
    { name: `${arch}: process start to the kernel's first line`, value: kernel, unit: 's' },
    { name: `${arch}: process start to init`, value: init, unit: 's' },
    { name: `${arch}: instructions to init`, value: instructions / 1e6, unit: 'million' },
    { name: `${arch}: rate while booting`, value: instructions / 1e6 / init, unit: 'million instructions/s' },
  ];
}

/** A booted guest with network: download, system calls, the most memory of the whole run. */
export async function guestFigures(arch: Architecture): Promise<readonly Figure[]> {
  const image = await debianImage(arch);
  const server = await serveFile(DOWNLOAD);
  const folder = mkdtempSync(join(tmpdir(), 'paravirt-bench-'));
  const initrd = join(folder, 'initrd');
  writeFileSync(initrd, withSystemCalls(readFileSync(image.initrd)));
  const options = ['--memory', `${MEMORY_MIB}M`, '--net', 'user,model=virtio-net-pci', '--stats=json', '--timeout', String(LIMIT_S)];
  const run = new Paravirt([...boot({ ...image, initrd }, 'paravirt.do=shell'), ...options]);
  /** Guest time that a command takes, in seconds. */
  const timed = async (name: string, command: string): Promise<number> => {
    run.type(`a=$(tr -d . < /proc/uptime); ${command}; b=$(tr -d . < /proc/uptime); echo "bench: ${name} $((\${b% *} - \${a% *})) end"\n`);
    const line = new RegExp(`bench: ${name} (\\d+) end`);
    await run.expect(line, LIMIT_S);
    return Number(line.exec(run.stdout)?.[1]) / 100;
  };
  try {
    await run.expect(/paravirt: shell.*# /s, LIMIT_S);
    const figures: Figure[] = [];
    const download = await timed('download', `wget -q -O /dev/null ${server.url}`);
    figures.push({ name: `${arch}: download of ${DOWNLOAD / MIB} MiB`, value: DOWNLOAD / MIB / download, unit: 'MiB/s' });
    if (arch === 'x86_64') {
      const calls = await timed('calls', '/bench/system-calls');
      figures.push({ name: `${arch}: system call (getppid)`, value: (calls / CALLS) * 1e6, unit: 'µs' });
    }
    run.type('exit\n');
    const peak = Number(statistics(await run.finished)['peakMemory']) / MIB;
    figures.push({ name: `${arch}: peak memory beyond the guest's ${MEMORY_MIB} MiB`, value: peak - MEMORY_MIB, unit: 'MiB' });
    return figures;
  } finally {
    await run.kill();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
