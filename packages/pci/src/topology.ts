/** What a bus looks like: plain objects for programs, and a listing for people. */
import type { BarKind } from './bar.ts';
import type { PciFunction } from './function.ts';
import type { PciAddress } from './pci-bus.ts';

export interface BarTopology {
  readonly index: number;
  readonly kind: BarKind;
  /** In bytes. */
  readonly size: number;
  readonly prefetchable: boolean;
  /** As the guest has written it. */
  readonly address: number;
  /** True if accesses to it reach the function now. */
  readonly decoded: boolean;
}

export interface FunctionTopology {
  readonly address: PciAddress;
  readonly name: string;
  readonly vendorId: number;
  readonly deviceId: number;
  /** 24 bits. */
  readonly classCode: number;
  /** Value of the command register. */
  readonly command: number;
  readonly bars: readonly BarTopology[];
  readonly capabilities: readonly { readonly id: number; readonly name: string; readonly offset: number }[];
  readonly interruptMode: 'intx' | 'msi' | 'msix';
  /** Undefined for a function without INTx. */
  readonly interrupt: { readonly pin: 1 | 2 | 3 | 4; readonly pirq: number | undefined; readonly line: number } | undefined;
}

/** `pirq`: line of the interrupt router, 0 to 3, if the function is wired to one. */
export function topologyOf(address: PciAddress, pciFunction: PciFunction, pirq: number | undefined): FunctionTopology {
  const { config, name, command, interruptMode, interruptPin } = pciFunction;
  const { header } = config;
  return {
    address,
    name,
    vendorId: header.get('vendorId'),
    deviceId: header.get('deviceId'),
    classCode: (header.get('baseClass') << 16) | (header.get('subclass') << 8) | header.get('progIf'),
    command,
    bars: [...pciFunction.bars.values()].map((bar) => ({
      index: bar.index,
      kind: bar.kind,
      size: bar.size,
      prefetchable: bar.prefetchable,
      address: bar.address,
      decoded: bar.mapping !== undefined,
    })),
    capabilities: config.capabilities.map(({ capability, offset }) => ({ id: capability.id, name: capability.name, offset })),
    interruptMode,
    interrupt: interruptPin === 0 ? undefined : { pin: interruptPin, pirq, line: header.get('interruptLine') },
  };
}

/**
 * A line for each function, as `00:03.0 1af4:1041 class 020000 nic`, then its ranges, capabilities and interrupt, indented. All numbers
 * but sizes are hexadecimal.
 */
export function describeTopology(functions: readonly FunctionTopology[]): string {
  return functions.flatMap(describeFunction).join('\n');
}

/** As in `00:03.0`. */
export function formatAddress(address: PciAddress): string {
  return `${hex(address.bus, 2)}:${hex(address.device, 2)}.${address.function}`;
}

function describeFunction(f: FunctionTopology): readonly string[] {
  const lines = [`${formatAddress(f.address)} ${hex(f.vendorId, 4)}:${hex(f.deviceId, 4)} class ${hex(f.classCode, 6)} ${f.name}`];
  for (const bar of f.bars) {
    const kind = `${bar.kind}${bar.prefetchable ? ' prefetchable' : ''}`;
    lines.push(`  BAR${bar.index} ${kind}, ${bar.size} bytes at ${hex(bar.address, 4)}${bar.decoded ? '' : ', not decoded'}`);
  }
  for (const { name, offset } of f.capabilities) lines.push(`  capability ${hex(offset, 2)} ${name}`);
  if (f.interrupt !== undefined) {
    const { pin, pirq, line } = f.interrupt;
    const route = pirq === undefined ? 'not wired' : `PIRQ ${LETTERS[pirq]}, line ${line}`;
    lines.push(`  INT${LETTERS[pin - 1]}# to ${route}; interrupts by ${f.interruptMode}`);
  }
  return lines;
}

const LETTERS = 'ABCD';
const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
