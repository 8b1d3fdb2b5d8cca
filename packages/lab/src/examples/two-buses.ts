import { type CardSetup, profiles, runPoint, VENET_HYPERCALL, VIRTIO_PCI_MSIX } from '@paravirt/lab';

/** Two cards at once, 500 requests and answers on each, with the prices of 2009. */
async function measure(card: CardSetup): Promise<string> {
  const workload = { kind: 'request-response', count: 500, size: 64 } as const;
  const result = await runPoint({ driver: 'model', card, cards: 2, workload, profile: '2009' }, { profiles });
  if ('failed' in result) return result.failed;
  const { exits, interrupts, roundTrips } = result.measures;
  const left = exits.mmio + exits.hypercall;
  return `${left} doorbells, ${interrupts} interrupts, ${exits.endOfInterrupt} of them ended by an exit, ${roundTrips?.median} ns there and back`;
}

export const found: readonly string[] = [await measure(VIRTIO_PCI_MSIX), await measure(VENET_HYPERCALL)];
