/** Linear memory of a CPU: state, translation buffers, decoded code and guest RAM in one WebAssembly memory. */
import { ConfigurationError, Ram, type RamRegion } from '@paravirt/bus';
import { type LinearMemory, WASM } from './wasm/runtime.ts';

/** State, TLBs and heat counters lie below; see state.ts, memory/tlb.ts, system-processor.ts, engines/heat.ts, engines/code-tlb.ts. */
const WATCHED_START = 0x12_0000;
const PAGE = 4096;
const DEFAULT_CODE_BYTES = 64 * 2 ** 20;
const WASM_PAGE = 65_536;
const MOST_PAGES = 65_536;

export interface CpuMemoryOptions {
  /** Guest-physical RAM; addresses and sizes multiples of 4096. */
  readonly ram: readonly { readonly address: number; readonly size: number }[];
  /** Room for decoded code in bytes, at least 256 KiB; default 64 MiB. Touched only as far as it is used. */
  readonly codeBytes?: number;
  /** In a SharedArrayBuffer, for devices whose data path is in another thread: the guest's fences then fence. Default: false. */
  readonly shared?: boolean;
}

export class CpuMemory {
  readonly memory: LinearMemory;
  readonly ram: Ram;
  /** Where decoded code lies in linear memory. */
  readonly arenaStart: number;
  readonly arenaEnd: number;

  /** @throws ConfigurationError `bad-region`, `memory-too-large` (linear memory ends at 4 GiB), `memory-unavailable`. */
  constructor(options: CpuMemoryOptions) {
    const codeBytes = options.codeBytes ?? DEFAULT_CODE_BYTES;
    if (!Number.isInteger(codeBytes) || codeBytes < 2 ** 18)
      throw new ConfigurationError('bad-size', `${codeBytes} bytes for decoded code are too few`, codeBytes);
    const ramBytes = options.ram.reduce((sum, { size }) => sum + size, 0);
    // The bytes of Ram.watched, with room for those of the pages that they take themselves.
    const watchedBytes = Math.ceil((ramBytes + codeBytes) / PAGE / PAGE + 1) * PAGE;
    this.arenaStart = WATCHED_START + watchedBytes;
    this.arenaEnd = Math.ceil((this.arenaStart + codeBytes) / WASM_PAGE) * WASM_PAGE;
    let offset = this.arenaEnd;
    const regions: RamRegion[] = [];
    for (const { address, size } of options.ram) {
      regions.push({ address, size, offset });
      offset += size;
    }
    const pages = Math.ceil(offset / WASM_PAGE);
    if (!(pages <= MOST_PAGES))
      throw new ConfigurationError('memory-too-large', 'RAM and decoded code must fit into 4 GiB of linear memory', offset);
    try {
      this.memory = new WASM.Memory({ initial: pages, maximum: pages, shared: options.shared === true });
    } catch {
      throw new ConfigurationError(
        'memory-unavailable',
        `the host cannot give ${Math.ceil(offset / 2 ** 20)} MiB of linear memory`,
        offset,
      );
    }
    const { buffer } = this.memory;
    this.ram = new Ram(buffer, regions, new Uint8Array(buffer, WATCHED_START, buffer.byteLength / PAGE));
  }
}
