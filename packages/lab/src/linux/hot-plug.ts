/**
 * Cards that come and go under a Linux guest. labnet in the guest listens to the kernel, brings up what comes, and marks when its carrier is
 * there and when it has gone. One cycle goes before those that are measured, so that drivers are loaded and caches are warm; nothing in user
 * space but labnet takes part after that.
 */
import type { CardReport } from '@paravirt/machine';
import type { CostProfile } from '../cost/cost-profile.ts';
import type { Measures } from '../measures.ts';
import { accesses, measuresBetween } from './counts.ts';
import type { LinuxGuest } from './linux-guest.ts';
import { MARKS } from './marks.ts';

const NOTHING = { transmitted: 0, received: 0 };

/** Measures cycles from a card that is added to a card that is gone. @throws GuestFailure */
export async function runHotPlug(guest: LinuxGuest, cycles: number, profile: CostProfile): Promise<Measures> {
  await prepare(guest, cycles + 1);
  await takeAway(guest, await plugIn(guest));
  const before = guest.begin();
  const reports: CardReport[] = [];
  for (let cycle = 0; cycle < cycles; cycle++) {
    const card = await plugIn(guest);
    reports.push(card.report());
    await takeAway(guest, card);
  }
  const after = guest.end();
  const cards = { before: [], after: reports };
  return measuresBetween(before, after, profile, { payload: NOTHING, cards, other: { cycles, ...registers(before.report, after.report) } });
}

/** Measures one card from when it is added until the guest has a carrier. @throws GuestFailure */
export async function runProbe(guest: LinuxGuest, profile: CostProfile): Promise<Measures> {
  await prepare(guest, 2);
  await takeAway(guest, await plugIn(guest));
  const before = guest.begin();
  const card = await plugIn(guest);
  const after = guest.end();
  const cards = { before: [], after: [card.report()] };
  return measuresBetween(before, after, profile, { payload: NOTHING, cards, other: registers(before.report, after.report) });
}

type Card = ReturnType<LinuxGuest['pc']['cards']['add']>;
const goneCards = new WeakSet<Card>();

async function prepare({ run }: LinuxGuest, cycles: number): Promise<void> {
  run.type(`killall mdev; modprobe -a virtio_pci virtio_net virtio_vbus vbus_enet 2> /dev/null; labnet links ${cycles}\n`);
  await run.untilMark(MARKS.begin);
}

async function plugIn(guest: LinuxGuest): Promise<Card> {
  const { run, pc } = guest;
  const card: Card = pc.cards.add(
    guest.hotCard(() => {
      goneCards.add(card);
      pc.stop();
    }),
  );
  await run.untilMark(MARKS.linkUp);
  return card;
}

/** The guest has let go of the interface, and on PCI has ejected the card. */
async function takeAway({ run, pc }: LinuxGuest, card: Card): Promise<void> {
  pc.cards.remove(card.name);
  await run.untilMark(MARKS.linkGone);
  await run.until('the guest does not eject the card', () => goneCards.has(card));
}

/** Accesses that are about the card itself. */
function registers(before: Reports, after: Reports): Readonly<Record<string, number>> {
  const of = (device: string, space: 'ports' | 'mmio'): number => accesses(after[space], device) - accesses(before[space], device);
  return {
    cardAccesses: of('virtio-net', 'ports') + of('virtio-net', 'mmio'),
    hotplugAccesses: of('PCI hot-plug', 'ports'),
    acpiAccesses: of('ACPI', 'ports'),
  };
}
type Reports = Parameters<typeof measuresBetween>[0]['report'];
