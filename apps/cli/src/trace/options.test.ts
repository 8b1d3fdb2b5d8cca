import { ConfigurationError } from '@paravirt/bus';
import { VENET_HYPERCALL, VIRTIO_PCI_MSIX, VIRTIO_VBUS_BRIDGE } from '@paravirt/lab';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../run/usage-error.ts';
import type { RawTraceOptions } from './define-options.ts';
import { checkTraceOptions, parseCard } from './options.ts';

const raw = (given: Partial<RawTraceOptions> = {}): RawTraceOptions => ({
  format: 'table',
  events: '100000',
  memory: '512M',
  unknownOpcodes: 'fault',
  debugConsole: 'stdout',
  ...given,
});

describe('paravirt trace --card', () => {
  it('is the card at its best where nothing is said', () => {
    expect(parseCard('model=virtio-net')).toEqual(VIRTIO_PCI_MSIX);
    expect(parseCard('wire=pci')).toEqual(VIRTIO_VBUS_BRIDGE);
    expect(parseCard('model=venet,wire=hypercall')).toEqual(VENET_HYPERCALL);
  });

  it('takes every word of a set-up', () => {
    expect(parseCard('interrupts=intx,doorbell=port,suppression=flags,mitigation=timer:150us,place=worker')).toEqual({
      ...VIRTIO_PCI_MSIX,
      interrupts: 'intx',
      doorbell: 'port',
      suppression: 'flags',
      mitigation: 'timer:150us',
      place: 'worker',
    });
    expect(parseCard('model=venet,aggregation=off').aggregation).toBe(false);
  });

  it.each(['', 'model=e1000', 'model', 'model=venet,bus=pci', 'colour=red', 'place=inline,place=worker', 'wire=hypercall,interrupts=msi'])(
    'refuses "%s" with a line of help',
    (text) => expect(() => parseCard(text)).toThrow(UsageError),
  );

  it('refuses a mitigation that is none', () => {
    expect(() => parseCard('mitigation=timer')).toThrow(ConfigurationError);
  });
});

describe('paravirt trace', () => {
  it('follows a request and its answer through virtio-net on PCI unless something else is asked for', () => {
    expect(checkTraceOptions(raw()).what).toMatchObject({
      point: { driver: 'model', card: VIRTIO_PCI_MSIX, workload: { kind: 'request-response' } },
      profile: '2009',
    });
  });

  it('follows the cards of a guest when there is one, into a file', () => {
    const { what } = checkTraceOptions(raw({ kernel: 'vmlinuz', out: 'trace.json' }));
    expect(what.guest?.kernel).toBe('vmlinuz');
    expect(() => checkTraceOptions(raw({ kernel: 'vmlinuz' }))).toThrow(/--out/);
    expect(() => checkTraceOptions(raw({ kernel: 'vmlinuz', out: 'x', card: 'model=venet' }))).toThrow(/--card/);
    expect(() => checkTraceOptions(raw({ net: ['user'], out: 'x' }))).toThrow(UsageError);
  });

  it.each(['0', '-1', 'x', '99999999999'])('refuses to keep %s events', (events) => {
    expect(() => checkTraceOptions(raw({ events }))).toThrow(UsageError);
  });
});
