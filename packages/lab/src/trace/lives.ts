/**
 * From events to lives: what happened to each buffer from `posted` to `reaped`, and which notifications were its own. A doorbell belongs
 * to every buffer that was posted since the one before it; a signal to every buffer completed since the one before it; an interrupt to
 * every buffer whose signal was sent and that had none yet. A side that tells nothing (the driver in a guest) leaves its steps out.
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
}

/** Steps that only the first of a buffer's steps can be. */
const begins = (step: Step, life: Growing): boolean =>
  step === 'posted' || (step === 'seen' && life.steps.seen !== undefined) || life.steps.reaped !== undefined;

/** The lives in `events`, which are in the order of time. A doorbell that belongs to no buffer has no life: see `notifications` of a ring. */
export function livesOf(events: readonly RecordedEvent[]): BufferLife[] {
  const lives: Growing[] = [];
  const rings = new Map<string, RingState>();
  const withoutInterrupt = new Set<Growing>();
  const stateOf = (ring: string): RingState => {
    const known = rings.get(ring);
    if (known !== undefined) return known;
    const made: RingState = { open: new Map(), withoutDoorbell: new Set(), withoutSignal: new Set() };
    rings.set(ring, made);
    return made;
  };
  for (const { at, event, frame } of events) {
    if (event.kind === 'interrupt') {
      for (const life of withoutInterrupt) life.interrupt = { at, source: event.source };
      withoutInterrupt.clear();
      continue;
    }
    const state = stateOf(event.ring);
    if (event.kind === 'doorbell') {
      // One that was not rung may yet be followed by one that is.
      for (const life of state.withoutDoorbell) life.doorbell ??= { at, outcome: event.outcome };
      state.withoutDoorbell.clear();
    } else if (event.kind === 'signal') {
      for (const life of state.withoutSignal) {
        if (life.signal === undefined || life.signal.outcome === 'held') life.signal = { at, outcome: event.outcome };
        if (event.outcome === 'sent') withoutInterrupt.add(life);
      }
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
      if (event.kind === 'seen') state.withoutDoorbell.delete(life);
      if (event.kind === 'completed') state.withoutSignal.add(life);
      if (event.kind === 'reaped') {
        state.open.delete(event.buffer);
        state.withoutSignal.delete(life);
        withoutInterrupt.delete(life);
      }
    }
  }
  return lives;
}
