/**
 * Who takes part: card set-ups by the names under which they appear in tables and charts. A contender differs from the next one in as few
 * words of its set-up as can be, so that a difference in figures has one cause.
 */
import { VENET_BRIDGE, VENET_HYPERCALL, VIRTIO_PCI_MSIX, VIRTIO_VBUS_BRIDGE } from '../matrix.ts';
import type { CardSetup, Point, Workload } from '../point.ts';
import type { Plan } from './experiment.ts';

export interface Contender {
  readonly name: string;
  readonly card: CardSetup;
}

/** virtio-net as PCI has it at its best: modern, a vector for each queue, event index. */
export const virtioPci: Contender = { name: 'virtio-net on PCI', card: VIRTIO_PCI_MSIX };
export const virtioVbus: Contender = { name: 'virtio-net over vbus', card: VIRTIO_VBUS_BRIDGE };
export const venetPci: Contender = { name: 'venet, PCI bridge', card: VENET_BRIDGE };
export const venetHypercall: Contender = { name: 'venet, hypercalls', card: VENET_HYPERCALL };

/** The four ABIs of the debate, each with the defaults of its kind. The first is what others are compared with. */
export const ABIS: readonly Contender[] = [virtioPci, virtioVbus, venetPci, venetHypercall];

/** A contender with some words of its set-up changed. */
export const vary = ({ card }: Contender, name: string, change: Partial<CardSetup>): Contender => ({ name, card: { ...card, ...change } });

export interface PointOptions {
  readonly cards?: number;
  readonly driver?: Point['driver'];
  /** Bits per second, instead of the price list's. */
  readonly wire?: number;
  /** Name of one of the plan's price lists; default: the principal one. */
  readonly profile?: string;
}

export function pointOf(
  plan: Plan,
  { card }: Contender,
  workload: Workload,
  { cards = 1, driver = 'model', wire, profile = principal(plan) }: PointOptions = {},
): Point {
  return { driver, card, cards, workload, profile, ...(wire === undefined ? {} : { wire }) };
}

/** Name of the price list that verdicts are made with. */
export const principal = ({ profiles }: Plan): string => profiles[0]?.name ?? '2009';
