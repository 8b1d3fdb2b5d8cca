/** From the options of a command to a machine: files are read, networks made, the PC wired. */
import { createPc, DETERMINISTIC_START_MS, type KernelBoot, type Pc, type PcOptions } from '@paravirt/machine';
import { readFile } from './files.ts';
import { Network } from './network.ts';
import type { MachineOptions } from './options.ts';

export interface Machine {
  readonly pc: Pc;
  /** One for each `--net`. */
  readonly networks: readonly Network[];
}

/**
 * Makes the machine, lets `use` have it, and closes its networks whatever happens.
 * @throws UsageError, ConfigurationError for options and files that cannot be used; nothing was started then.
 */
export async function withMachine<T>(options: MachineOptions, use: (machine: Machine) => Promise<T>): Promise<T> {
  const boot = options.bios === undefined ? kernelBoot(options) : { bios: readFile('--bios', options.bios) };
  const startMs = options.deterministic ? DETERMINISTIC_START_MS : Date.now();
  const networks = options.nets.map((net) => new Network(net, startMs));
  try {
    const pc = createPc({
      memory: options.memory,
      boot,
      nets: networks.map((network) => network.card),
      unknownOpcodes: options.unknownOpcodes,
      time: { mode: options.deterministic ? 'deterministic' : 'host', startMs },
      ...(options.engine === undefined ? {} : { engine: options.engine }),
      ...(options.observe === undefined ? {} : { observe: options.observe }),
      ...(options.exitPort === undefined ? {} : { exitPort: options.exitPort }),
    } satisfies PcOptions);
    for (const network of networks) await network.open();
    return await use({ pc, networks });
  } finally {
    for (const network of networks) network.close();
  }
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
