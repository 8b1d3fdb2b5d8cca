/**
 * From events to lives: what happened to each buffer from `posted` to `reaped`, and which notifications were its own. A doorbell belongs
 * to every buffer that was posted since the one before it; where the driver tells nothing (in a guest), to the buffer that is seen next. A
 * signal belongs to every buffer completed since the one before it, and an interrupt to the signal beside it: a signal without one was
 * carried by an interrupt that was on its way already.
 */
import type { NotificationOutcome } from '@paravirt/bus';
import type { RecordedEvent } from './ring-recorder.ts';

/** In the order of a life. */
export const STEPS = ['posted', 'seen', 'mapped', 'copied', 'completed', 'reaped'] as const;
export type Step = (typeof STEPS)[number];

export interface Notification {
  /** Virtual ns. */
  readonly at: bigint;
  readonly outcome: NotificationOutcome;
}

export interface BufferLife {
  /** Counted from 1, by first event. */
  readonly number: number;
  readonly ring: string;
  readonly buffer: number;
  /** Virtual ns. */
  readonly steps: Readonly<Partial<Record<Step, bigint>>>;
  readonly bytes: number | undefined;
  readonly frame: Uint8Array | undefined;
  readonly doorbell: Notification | undefined;
  readonly signal: Notification | undefined;
  readonly interrupt: { readonly at: bigint; readonly source: string } | undefined;
}

type Growing = {
  -readonly [K in keyof BufferLife]: K extends 'steps' ? Partial<Record<Step, bigint>> : BufferLife[K];
};

interface RingState {
  /** By buffer. */
  readonly open: Map<number, Growing>;
  readonly withoutDoorbell: Set<Growing>;
  readonly withoutSignal: Set<Growing>;
  /** A doorbell for buffers that nobody has told of yet. */
  doorbell: Notification | undefined;
}

/** Steps that only the first of a buffer's steps can be. */
const begins = (step: Step, life: Growing): boolean =>
  step === 'posted' || (step === 'seen' && life.steps.seen !== undefined) || life.steps.reaped !== undefined;

/** The lives in `events`, which are in the order of time. A doorbell that belongs to no buffer has no life: see `notifications` of a ring. */
export function livesOf(events: readonly RecordedEvent[]): BufferLife[] {
  const lives: Growing[] = [];
  const rings = new Map<string, RingState>();
  /** Lives of the signal that was sent just now, and an interrupt that was not beside a signal yet. */
  let signalled: readonly Growing[] = [];
  let interrupt: BufferLife['interrupt'];
  const stateOf = (ring: string): RingState => {
    const known = rings.get(ring);
    if (known !== undefined) return known;
    const made: RingState = { open: new Map(), withoutDoorbell: new Set(), withoutSignal: new Set(), doorbell: undefined };
    rings.set(ring, made);
    return made;
  };
  for (const { at, event, frame } of events) {
    if (event.kind === 'interrupt') {
      interrupt = { at, source: event.source };
      for (const life of signalled) life.interrupt = interrupt;
      if (signalled.length > 0) interrupt = undefined;
      signalled = [];
      continue;
    }
    const beside = interrupt;
    interrupt = undefined;
    signalled = [];
    const state = stateOf(event.ring);
    if (event.kind === 'doorbell') {
      // One that was not rung may yet be followed by one that is.
      state.doorbell = state.withoutDoorbell.size === 0 ? { at, outcome: event.outcome } : undefined;
      for (const life of state.withoutDoorbell) life.doorbell ??= { at, outcome: event.outcome };
      state.withoutDoorbell.clear();
    } else if (event.kind === 'signal') {
      for (const life of state.withoutSignal) {
        if (life.signal === undefined || life.signal.outcome === 'held') life.signal = { at, outcome: event.outcome };
        if (event.outcome === 'sent' && beside !== undefined) life.interrupt = beside;
      }
      if (event.outcome === 'sent' && beside === undefined) signalled = [...state.withoutSignal];
      if (event.outcome !== 'held') state.withoutSignal.clear();
    } else {
      let life = state.open.get(event.buffer);
      if (life === undefined || begins(event.kind, life)) {
        life = {
          number: lives.length + 1,
          ring: event.ring,
          buffer: event.buffer,
          steps: {},
          bytes: undefined,
          frame: undefined,
          doorbell: undefined,
          signal: undefined,
          interrupt: undefined,
        };
        lives.push(life);
        state.open.set(event.buffer, life);
      }
      life.steps[event.kind] ??= at;
      // A copy is as large as the frame; a posted buffer may have more room, and a completion tells what was written.
      if (event.kind === 'copied' || life.bytes === undefined) life.bytes = event.bytes;
      life.frame ??= frame;
      if (event.kind === 'posted') state.withoutDoorbell.add(life);
      if (event.kind === 'seen') {
        state.withoutDoorbell.delete(life);
        if (life.steps.posted === undefined) life.doorbell ??= state.doorbell;
        state.doorbell = undefined;
      }
      if (event.kind === 'completed') state.withoutSignal.add(life);
      if (event.kind === 'reaped') {
        state.open.delete(event.buffer);
        state.withoutSignal.delete(life);
      }
    }
  }
  return lives;
}
