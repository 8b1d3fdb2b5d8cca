/** What `--stats` prints. */
import type { AccessCount, CardReport, ConnectorReport, ExitReport } from '@paravirt/machine';
import type { EngineName, EngineStatistics } from '@paravirt/x86-core';

/** Frames through one card's cable, as the guest sees the directions. */
export interface FrameCount {
  readonly card: string;
  readonly transmittedFrames: number;
  readonly transmittedBytes: number;
  readonly receivedFrames: number;
  readonly receivedBytes: number;
}

/** What the engine tells of itself: counts, and groups of counts. Which there are depends on the engine. */
export type EngineReport = { readonly name: EngineName } & Partial<EngineStatistics>;

export interface Statistics extends ExitReport {
  readonly engine: EngineReport;
  /** Of the run, on the host. */
  readonly hostSeconds: number;
  readonly millionInstructionsPerSecond: number;
  readonly frames: readonly FrameCount[];
  /** Largest size of the process, in bytes. */
  readonly peakMemory: number;
}

/** `exits.pageCrossing` as `exits, page crossing`. */
const spelled = (path: readonly string[]): string =>
  path.map((name) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)).join(', ');

/** Counts with what they count, groups opened up. */
function* counts(group: object, path: readonly string[] = []): Generator<readonly [string, number]> {
  for (const [name, value] of Object.entries(group) as [string, unknown][]) {
    const here = [...path, name];
    if (typeof value === 'number') yield [spelled(here), value];
    else if (typeof value === 'object' && value !== null) yield* counts(value, here);
  }
}

/** Of an average frame: 0.0123, 1.50, 1,504. */
const fraction = (n: number): string => (n >= 100 ? Math.round(n).toLocaleString('en-US') : n >= 1 ? n.toFixed(2) : n.toFixed(4));

/** What a card did, and what an average frame of it cost. */
function* cardRows(c: CardReport): Generator<readonly [string, string]> {
  const count = (n: number): string => n.toLocaleString('en-US');
  const where = c.bus === 'pci' ? 'pci' : `vbus over ${c.wire ?? 'nothing'}`;
  yield [c.card, `${c.model} on ${where}`];
  yield [
    'options',
    Object.entries(c.options)
      .map(([name, word]) => `${name}=${word}`)
      .join(', '),
  ];
  yield ['exits', count(c.exits)];
  yield ['doorbells', `${count(c.doorbells.rung)} rung, ${count(c.doorbells.spurious)} spurious, ${count(c.doorbells.saved)} saved`];
  yield ['signals', `${count(c.signals.sent)} sent, ${count(c.signals.suppressed)} suppressed, ${count(c.signals.held)} held`];
  yield ['interrupts', count(c.interrupts)];
  yield ['frames', `${count(c.frames.transmitted)} sent, ${count(c.frames.received)} received`];
  yield ['bytes', `${count(c.bytes.transmitted)} sent, ${count(c.bytes.received)} received`];
  yield ['bytes copied', `${count(c.copiedBytes.transmitted)} sent, ${count(c.copiedBytes.received)} received`];
  if (c.perFrame === undefined) return;
  for (const [name, value] of counts(c.perFrame)) yield [`${name} per frame`, fraction(value)];
}

function* connectorRows(c: ConnectorReport): Generator<readonly [string, string]> {
  const count = (n: number): string => n.toLocaleString('en-US');
  yield [c.connector, `bus ${c.bus}`];
  yield ['calls', `${count(c.bridgeCalls)} bridge, ${count(c.busCalls)} bus`];
  yield ['doorbells', `${count(c.doorbells)} of devices, ${count(c.kicks)} of the event queue`];
  yield ['events', `${count(c.events)}, ${count(c.signals)} signals`];
  yield ['interrupts', count(c.interrupts)];
  yield ['coalesced', `${count(c.coalesced.same)} signals of the same device, ${count(c.coalesced.other)} of another`];
  if (c.signalsPerInterrupt !== undefined) yield ['signals per interrupt', fraction(c.signalsPerInterrupt)];
}

/** One line. */
export const asJson = (statistics: Statistics): string => `${JSON.stringify(statistics)}\n`;

/** A table for people. */
export function asText(s: Statistics): string {
  const count = (n: number): string => n.toLocaleString('en-US');
  const accesses = (kind: string, list: readonly AccessCount[]): string[] =>
    list.map((a) => `${`${kind} ${a.device}`.padEnd(28)} ${count(a.reads).padStart(14)} reads ${count(a.writes).padStart(14)} writes`);
  const countOrFraction = (n: number): string => (Number.isInteger(n) ? count(n) : n.toFixed(1));
  const row = (name: string, value: string): string => `${name.padEnd(28)} ${value.padStart(14)}`;
  const table = (rows: Iterable<readonly [string, string]>): string[] =>
    [...rows].map(([name, value], index) => (index === 0 ? `${name}: ${value}` : `  ${name.padEnd(26)} ${value}`));
  const frames = s.cards.reduce((sum, card) => sum + card.frames.transmitted + card.frames.received, 0);
  return [
    row('instructions', count(s.instructions)),
    row('million instructions/s', s.millionInstructionsPerSecond.toFixed(1)),
    row('host seconds', s.hostSeconds.toFixed(2)),
    row('virtual seconds', s.virtualSeconds.toFixed(2)),
    row('peak memory, MiB', (s.peakMemory / 2 ** 20).toFixed(0)),
    ...[...counts(s.exits)].map(([kind, value]) => row(`CPU exits, ${kind}`, count(value))),
    row('interrupts', count(s.interrupts)),
    ...s.sources.map((source) => row(`interrupts, ${source.name}`, count(source.count))),
    ...s.vectors.map((vector) => row(`interrupts, vector ${vector.name}`, count(vector.count))),
    row('resets', count(s.resets)),
    row('engine', s.engine.name),
    ...[...counts(s.engine)].map(([name, value]) => row(name, countOrFraction(value))),
    ...accesses('port', s.ports),
    ...accesses('memory', s.mmio),
    ...accesses('MSR', s.msrs),
    ...s.frames.flatMap((f) => [
      `${row(`${f.card} frames sent`, count(f.transmittedFrames))}   ${count(f.transmittedBytes)} bytes`,
      `${row(`${f.card} frames received`, count(f.receivedFrames))}   ${count(f.receivedBytes)} bytes`,
    ]),
    ...s.cards.flatMap((card) => table(cardRows(card))),
    ...s.connectors.flatMap((connector) => table(connectorRows(connector))),
    ...(frames === 0
      ? []
      : [row('CPU exits per frame', fraction(s.exits.total / frames)), row('interrupts per frame', fraction(s.interrupts / frames))]),
    '',
  ].join('\n');
}
