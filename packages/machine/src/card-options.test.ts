import { ConfigurationError } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { type CardOptions, type CardPosition, checkCard, checkVbus, optionsOf, type VbusOptions } from './card-options.ts';

const message = (run: () => void): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigurationError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'taken';
};

describe('Options of a card', () => {
  it.each<CardPosition & CardOptions>([
    {},
    { interrupts: 'msix-shared', doorbell: 'port', suppression: 'none', place: 'deferred' },
    { interrupts: 'intx', suppression: 'flags', mitigation: { kind: 'timer', ns: 1000 }, place: 'worker' },
    { bus: 'vbus', suppression: 'shm-signal' },
    { bus: 'vbus', wire: 'hypercall', suppression: 'flags' },
    { model: 'venet', suppression: 'shm-signal', mitigation: { kind: 'packets', count: 8, ns: 1000 }, place: 'deferred' },
  ])('go together: %o', (card) => {
    expect(message(() => checkCard(card))).toBe('taken');
  });

  it.each<[CardPosition & CardOptions, string]>([
    [{ model: 'venet', bus: 'pci' }, 'no-such-card: venet is no device of PCI but of a vbus'],
    [{ wire: 'hypercall' }, 'no-such-card: a card on PCI has no wire to a vbus'],
    [{ suppression: 'shm-signal' }, 'bad-card-option: suppression shm-signal: a card on PCI has no shm_signal'],
    [{ doorbell: 'hypercall' as 'port' }, 'bad-card-option: doorbell hypercall: known: mmio, port'],
    [{ interrupts: 'vector' as 'msi' }, 'bad-card-option: interrupts vector: known: msix, msix-shared, msi, intx'],
    [{ place: 'kernel' as 'inline' }, 'bad-card-option: place kernel: known: inline, deferred, worker'],
    [{ bus: 'vbus', interrupts: 'msix' }, 'bad-card-option: interrupts msix: a card on a vbus has those of its connector'],
    [{ model: 'venet', doorbell: 'port' }, 'bad-card-option: doorbell port: a card on a vbus has those of its connector'],
    [{ model: 'venet', suppression: 'event-idx' }, 'bad-card-option: suppression event-idx: venet has its shm_signals and nothing else'],
    [{ bus: 'vbus', suppression: 'none' }, 'bad-card-option: suppression none: a vbus always has shm_signals'],
  ])('do not go together: %o', (card, expected) => {
    expect(message(() => checkCard(card))).toContain(expected);
  });

  it('are told with their defaults', () => {
    const words = { suppression: 'event-idx', mitigation: 'none', place: 'inline' };
    expect(optionsOf({})).toEqual({ interrupts: 'msix', doorbell: 'mmio', ...words });
    expect(optionsOf({ bus: 'vbus', mitigation: { kind: 'poll', ns: 20_000, rounds: 2 } })).toEqual({
      ...words,
      mitigation: 'poll:20us:2',
    });
    expect(optionsOf({ model: 'venet', place: 'deferred' })).toEqual({ suppression: 'shm-signal', mitigation: 'none', place: 'deferred' });
  });
});

describe('Options of connectors', () => {
  it('are for wires that the machine has', () => {
    const check = (options: VbusOptions, wires: readonly ('pci' | 'hypercall')[]): string => message(() => checkVbus(options, wires));
    expect(check({ doorbell: 'mmio', interrupts: 'intx', aggregation: false }, ['pci'])).toBe('taken');
    expect(check({ aggregation: false }, ['hypercall'])).toBe('taken');
    expect(check({ doorbell: 'mmio' }, ['hypercall'])).toBe(
      'no-wire: doorbell mmio is for the vbus bridge on PCI, which the machine does not have',
    );
    expect(check({ aggregation: true }, [])).toBe('no-wire: the machine has no vbus whose interrupts could be aggregated');
    expect(check({ interrupts: 'msix' as 'msi' }, ['pci'])).toBe('bad-card-option: interrupts msix: known: msi, intx');
  });
});
