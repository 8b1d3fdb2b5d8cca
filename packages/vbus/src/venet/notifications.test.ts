/** When a venet looks at its rings, when it tells its driver, where it does so, and what the trace says of it. */
import { type Mitigation, NO_MITIGATION, type RingEvent } from '@paravirt/bus';
import { plainFrame, RecordingPort, tcpFrame } from '@paravirt/net-backend/testing';
import { describe, expect, it } from 'vitest';
import { LINUX_MODES, type VenetDriverOptions } from '../testing/venet-driver.ts';
import { VenetRig, type VenetRigOptions } from '../testing/venet-rig.ts';
import { CAP_LINKSTATE, CAP_SG, CAP_TSO4, CAP_TXC } from './abi.ts';

const TIMER: Mitigation = { kind: 'timer', ns: 100 };
const POLL: Mitigation = { kind: 'poll', ns: 50, rounds: 2 };
const PACKETS: Mitigation = { kind: 'packets', count: 4, ns: 1000 };

/** A card with a driver that is told what is given in `told`, as the trace has it. */
function started(options: VenetRigOptions = {}, mode: VenetDriverOptions = {}) {
  const told: RingEvent[] = [];
  const ringTrace = (event: RingEvent): void => void told.push(event);
  const rig = new VenetRig({ ringTrace, ringName: 'net0', ...options });
  const { client, driver } = rig.start({ ringLength: 16, ringTrace, ringName: 'net0', ...mode });
  told.length = 0;
  const pass = (ns: number): void => {
    rig.clock.advanceTo(rig.clock.now() + BigInt(ns));
    client.settle();
  };
  const of = (ring: string, kind: RingEvent['kind']): string[] =>
    told.flatMap((event) => (event.kind === kind && 'ring' in event && event.ring === ring && 'outcome' in event ? [event.outcome] : []));
  return { rig, client, driver, told, pass, of, port: rig.port, bells: () => rig.device.doorbells };
}

/** Posts frames, kicking after each, and lets tasklets run. */
function send({ client, driver }: ReturnType<typeof started>, frames: number): void {
  for (let i = 0; i < frames; i++) {
    expect(driver.send(plainFrame(60))).toBe(true);
    client.settle();
  }
}

describe('Mitigation timer', () => {
  it('looks when the time is over, once for all that was posted, and wants no doorbell until then', () => {
    const card = started({ mitigation: TIMER });
    send(card, 5);
    expect([card.port.sent.length, card.bells().tx.wakeups]).toEqual([0, 1]);
    card.pass(99);
    expect(card.port.sent).toHaveLength(0);
    card.pass(1);
    expect(card.port.sent).toHaveLength(5);
    send(card, 1);
    expect([card.port.sent.length, card.bells().tx.wakeups]).toEqual([5, 2]);
    card.pass(100);
    expect(card.port.sent).toHaveLength(6);
    expect(card.rig.clock.nextDeadline).toBeUndefined();
  });

  it('does not concern what comes from the port', () => {
    const card = started({ mitigation: TIMER });
    card.port.deliver(plainFrame(60));
    expect(card.driver.received).toHaveLength(1);
  });

  it('ends with the link', () => {
    const card = started({ mitigation: TIMER });
    send(card, 2);
    card.driver.down();
    card.pass(1000);
    expect([card.port.sent.length, card.rig.device.counters.drops.txLinkDown]).toEqual([0, 2]);
    card.driver.up();
    card.client.settle();
    send(card, 1);
    card.pass(100);
    expect(card.port.sent).toHaveLength(1);
  });
});

describe('Mitigation poll', () => {
  it('looks at once, then again and again until so many looks found nothing; no doorbell is wanted meanwhile', () => {
    const card = started({ mitigation: POLL });
    send(card, 1);
    expect(card.port.sent).toHaveLength(1);
    for (let i = 0; i < 3; i++) {
      send(card, 2);
      card.pass(50);
    }
    expect([card.port.sent.length, card.bells().tx.wakeups]).toEqual([7, 1]);
    card.pass(100);
    expect(card.rig.clock.nextDeadline).toBeUndefined();
    send(card, 1);
    expect([card.port.sent.length, card.bells().tx.wakeups]).toEqual([8, 2]);
  });
});

describe('Mitigation packets', () => {
  it('holds the signals of transmission until there are so many, or so much time has passed', () => {
    const card = started({ mitigation: PACKETS });
    send(card, 3);
    expect([card.port.sent.length, card.driver.transmit.completed, card.bells().tx.rung]).toEqual([3, 2, 0]);
    send(card, 1);
    expect([card.bells().tx.rung, card.bells().tx.held]).toEqual([1, 3]);
    expect(card.of('net0.tx', 'signal')).toEqual(['held', 'held', 'held', 'sent']);
    send(card, 1);
    card.pass(999);
    expect(card.bells().tx.rung).toBe(1);
    card.pass(1);
    expect([card.bells().tx.rung, card.driver.transmit.inFlight]).toEqual([2, 0]);
  });

  it('holds those of reception, and those of completion by event; not the state of the link', () => {
    const card = started({ mitigation: PACKETS }, { eventq: CAP_TXC | CAP_LINKSTATE });
    const { event } = card.bells();
    for (let i = 0; i < 4; i++) card.port.deliver(plainFrame(60));
    expect([card.bells().rx.rung, card.bells().rx.held, card.driver.received.length]).toEqual([1, 3, 4]);
    send(card, 2);
    expect([card.bells().event.rung - event.rung, card.bells().event.held]).toEqual([0, 2]);
    card.rig.device.linkUp = false;
    expect([card.bells().event.rung - event.rung, card.driver.events?.linkStates.at(-1)]).toEqual([1, false]);
    expect(card.driver.transmit.inFlight).toBe(0);
    expect(card.rig.clock.nextDeadline).toBeUndefined();
  });

  it('counts all of a batch, whatever txmitigation says', () => {
    const card = started({ mitigation: PACKETS });
    card.rig.device.settings.transmitMitigation = 10;
    for (let i = 0; i < 9; i++) card.driver.post(plainFrame(60));
    card.driver.kick();
    card.client.settle();
    expect(card.of('net0.tx', 'signal')).toEqual(['held', 'held', 'held', 'sent', 'held', 'held', 'held', 'sent', 'held']);
  });

  it('holds nothing for a driver that polls: it finds everything when it looks', () => {
    const card = started({ mitigation: PACKETS });
    card.driver.disableInterrupts('rx');
    for (let i = 0; i < 3; i++) card.port.deliver(plainFrame(60));
    expect(card.of('net0.rx', 'signal')).toEqual(['suppressed', 'suppressed', 'suppressed']);
    expect(card.driver.poll(2)).toHaveLength(2);
    expect(card.driver.enableInterrupts('rx')).toBe(true);
    expect(card.rig.clock.nextDeadline).toBeUndefined();
  });

  it('tells nothing after DEVCLOSE', () => {
    const card = started({ mitigation: PACKETS });
    send(card, 1);
    card.driver.close();
    expect(card.rig.clock.nextDeadline).toBeUndefined();
  });
});

describe('The place deferred', () => {
  const deferred = (options: VenetRigOptions = {}, mode?: VenetDriverOptions) => {
    const turns: (() => void)[] = [];
    const card = started({ place: 'deferred', defer: (run) => void turns.push(run), ...options }, { ...mode, down: true });
    card.driver.up();
    for (const run of turns.splice(0)) run();
    card.client.settle();
    return { ...card, turns };
  };

  it('looks in the host’s turn only, whatever burstthresh says; one turn for any number of frames', () => {
    const card = deferred();
    card.rig.device.settings.burstThreshold = 1;
    card.rig.clock.advanceTo(1_000_000n);
    send(card, 3);
    expect([card.port.sent.length, card.turns.length, card.bells().tx.wakeups]).toEqual([0, 1, 1]);
    card.turns.shift()?.();
    expect([card.port.sent.length, card.rig.device.counters.txDirect]).toEqual([3, 0]);
  });

  it('is where a port goes on whose frames found no room', () => {
    const card = deferred({}, { ringLength: 2 });
    card.driver.disableInterrupts('rx');
    for (let i = 0; i < 3; i++) card.port.deliver(plainFrame(60));
    expect(card.port.waiting).toBe(1);
    expect(card.driver.poll(2)).toHaveLength(2);
    card.client.settle();
    expect([card.port.waiting, card.turns.length]).toEqual([1, 1]);
    card.turns.shift()?.();
    expect([card.port.waiting, card.driver.poll(2).length]).toEqual([0, 1]);
  });

  it('is the connector’s own later without a `defer`', () => {
    const card = started({ place: 'deferred' });
    card.driver.send(plainFrame(60));
    expect([card.port.sent.length, card.client.deferred.length]).toEqual([0, 1]);
    card.client.settle();
    expect(card.port.sent).toHaveLength(1);
  });

  it('forgets what was put off when the driver goes', () => {
    const card = deferred();
    card.driver.send(plainFrame(60));
    card.driver.close();
    for (const run of card.turns) run();
    expect(card.port.sent).toHaveLength(0);
  });
});

describe('Completions that find no room', () => {
  it('go into slots as the guest gives them back, few or many', () => {
    const card = started({}, { eventq: CAP_TXC, ringLength: 4 });
    card.driver.disableInterrupts('tx');
    let sent = 0;
    while (sent < 100 && card.driver.send(plainFrame(60))) {
      sent++;
      card.client.settle();
    }
    expect([sent, card.rig.device.counters.eventsDelayed]).toEqual([12, 4]);
    for (let taken = 0; taken < sent; taken++) {
      expect(card.driver.reap(1)).toBe(1);
      card.client.settle();
    }
    expect([card.port.sent.length, card.driver.transmit.inFlight]).toEqual([12, 0]);
  });
});

describe('The ring trace', () => {
  it('tells the life of a frame in each direction, by the side that knows it', () => {
    const card = started();
    card.driver.send(plainFrame(60));
    card.client.settle();
    const step = (kind: string, ring: string, buffer: number, bytes: number) => ({ kind, ring, buffer, bytes });
    expect(card.told).toEqual([
      step('posted', 'net0.tx', 0, 60),
      { kind: 'doorbell', ring: 'net0.tx', outcome: 'sent' },
      step('seen', 'net0.tx', 0, 60),
      step('mapped', 'net0.tx', 0, 60),
      step('copied', 'net0.tx', 0, 60),
      step('completed', 'net0.tx', 0, 60),
      step('reaped', 'net0.tx', 0, 60),
      { kind: 'signal', ring: 'net0.tx', outcome: 'sent' },
    ]);
    card.told.length = 0;
    card.port.deliver(plainFrame(70));
    expect(card.told).toEqual([
      ...['seen', 'mapped', 'copied', 'completed', 'reaped'].map((kind) => step(kind, 'net0.rx', 0, 70)),
      // The slot, in the next round.
      step('posted', 'net0.rx', 16, 1518),
      { kind: 'doorbell', ring: 'net0.rx', outcome: 'suppressed' },
      { kind: 'signal', ring: 'net0.rx', outcome: 'sent' },
    ]);
  });

  it.each([
    ['flat', {}],
    ['as Linux has it', LINUX_MODES],
  ] as const)('numbers buffers alike on both sides, round after round: %s', (_, mode) => {
    const card = started({}, mode);
    for (let i = 0; i < 50; i++) {
      card.driver.send(plainFrame(60 + i));
      card.client.settle();
      card.port.deliver(plainFrame(60 + i));
      card.driver.drain();
    }
    for (const ring of ['net0.tx', 'net0.rx', ...('sg' in mode ? ['net0.event'] : [])]) {
      const numbers = (kind: RingEvent['kind']): number[] =>
        card.told.flatMap((event) => (event.kind === kind && 'buffer' in event && event.ring === ring ? [event.buffer] : []));
      const expected = Array.from({ length: 50 }, (_each, i) => i % 32);
      // The state of the link was the first event.
      const start = ring === 'net0.event' ? 1 : 0;
      for (const kind of ['seen', 'completed', 'reaped'] as const)
        expect(numbers(kind)).toEqual(expected.map((number) => (number + start) % 32));
    }
  });

  it('keeps the name of a packet whose slot is in use again', () => {
    const port = new RecordingPort({ checksum: true, segmentation: true, largeReceive: true });
    const card = started({ port }, { sg: CAP_SG | CAP_TSO4, eventq: CAP_TXC, ringLength: 4 });
    port.room = 0;
    const work = { checksum: { start: 34, offset: 16 }, segmentation: { kind: 'tcp4' as const, size: 1448 } };
    for (let i = 0; i < 8; i++) {
      card.driver.send(tcpFrame(2000, { partial: true }), work);
      card.client.settle();
    }
    port.open();
    card.client.settle();
    const completed = card.told.flatMap((event) => (event.kind === 'completed' && event.ring === 'net0.tx' ? [event.buffer] : []));
    expect(completed).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('tells a doorbell that nothing was posted for, and counts it', () => {
    const card = started();
    // Told by force: the device listens, and finds nothing.
    card.driver.transmit.ring.signal?.inject();
    card.client.settle();
    expect([card.of('net0.tx', 'doorbell'), card.bells().tx.spurious]).toEqual([['spurious'], 1]);
    send(card, 1);
    expect([card.of('net0.tx', 'doorbell'), card.bells().tx.spurious]).toEqual([['spurious', 'sent'], 1]);
  });

  it('tells a signal for which the driver finds nothing', () => {
    const card = started();
    card.driver.disableInterrupts('rx');
    card.driver.receive.ring.signal?.wakeup();
    expect(card.of('net0.rx', 'signal')).toEqual(['spurious']);
  });

  it('gives rings the name of the device by default', () => {
    const told: RingEvent[] = [];
    const rig = new VenetRig({ name: 'venet3', mitigation: NO_MITIGATION, ringTrace: (event) => void told.push(event) });
    rig.start();
    rig.port.deliver(plainFrame(60));
    expect(told.every((event) => 'ring' in event && event.ring.startsWith('venet3.'))).toBe(true);
    expect(told.length).toBeGreaterThan(0);
  });
});
