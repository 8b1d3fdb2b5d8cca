/**
 * How a card and its driver notify each other, and where the card's data path runs: the options of a network card and of the connectors of
 * a vbus, and which of them go together. Not every card has every option: what a card on a vbus notifies by is its connector's.
 *
 *                    interrupts   doorbell   suppression                 mitigation   place
 *   virtio-net, PCI  of the card  of it      none, flags, event-idx      any          any
 *   virtio-net, vbus connector's  the same   shm-signal, and with it the any          not worker
 *                                            flags or event-idx
 *   venet            connector's  the same   shm-signal                  any          not worker
 */
import { ConfigurationError, formatMitigation, type Mitigation, NO_MITIGATION } from '@paravirt/bus';

export type CardInterrupts = 'msix' | 'msix-shared' | 'msi' | 'intx';
export type CardDoorbell = 'mmio' | 'port';
export type CardSuppression = 'none' | 'flags' | 'event-idx' | 'shm-signal';
export type CardPlace = 'inline' | 'deferred' | 'worker';

export interface CardOptions {
  /** Of a card on PCI. `msix-shared`: one vector for all queues. Default: msix. */
  readonly interrupts?: CardInterrupts;
  /** Of a card on PCI: where its notification registers are. Default: mmio. */
  readonly doorbell?: CardDoorbell;
  /** What keeps either side from being told what it knows. Default: event-idx, and the shm_signal for venet. */
  readonly suppression?: CardSuppression;
  /** Default: none. */
  readonly mitigation?: Mitigation;
  /**
   * Where the data path runs. `inline`: in the exit. `deferred`: on the host's event loop, which gets its turn at the next instruction
   * boundary. `worker`: in a thread of its own. Default: inline.
   */
  readonly place?: CardPlace;
}

/** Of the connectors of a machine. */
export interface VbusOptions {
  /** Of the PCI bridge: whether its doorbells are ports or memory. Default: port. */
  readonly doorbell?: 'port' | 'mmio';
  /** Of the PCI bridge. Default: msi. */
  readonly interrupts?: 'msi' | 'intx';
  /** One interrupt for what all signals have to say; false: one for each. Default: true. */
  readonly aggregation?: boolean;
}

/** The words of each option, the default first. */
export const CARD_INTERRUPTS: readonly CardInterrupts[] = ['msix', 'msix-shared', 'msi', 'intx'];
export const CARD_DOORBELLS: readonly CardDoorbell[] = ['mmio', 'port'];
export const CARD_SUPPRESSIONS: readonly CardSuppression[] = ['event-idx', 'flags', 'none', 'shm-signal'];
export const CARD_PLACES: readonly CardPlace[] = ['inline', 'deferred', 'worker'];
export const VBUS_DOORBELLS: readonly ('port' | 'mmio')[] = ['port', 'mmio'];
export const VBUS_INTERRUPTS: readonly ('msi' | 'intx')[] = ['msi', 'intx'];

/** The options of a card as they are in force, in words; on a vbus without those of the connector. */
export interface CardWords {
  readonly interrupts?: CardInterrupts;
  readonly doorbell?: CardDoorbell;
  readonly suppression: CardSuppression;
  /** As `parseMitigation` reads it. */
  readonly mitigation: string;
  readonly place: CardPlace;
}

/** Which card it is and where: what is not said follows from what is. */
export interface CardPosition {
  /** Default: `virtio-net`. */
  readonly model?: 'virtio-net' | 'venet';
  /** Default: `pci`; venet is a device of a vbus only. */
  readonly bus?: 'pci' | 'vbus';
  /** How the guest reaches the vbus. Default: `pci`. */
  readonly wire?: 'pci' | 'hypercall';
}

export const busOf = ({ model, bus }: CardPosition): 'pci' | 'vbus' => bus ?? (model === 'venet' ? 'vbus' : 'pci');

/** What is in force: the defaults are said here and in the docs of `CardOptions`. */
export function optionsOf(card: CardPosition & CardOptions): CardWords {
  const { model, interrupts = 'msix', doorbell = 'mmio', mitigation = NO_MITIGATION, place = 'inline' } = card;
  const { suppression = model === 'venet' ? 'shm-signal' : 'event-idx' } = card;
  const words = { suppression, mitigation: formatMitigation(mitigation), place };
  return busOf(card) === 'pci' ? { interrupts, doorbell, ...words } : words;
}

/** @throws ConfigurationError `no-such-card`, `bad-card-option`. */
export function checkCard(card: CardPosition & CardOptions): void {
  const { model = 'virtio-net', bus, wire, interrupts, doorbell, suppression, place } = card;
  if (model === 'venet' && bus === 'pci') throw new ConfigurationError('no-such-card', 'venet is no device of PCI but of a vbus', bus);
  const onPci = busOf(card) === 'pci';
  if (wire !== undefined && onPci) throw new ConfigurationError('no-such-card', 'a card on PCI has no wire to a vbus', wire);
  known('interrupts', interrupts, CARD_INTERRUPTS);
  known('doorbell', doorbell, CARD_DOORBELLS);
  known('suppression', suppression, CARD_SUPPRESSIONS);
  known('place', place, CARD_PLACES);
  if (place === 'worker' && !onPci) refuse('place', place, 'only virtio-net on PCI can have its data path in a thread');
  if (onPci) {
    if (suppression === 'shm-signal') refuse('suppression', suppression, 'a card on PCI has no shm_signal');
    return;
  }
  for (const [name, value] of Object.entries({ interrupts, doorbell }))
    if (value !== undefined) refuse(name, value, 'a card on a vbus has those of its connector');
  if (model === 'venet' && suppression !== undefined && suppression !== 'shm-signal')
    refuse('suppression', suppression, 'venet has its shm_signals and nothing else');
  if (suppression === 'none') refuse('suppression', suppression, 'a vbus always has shm_signals; shm-signal is without those of virtio');
}

/** @throws ConfigurationError `bad-card-option`, `no-wire`. @param wires Those that the machine has. */
export function checkVbus(options: VbusOptions, wires: readonly ('pci' | 'hypercall')[]): void {
  const { doorbell, interrupts, aggregation } = options;
  known('doorbell', doorbell, VBUS_DOORBELLS);
  known('interrupts', interrupts, VBUS_INTERRUPTS);
  for (const [name, value] of Object.entries({ doorbell, interrupts }))
    if (value !== undefined && !wires.includes('pci'))
      throw new ConfigurationError('no-wire', `${name} ${value} is for the vbus bridge on PCI, which the machine does not have`, value);
  if (aggregation !== undefined && wires.length === 0)
    throw new ConfigurationError('no-wire', 'the machine has no vbus whose interrupts could be aggregated', aggregation);
}

function known(name: string, value: string | undefined, words: readonly string[]): void {
  if (value !== undefined && !words.includes(value)) refuse(name, value, `known: ${words.join(', ')}`);
}

function refuse(name: string, value: string, why: string): never {
  throw new ConfigurationError('bad-card-option', `${name} ${value}: ${why}`, value);
}
