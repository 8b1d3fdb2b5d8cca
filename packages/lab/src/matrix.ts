/**
 * The matrix of card set-ups: which words go together, and all of them that do. Two set-ups that mean the same are written the same, so that
 * a point has one name.
 */
import { parseMitigation } from '@paravirt/bus';
import type { CardSetup } from './point.ts';

/** virtio-net as PCI has it at its best: a vector for each queue, doorbells in memory, event index. */
export const VIRTIO_PCI_MSIX: CardSetup = {
  model: 'virtio-net',
  bus: 'pci',
  interrupts: 'msix',
  doorbell: 'mmio',
  suppression: 'event-idx',
  mitigation: 'none',
  place: 'inline',
  aggregation: false,
};
export const VIRTIO_VBUS_BRIDGE: CardSetup = {
  ...VIRTIO_PCI_MSIX,
  bus: 'vbus',
  wire: 'pci',
  interrupts: 'msi',
  doorbell: 'port',
  aggregation: true,
};
export const VIRTIO_VBUS_HYPERCALL: CardSetup = { ...VIRTIO_VBUS_BRIDGE, wire: 'hypercall', interrupts: 'vector', doorbell: 'hypercall' };
export const VENET_BRIDGE: CardSetup = { ...VIRTIO_VBUS_BRIDGE, model: 'venet', suppression: 'shm-signal' };
export const VENET_HYPERCALL: CardSetup = { ...VIRTIO_VBUS_HYPERCALL, model: 'venet', suppression: 'shm-signal' };

/** Why a card cannot be set up that way, in one line; undefined if it can. */
export function isInvalid(setup: CardSetup): string | undefined {
  const { model, bus, wire, interrupts, doorbell, suppression, aggregation } = setup;
  try {
    parseMitigation(setup.mitigation);
  } catch (error) {
    return (error as Error).message;
  }
  if (bus === 'pci') {
    if (model === 'venet') return 'venet is a device of a vbus';
    if (wire !== undefined) return 'a card on PCI has no wire to a vbus';
    if (aggregation) return 'on PCI there is no connector that would aggregate';
    if (interrupts === 'vector' || doorbell === 'hypercall') return 'a card on PCI has neither vectors of its own nor hypercalls';
    return suppression === 'shm-signal' ? 'rings on PCI have no shm_signal' : undefined;
  }
  if (wire === undefined) return 'a card on a vbus needs a wire: pci or hypercall';
  if (wire === 'hypercall') {
    if (interrupts !== 'vector') return 'by hypercalls the guest chooses a vector';
    if (doorbell !== 'hypercall') return 'by hypercalls doorbells are hypercalls';
  } else {
    if (interrupts !== 'msi' && interrupts !== 'intx') return 'the PCI bridge of a vbus has one MSI message, or INTx';
    if (doorbell === 'hypercall') return 'the doorbell of the PCI bridge is in a range of ports or memory';
  }
  if (suppression === 'none') return 'doorbells of a vbus are shm_signals, which suppress';
  if (model === 'venet' && suppression !== 'shm-signal') return 'rings of venet have shm_signals only';
  return undefined;
}

export const isValid = (setup: CardSetup): boolean => isInvalid(setup) === undefined;

/** Every set-up with this mitigation; 9 × 3 on PCI and 16 × 3 on a vbus. */
export function allSetups(mitigation = 'none'): readonly CardSetup[] {
  const setups: CardSetup[] = [];
  for (const place of ['inline', 'deferred', 'worker'] as const)
    for (const base of [VIRTIO_PCI_MSIX, VIRTIO_VBUS_BRIDGE, VIRTIO_VBUS_HYPERCALL, VENET_BRIDGE, VENET_HYPERCALL])
      for (const interrupts of ['msix', 'msix-shared', 'msi', 'intx', 'vector'] as const)
        for (const doorbell of ['mmio', 'port', 'hypercall'] as const)
          for (const suppression of ['none', 'flags', 'event-idx', 'shm-signal'] as const)
            for (const aggregation of [true, false]) {
              const setup = { ...base, interrupts, doorbell, suppression, aggregation, mitigation, place };
              if (isValid(setup)) setups.push(setup);
            }
  return setups;
}
