/** Cards that come: what it takes until their drivers are ready, and how often they can come and go. */
import { ConfigurationError } from '@paravirt/bus';
import type { Board } from '../cards/board.ts';
import type { Card } from '../cards/card.ts';
import type { Nic } from '../cards/nic.ts';

/** A card is plugged into a running guest, driven, and taken away again, so many times. */
export class Plugging {
  cycles = 0;
  failed: string | undefined = undefined;
  readonly #board: Board;
  readonly #card: Card;
  readonly #wanted: number;

  constructor(board: Board, card: Card, wanted: number) {
    this.#board = board;
    this.#card = card;
    this.#wanted = wanted;
  }

  get done(): boolean {
    return this.cycles === this.#wanted;
  }

  start(): void {
    this.#board.kernel.post(() => this.#card.insert((result) => this.#inserted(result)));
  }

  #inserted(result: Nic | ConfigurationError): void {
    if (result instanceof ConfigurationError) this.failed = result.message;
    else this.#board.kernel.post(() => this.#card.remove(() => this.#gone()));
  }

  #gone(): void {
    this.cycles++;
    if (!this.done) this.start();
  }
}
