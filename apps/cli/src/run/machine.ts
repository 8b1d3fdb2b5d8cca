/** From the options of a command to a machine: files are read, networks made, the PC wired. */
import type { Clock } from '@paravirt/bus';
import type { RunTrace } from '@paravirt/lab';
import { createPc, DETERMINISTIC_START_MS, type KernelBoot, type NetOptions, type Pc, type PcOptions } from '@paravirt/machine';
import { readFile } from './files.ts';
import { Networks } from './networks.ts';
import type { MachineOptions } from './options.ts';
import { vbusOptions } from './vbus-option.ts';

export interface Machine {
  readonly pc: Pc;
  readonly networks: Networks;
}

/**
 * Makes the machine, lets `use` have it, and closes its networks whatever happens.
 * @throws UsageError, ConfigurationError for options and files that cannot be used; nothing was started then.
 */
export async function withMachine<T>(options: MachineOptions, use: (machine: Machine) => Promise<T>): Promise<T> {
  const boot = options.bios === undefined ? kernelBoot(options) : { bios: readFile('--bios', options.bios) };
  const startMs = options.deterministic ? DETERMINISTIC_START_MS : Date.now();
  const networks = new Networks(options.nets, startMs);
  try {
    let clock: Clock | undefined;
    const trace = options.trace?.(() => clock?.now() ?? 0n);
    const pc = createPc({
      memory: options.memory,
      boot,
      nets: trace === undefined ? networks.cards : networks.cards.map((net, index) => watched(net, `net${index}`, trace)),
      vbus: options.vbus.map(({ wire }) => wire),
      vbusOptions: vbusOptions(options.vbus),
      plug: (card) => networks.plug(card),
      unknownOpcodes: options.unknownOpcodes,
      time: { mode: options.deterministic ? 'deterministic' : 'host', startMs },
      // Otherwise as the machine sees fit: with a network somebody may.
      ...(options.attended === true ? { attended: true } : {}),
      ...(options.engine === undefined ? {} : { engine: options.engine }),
      ...(options.observe === undefined ? {} : { observe: options.observe }),
      ...(options.exitPort === undefined ? {} : { exitPort: options.exitPort }),
      ...(trace === undefined ? {} : { ringTrace: trace.sink }),
    } satisfies PcOptions);
    clock = pc.clock;
    await networks.open();
    return await use({ pc, networks });
  } finally {
    networks.close();
  }
}

/** A data path in a thread of its own is not watched: its frames are there. */
function watched(net: NetOptions, card: string, trace: RunTrace): NetOptions {
  const { connect } = net;
  return connect === undefined ? net : { ...net, connect: (clock) => trace.watch(card, connect(clock)) };
}

function kernelBoot(options: MachineOptions): KernelBoot {
  const { kernel = '', initrd, append } = options;
  return {
    kernel: readFile('--kernel', kernel),
    kernelName: kernel,
    ...(initrd === undefined ? {} : { initrd: readFile('--initrd', initrd) }),
    ...(append === undefined ? {} : { commandLine: append }),
  };
}
