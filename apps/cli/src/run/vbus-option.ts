/** `--vbus WIRE[,doorbell=…][,interrupts=…][,aggregation=…]`: a vbus without a card yet, and how its connector notifies. */
import { VBUS_DOORBELLS, VBUS_INTERRUPTS, type VbusOptions, type Wire } from '@paravirt/machine';
import { oneOf, type Setting, settings } from './settings.ts';
import { suggestion, UsageError } from './usage-error.ts';

export interface VbusOption {
  readonly wire: Wire;
  readonly options: VbusOptions;
}

/** The wires to a vbus. */
export const WIRES: readonly Wire[] = ['pci', 'hypercall'];
const KEYS = ['doorbell', 'interrupts', 'aggregation'];
const SWITCH = ['on', 'off'] as const;

/** @throws UsageError */
export function parseVbus(text: string): VbusOption {
  const [first = '', ...rest] = text.split(',');
  const wire = WIRES.find((each) => each === first);
  if (wire === undefined) throw new UsageError(`--vbus ${text}: no such wire${suggestion(first, WIRES)}`);
  let options: VbusOptions = {};
  for (const { key, value } of settings('--vbus', rest, KEYS)) {
    if (wire !== 'pci' && key !== 'aggregation') throw new UsageError(`--vbus ${text}: ${key} is for the bridge on the wire pci`);
    options = { ...options, ...option({ key, value }) };
  }
  return { wire, options };
}

/** Those of all connectors of the machine: aggregation is one for all. @throws UsageError */
export function vbusOptions(all: readonly VbusOption[]): VbusOptions {
  const aggregation = new Set(all.flatMap(({ options }) => options.aggregation ?? []));
  if (aggregation.size > 1) throw new UsageError('--vbus: aggregation is the same on all wires');
  return Object.assign({}, ...all.map(({ options }) => options));
}

function option({ key, value }: Setting): VbusOptions {
  if (key === 'doorbell') return { doorbell: oneOf('--vbus', key, value, VBUS_DOORBELLS) };
  if (key === 'interrupts') return { interrupts: oneOf('--vbus', key, value, VBUS_INTERRUPTS) };
  return { aggregation: oneOf('--vbus', key, value, SWITCH) === 'on' };
}
