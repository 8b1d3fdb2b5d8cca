/** The cards of a point, all of one kind. */
import type { Point } from '../point.ts';
import type { Board } from './board.ts';
import type { Card } from './card.ts';
import type { Fault } from './nic.ts';
import { VbusSide } from './vbus-side.ts';
import { VenetCard } from './venet-card.ts';
import { VirtioPciCard } from './virtio-pci-card.ts';
import { VirtioVbusCard } from './virtio-vbus-card.ts';

/** @throws ConfigurationError `bad-setup` */
export function makeCards(board: Board, point: Point, fault: Fault | undefined): readonly Card[] {
  const { card: setup, cards, wire: bitsPerSecond = board.options.profile.wire.bitsPerSecond } = point;
  const side = setup.bus === 'pci' ? undefined : new VbusSide(board, setup);
  return Array.from({ length: cards }, (_, index) => {
    const options = { board, setup, index, bitsPerSecond, fault };
    if (side === undefined) return new VirtioPciCard(options);
    return setup.model === 'venet' ? new VenetCard({ ...options, side }) : new VirtioVbusCard({ ...options, side });
  });
}
