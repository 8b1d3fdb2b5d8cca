/**
 * The networks of a run, by the card that each is plugged into: those of `--net`, and those that come and go while the guest runs. A card
 * that is gone takes its network with it.
 */
import type { NetOptions } from '@paravirt/machine';
import { type NetOption, parseNet } from './net-option.ts';
import { Network } from './network.ts';
import type { FrameCount } from './statistics.ts';
import { WorkerNetwork } from './worker-network.ts';

/** @throws ConfigurationError of either. */
const networkOf = (option: NetOption, startMs: number): Network | WorkerNetwork =>
  option.options.place === 'worker' ? new WorkerNetwork(option, startMs) : new Network(option, startMs);

export class Networks {
  readonly #startMs: number;
  readonly #byCard = new Map<string, Network | WorkerNetwork>();
  readonly #first: readonly NetOptions[];

  /**
   * @param startMs Time of day at the start of the guest.
   * @throws ConfigurationError of a `Network`; nothing stays open then.
   */
  constructor(options: readonly NetOption[], startMs: number) {
    this.#startMs = startMs;
    try {
      this.#first = options.map((option, index) => this.#make(option, `net${index}`));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** For the machine, which calls its cards `net0`, `net1` and so on. */
  get cards(): readonly NetOptions[] {
    return this.#first;
  }

  /** Opens the forwards of all. @throws ConfigurationError (rejects). */
  async open(): Promise<void> {
    for (const network of this.#byCard.values()) await network.open();
  }

  /** What a device is connected to that an administrator makes: a user network of its own. */
  plug(card: string): NetOptions {
    return this.#make(parseNet('user'), card);
  }

  /**
   * Makes a network, lets `add` make its card, and opens its forwards.
   * @throws UsageError, ConfigurationError (rejects): neither is there then.
   */
  async add<Card extends { readonly name: string }>(
    option: NetOption,
    add: (net: NetOptions) => Card,
    remove: (card: Card) => void,
  ): Promise<Card> {
    const network = networkOf(option, this.#startMs);
    let name: string | undefined;
    const disconnect = (): void => {
      network.close();
      if (name !== undefined && this.#byCard.get(name) === network) this.#byCard.delete(name);
    };
    let card: Card;
    try {
      card = add({ ...network.card, disconnect });
    } catch (error) {
      network.close();
      throw error;
    }
    name = card.name;
    this.#byCard.set(name, network);
    try {
      await network.open();
    } catch (error) {
      remove(card);
      throw error;
    }
    return card;
  }

  frames(): FrameCount[] {
    return [...this.#byCard].map(([card, network]) => network.frames(card));
  }

  close(): void {
    for (const network of this.#byCard.values()) network.close();
    this.#byCard.clear();
  }

  #make(option: NetOption, card: string): NetOptions {
    const network = networkOf(option, this.#startMs);
    this.#byCard.set(card, network);
    return {
      ...network.card,
      disconnect: () => {
        network.close();
        if (this.#byCard.get(card) === network) this.#byCard.delete(card);
      },
    };
  }
}
