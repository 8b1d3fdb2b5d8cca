/**
 * Lives in the trace event format of Chrome, which Perfetto and about:tracing open ["Trace Event Format", Google]. Each ring is a thread
 * of its card; a buffer is an asynchronous slice, since buffers overlap, with a nested slice for who had it: on its way to the device,
 * with the device, on its way back. Notifications are instants.
 */
import { beginning } from './life-table.ts';
import type { BufferLife } from './lives.ts';
import type { RecordedEvent } from './ring-recorder.ts';

interface TraceEvent {
  readonly name: string;
  readonly cat?: string;
  readonly ph: 'M' | 'b' | 'e' | 'i';
  /** µs, with fractions. */
  readonly ts?: number;
  readonly pid: number;
  readonly tid: number;
  readonly id?: number;
  readonly s?: 't' | 'g';
  readonly args?: Readonly<Record<string, string | number>>;
}

/** Text of a JSON file. */
export function chromeTrace(events: readonly RecordedEvent[], lives: readonly BufferLife[]): string {
  const places = new Places();
  const out: TraceEvent[] = [];
  for (const life of lives) addLife(out, life, places.of(life.ring));
  for (const { at, event } of events) {
    if (event.kind === 'doorbell' || event.kind === 'signal')
      out.push({
        name: event.outcome === 'sent' ? event.kind : `${event.kind}: ${event.outcome}`,
        cat: event.kind,
        ph: 'i',
        ts: microseconds(at),
        s: 't',
        ...places.of(event.ring),
      });
    else if (event.kind === 'interrupt')
      out.push({ name: `interrupt: ${event.source}`, cat: 'interrupt', ph: 'i', ts: microseconds(at), s: 'g', ...places.of(event.source) });
  }
  return `${JSON.stringify({ displayTimeUnit: 'ns', traceEvents: [...places.names(), ...out] })}\n`;
}

const microseconds = (ns: bigint): number => Number(ns) / 1000;

/** Who had the buffer, from one step to a later one. */
const STAYS = [
  ['to the device', 'posted', 'seen'],
  ['device', 'seen', 'completed'],
  ['to the driver', 'completed', 'reaped'],
] as const;

function addLife(out: TraceEvent[], life: BufferLife, place: { readonly pid: number; readonly tid: number }): void {
  const { steps, number: id, ring: cat, bytes } = life;
  const name = `buffer ${life.buffer}`;
  const ends = Object.values(steps);
  const start = beginning(life);
  const end = ends.reduce((latest, at) => (at > latest ? at : latest), start);
  const args = { buffer: life.buffer, ...(bytes === undefined ? {} : { bytes }), ...outcomes(life) };
  out.push({ name, cat, ph: 'b', id, ts: microseconds(start), ...place, args });
  for (const [stay, from, to] of STAYS) {
    const first = steps[from];
    const last = steps[to];
    if (first === undefined || last === undefined) continue;
    out.push({ name: stay, cat, ph: 'b', id, ts: microseconds(first), ...place });
    out.push({ name: stay, cat, ph: 'e', id, ts: microseconds(last), ...place });
  }
  out.push({ name, cat, ph: 'e', id, ts: microseconds(end), ...place });
}

const outcomes = ({ doorbell, signal }: BufferLife): Record<string, string> => ({
  ...(doorbell === undefined ? {} : { doorbell: doorbell.outcome }),
  ...(signal === undefined ? {} : { signal: signal.outcome }),
});

/** A card is a process, a ring one of its threads; the source of an interrupt is a process of its own. */
class Places {
  readonly #processes = new Map<string, number>();
  readonly #threads = new Map<string, { readonly pid: number; readonly tid: number }>();

  of(ring: string): { readonly pid: number; readonly tid: number } {
    const known = this.#threads.get(ring);
    if (known !== undefined) return known;
    const card = ring.split('.')[0] ?? ring;
    const pid = this.#processes.get(card) ?? this.#processes.size + 1;
    this.#processes.set(card, pid);
    const place = { pid, tid: this.#threads.size + 1 };
    this.#threads.set(ring, place);
    return place;
  }

  names(): TraceEvent[] {
    return [
      ...[...this.#processes].map(([name, pid]): TraceEvent => ({ name: 'process_name', ph: 'M', pid, tid: 0, args: { name } })),
      ...[...this.#threads].map(([name, place]): TraceEvent => ({ name: 'thread_name', ph: 'M', ...place, args: { name } })),
    ];
  }
}
