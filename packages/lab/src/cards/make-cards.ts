/** The cards of a point, all of one kind. */
import type { Point } from '../point.ts';
import type { Board } from './board.ts';
import type { Card } from './card.ts';
import type { Fault } from './nic.ts';
import { VirtioPciCard } from './virtio-pci-card.ts';

/** @throws ConfigurationError `bad-setup` */
export function makeCards(board: Board, point: Point, fault: Fault | undefined): readonly Card[] {
  const { card: setup, cards, wire = board.options.profile.wire.bitsPerSecond } = point;
  return Array.from({ length: cards }, (_, index) => new VirtioPciCard({ board, setup, index, bitsPerSecond: wire, fault }));
}
