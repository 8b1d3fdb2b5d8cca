/** What the options of `paravirt trace` mean: a card and a workload, or a guest as `paravirt run` has one. */
import { formatMitigation, parseMitigation } from '@paravirt/bus';
import {
  type CardSetup,
  isInvalid,
  type Point,
  parseWorkload,
  VENET_BRIDGE,
  VENET_HYPERCALL,
  VIRTIO_PCI_MSIX,
  VIRTIO_VBUS_BRIDGE,
  VIRTIO_VBUS_HYPERCALL,
} from '@paravirt/lab';
import { checkOptions, type RunOptions } from '../run/options.ts';
import { oneOf, settings } from '../run/settings.ts';
import { UsageError } from '../run/usage-error.ts';
import type { RawTraceOptions, TraceFormat } from './define-options.ts';

export interface TraceOptions {
  readonly format: TraceFormat;
  /** Path; undefined: standard output. */
  readonly out: string | undefined;
  /** Events that are kept. */
  readonly events: number;
  /** A point without its price list, or a guest. */
  readonly what:
    | { readonly point: Omit<Point, 'profile'>; readonly profile: string; readonly guest?: never }
    | { readonly guest: RunOptions };
}

const MOST_EVENTS = 10_000_000;

/** @throws UsageError, ConfigurationError */
export function checkTraceOptions(raw: RawTraceOptions): TraceOptions {
  const { format, out } = raw;
  const events = /^[1-9]\d{0,7}$/.test(raw.events) ? Number(raw.events) : 0;
  if (events < 1 || events > MOST_EVENTS) throw new UsageError(`--events ${raw.events}: not a number from 1 to ${MOST_EVENTS}`);
  const isGuest = [raw.kernel, raw.bios, raw.initrd, raw.append, raw.net].some((given) => given !== undefined);
  if (isGuest) {
    for (const name of ['card', 'workload', 'profile'] as const)
      if (raw[name] !== undefined) throw new UsageError(`--${name} is for a trace without a guest: with one say --net`);
    if (out === undefined) throw new UsageError('the console of the guest is on standard output: give --out FILE for the trace');
    return { format, out, events, what: { guest: checkOptions(raw) } };
  }
  const workload = parseWorkload(raw.workload ?? 'request-response');
  const point = { driver: 'model', card: parseCard(raw.card ?? 'model=virtio-net'), cards: 1, workload } as const;
  return { format, out, events, what: { point, profile: raw.profile ?? '2009' } };
}

const KEYS = ['model', 'bus', 'wire', 'interrupts', 'doorbell', 'suppression', 'mitigation', 'place', 'aggregation'];

/** What is not said is as the card has it at its best. @throws UsageError, ConfigurationError `bad-mitigation` */
export function parseCard(text: string): CardSetup {
  const words = new Map(settings('--card', text.split(','), KEYS).map(({ key, value }) => [key, value]));
  const word = <T extends string>(key: string, known: readonly T[]): T | undefined => {
    const value = words.get(key);
    return value === undefined ? undefined : oneOf('--card', key, value, known);
  };
  const model = word('model', ['virtio-net', 'venet'] as const) ?? 'virtio-net';
  const wire = word('wire', ['pci', 'hypercall'] as const);
  const bus = word('bus', ['pci', 'vbus'] as const) ?? (model === 'venet' || wire !== undefined ? 'vbus' : 'pci');
  const mitigation = words.get('mitigation');
  const base = bus === 'pci' && model === 'virtio-net' ? VIRTIO_PCI_MSIX : onVbus(model, wire ?? 'pci');
  const setup: CardSetup = {
    ...base,
    bus,
    ...(wire === undefined ? {} : { wire }),
    interrupts: word('interrupts', ['msix', 'msix-shared', 'msi', 'intx', 'vector'] as const) ?? base.interrupts,
    doorbell: word('doorbell', ['mmio', 'port', 'hypercall'] as const) ?? base.doorbell,
    suppression: word('suppression', ['none', 'flags', 'event-idx', 'shm-signal'] as const) ?? base.suppression,
    mitigation: mitigation === undefined ? base.mitigation : formatMitigation(parseMitigation(mitigation)),
    place: word('place', ['inline', 'deferred', 'worker'] as const) ?? base.place,
    aggregation: (word('aggregation', ['on', 'off'] as const) ?? (base.aggregation ? 'on' : 'off')) === 'on',
  };
  const why = isInvalid(setup);
  if (why !== undefined) throw new UsageError(`--card ${text}: ${why}`);
  return setup;
}

function onVbus(model: CardSetup['model'], wire: 'pci' | 'hypercall'): CardSetup {
  if (model === 'venet') return wire === 'pci' ? VENET_BRIDGE : VENET_HYPERCALL;
  return wire === 'pci' ? VIRTIO_VBUS_BRIDGE : VIRTIO_VBUS_HYPERCALL;
}
