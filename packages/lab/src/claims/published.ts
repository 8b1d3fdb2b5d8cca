/** Section 3 of the facts: what was published in 2009, beside the same set-up here: venet and userspace virtio at a gigabit. */
import type { Measures } from '../measures.ts';
import type { Workload } from '../point.ts';
import { type Contender, type PointOptions, pointOf, vary, venetPci, virtioPci } from './cards.ts';
import { bars } from './chart.ts';
import { Evidence, sectionOf, tabulate } from './evidence.ts';
import type { Experiment, Plan } from './experiment.ts';
import {
  cpuLoad,
  doorbellsPerFrame,
  exitsPerSecond,
  type FigureOf,
  framesPerSecond,
  interruptsPerSecond,
  interruptsSaved,
  kindPerFrame,
  signalsPerInterrupt,
  throughput,
} from './figures.ts';
import { besideLinux, linuxPoints } from './linux.ts';
import { known, verdictOf } from './verdict.ts';
import { amount, finding, isSubstantial, percent, ratioOf } from './words.ts';
import { titleOf, workloadsOf } from './workloads.ts';

/** Its rig: prices of its time, plain gigabit Ethernet, a host of four cores. */
const RIG = { profile: '2009', wire: 1_000_000_000 } as const satisfies PointOptions;
const CORES = 4;

/** [Haskins, 30 Sep 2009] Counters of the bridge over 10.01 s, and kvm_stat. */
const PUBLISHED = {
  throughput: 940.77,
  events: 170_048,
  interrupts: 151_918,
  seconds: 10.01,
  exits: { virtio: 65_000, venet: 36_000 },
  hostShare: { virtio: 0.3, venet: 0.19 },
} as const;
/** Full frames a second that such a throughput takes: 1,448 bytes of TCP payload each, with timestamps. */
const PUBLISHED_FRAMES = (PUBLISHED.throughput * 1e6) / 8 / 1448;
const PUBLISHED_SIGNALS = PUBLISHED.events / PUBLISHED.seconds;
const PUBLISHED_SAVED = 1 - PUBLISHED.interrupts / PUBLISHED.events;

/** virtio as the userspace device of 2009 had it: port, flags (the event index is of 2011), timer of 150 µs. */
const virtioUser = vary(virtioPci, 'virtio-net, user space, timer', {
  doorbell: 'port',
  suppression: 'flags',
  mitigation: 'timer:150us',
  place: 'deferred',
});
const virtioNoTimer = vary(virtioUser, 'virtio-net, user space, no timer', { mitigation: 'none' });
const virtioKernel = vary(virtioUser, 'virtio-net, kernel', { mitigation: 'none', place: 'inline' });
const venetInline = vary(venetPci, 'venet, in the exit', {});
const venetWorker = vary(venetPci, 'venet, in a thread', { place: 'worker' });
const CONTENDERS: readonly Contender[] = [virtioUser, virtioNoTimer, virtioKernel, venetInline, venetWorker];
const WITH_LINUX: readonly Contender[] = [virtioUser, venetInline];

const streams = (plan: Plan): readonly [Workload, Workload] => [workloadsOf(plan).bulkDown, workloadsOf(plan).bulkUp];
const hasPrices = ({ profiles }: Plan): boolean => profiles.some(({ name }) => name === RIG.profile);

export const published: Experiment = {
  id: 'published',
  title: 'Against what was published in 2009',

  points: (plan) =>
    hasPrices(plan)
      ? [
          ...CONTENDERS.flatMap((each) => streams(plan).map((workload) => pointOf(plan, each, workload, RIG))),
          ...linuxPoints(plan, WITH_LINUX, [workloadsOf(plan).bulkDown], RIG),
        ]
      : [],

  evaluate(results, plan) {
    const evidence = new Evidence(results);
    const rows = (hasPrices(plan) ? streams(plan) : []).flatMap((workload) =>
      CONTENDERS.map((contender) => ({ workload, contender, measures: evidence.of(pointOf(plan, contender, workload, RIG)) })),
    );
    type Row = (typeof rows)[number];
    const [down, up] = streams(plan);
    const of = (contender: Contender, workload: Workload): Measures | undefined =>
      rows.find((row) => row.contender === contender && row.workload === workload)?.measures;
    /** virtio in user space divided by venet, the exit's or the thread's: whichever is the nearer to what was published is told, both are shown. */
    const between = (figure: FigureOf, venet: Contender, workload: Workload) =>
      ratioOf(figure(of(virtioUser, workload)), figure(of(venet, workload)));
    const kilo = (value: number | undefined): number | undefined => known(value, (some) => some / 1e3);
    const ofHost: FigureOf = (measures) => known(cpuLoad(measures), (load) => (load / CORES) * 100);
    const saved: FigureOf = (measures) => known(interruptsSaved(measures), (share) => share * 100);

    interface Line {
      readonly what: string;
      readonly published: number;
      readonly ours: (workload: Workload) => number | undefined;
    }
    const compared: readonly Line[] = [
      { what: 'Throughput of venet, Mb/s', published: PUBLISHED.throughput, ours: (workload) => throughput(of(venetWorker, workload)) },
      {
        what: 'Exits of userspace virtio, k/s',
        published: PUBLISHED.exits.virtio / 1e3,
        ours: (workload) => kilo(exitsPerSecond(of(virtioUser, workload))),
      },
      {
        what: 'Exits of venet, k/s',
        published: PUBLISHED.exits.venet / 1e3,
        ours: (workload) => kilo(exitsPerSecond(of(venetWorker, workload))),
      },
      {
        what: 'Exits, userspace virtio divided by venet',
        published: PUBLISHED.exits.virtio / PUBLISHED.exits.venet,
        ours: (workload) => between(exitsPerSecond, venetWorker, workload),
      },
      {
        what: 'CPU of userspace virtio, % of four cores',
        published: PUBLISHED.hostShare.virtio * 100,
        ours: (workload) => ofHost(of(virtioUser, workload)),
      },
      {
        what: 'CPU of venet, % of four cores',
        published: PUBLISHED.hostShare.venet * 100,
        ours: (workload) => ofHost(of(venetWorker, workload)),
      },
      {
        what: 'CPU, userspace virtio divided by venet',
        published: PUBLISHED.hostShare.virtio / PUBLISHED.hostShare.venet,
        ours: (workload) => between(cpuLoad, venetWorker, workload),
      },
      {
        what: 'Interrupts of venet, k/s',
        published: PUBLISHED.interrupts / PUBLISHED.seconds / 1e3,
        ours: (workload) => kilo(interruptsPerSecond(of(venetWorker, workload))),
      },
      {
        what: 'Interrupts saved by aggregation, %',
        published: PUBLISHED_SAVED * 100,
        ours: (workload) => saved(of(venetWorker, workload)),
      },
    ];
    const exitRatio = between(exitsPerSecond, venetWorker, down);
    const cpuRatio = between(cpuLoad, venetWorker, down);
    const savedDown = interruptsSaved(of(venetWorker, down));
    const thousands = (contender: Contender) => amount(kilo(exitsPerSecond(of(contender, down))));
    const framesPerSignal = (contender: Contender) => ratioOf(of(contender, down)?.frames.received, of(contender, down)?.signals.sent);
    const ofInterrupts = (contender: Contender): string | undefined => {
      const kinds = (['kick', 'interruptWindow', 'endOfInterrupt'] as const).map((kind) => kindPerFrame(kind)(of(contender, down)));
      return kinds.includes(undefined) ? undefined : kinds.map((each) => amount(each)).join(' + ');
    };
    const beside = hasPrices(plan) ? besideLinux(evidence, plan, WITH_LINUX, [down], RIG) : { tables: [], findings: [] };

    const section = sectionOf(published, evidence, {
      claim: {
        number: '§3',
        by: 'Gregory Haskins, 30 September 2009',
        text:
          'netperf TCP_STREAM over gigabit Ethernet: 940.77 Mb/s; userspace virtio 65,000 exits a second and 30 % of a quad core, venet 36,000 and 19 %; ' +
          '170,048 signals in 151,918 interrupts, 10.7 % fewer.',
        counter:
          'Unfair: userspace virtio against venet in the kernel; and three exits for an interrupt only if the guest runs with interrupts off (Avi Kivity).',
      },
      experiment:
        'The rig as far as it is known: a wire of 1 Gb/s, the prices of 2009; virtio-net in user space with port, flags and a timer of 150 µs, venet in a thread and in the exit. Which way the stream went is not known, ' +
        'so both are shown. Steps in between: without the timer; the same virtio in the kernel.',
      tables: [
        tabulate<Line>(
          'Published and here (venet in a thread)',
          [
            { name: 'Figure', of: ({ what }) => what },
            { name: 'Published', digits: 2, of: ({ published: figure }) => figure },
            { name: 'Here, down', digits: 2, of: ({ ours }) => ours(down) },
            { name: 'Ratio', digits: 2, of: ({ ours, published: figure }) => ratioOf(ours(down), figure) },
            { name: 'Here, up', digits: 2, of: ({ ours }) => ours(up) },
            { name: 'Ratio, up', digits: 2, of: ({ ours, published: figure }) => ratioOf(ours(up), figure) },
          ],
          compared,
        ),
        tabulate<Row>(
          'Step by step',
          [
            { name: 'Stream', of: ({ workload }) => titleOf(workload) },
            { name: 'Card', of: ({ contender }) => contender.name },
            { name: 'Throughput', unit: 'Mb/s', digits: 1, of: ({ measures }) => throughput(measures) },
            { name: 'Frames', unit: 'k/s', digits: 1, of: ({ measures }) => kilo(framesPerSecond(measures)) },
            { name: 'Exits', unit: 'k/s', digits: 1, of: ({ measures }) => kilo(exitsPerSecond(measures)) },
            { name: 'Doorbells per frame', digits: 3, of: ({ measures }) => doorbellsPerFrame('rung')(measures) },
            { name: 'Interrupts', unit: 'k/s', digits: 1, of: ({ measures }) => kilo(interruptsPerSecond(measures)) },
            { name: 'Signals per interrupt', digits: 2, of: ({ measures }) => signalsPerInterrupt(measures) },
            { name: 'CPU', unit: '% of 4 cores', digits: 1, of: ({ measures }) => ofHost(measures) },
          ],
          rows,
        ),
        ...beside.tables,
      ],
      charts: [
        bars(
          'Exits a second at a gigabit',
          'k/s',
          rows.map(({ workload, contender, measures }) => ({
            x: contender.name,
            series: titleOf(workload),
            y: kilo(exitsPerSecond(measures)),
          })),
        ),
      ],
      findings: [
        ...finding`Exits of userspace virtio divided by those of venet: ${amount(PUBLISHED.exits.virtio / PUBLISHED.exits.venet)} published, here ${amount(exitRatio)} (down) and ${amount(between(exitsPerSecond, venetWorker, up))} (up). CPU: ${amount(PUBLISHED.hostShare.virtio / PUBLISHED.hostShare.venet)} published, here ${amount(cpuRatio)} (down) and ${amount(between(cpuLoad, venetWorker, up))} (up).`,
        ...finding`Interrupts saved by aggregation: ${percent(PUBLISHED_SAVED)} published; here ${percent(savedDown)} (down) and ${percent(interruptsSaved(of(venetWorker, up)))} (up) in a thread, ${percent(interruptsSaved(of(venetInline, down)))} and ${percent(interruptsSaved(of(venetInline, up)))} in the exit.`,
        ...finding`Thousands of exits a second, down: userspace virtio with its timer ${thousands(virtioUser)}, without ${thousands(virtioNoTimer)}; the same virtio in the kernel ${thousands(virtioKernel)}; venet in the exit ${thousands(venetInline)}, in a thread ${thousands(venetWorker)}. The third and the fourth differ in the ABI only.`,
        ...finding`Exits that interrupts bring, for a frame (kick + window + end; down): ${ofInterrupts(virtioUser)} with userspace virtio, ${ofInterrupts(venetWorker)} with venet in a thread.`,
        ...finding`Published are ${amount(PUBLISHED_SIGNALS / 1e3)} thousand signals a second for some ${amount(PUBLISHED_FRAMES / 1e3)} thousand full frames, ${amount(PUBLISHED_FRAMES / PUBLISHED_SIGNALS)} for each signal; here it is ${amount(framesPerSignal(venetWorker))} (venet in a thread, down). There as here the host’s network card moderates its interrupts and hands frames up in bursts; how long theirs were is not known, and nothing here puts segments together (GRO), so that every second frame is acknowledged by one of its own.`,
        'Where they differ: the guest of the model driver does nothing beside the stream, so that it has no exits of timer ticks, of a console or of other devices, and takes interrupts whenever one comes; the ' +
          'published rig had all of these in its 65,000 and 36,000. How many frames its TCP acknowledged at once is not known either. Ratios say more than absolute figures.',
        ...beside.findings,
      ],
      verdict: verdictOf([
        known(exitRatio, isSubstantial),
        known(cpuRatio, isSubstantial),
        known(savedDown, (share) => share >= PUBLISHED_SAVED / 2),
      ]),
      effects: [],
    });
    return hasPrices(plan)
      ? section
      : {
          ...section,
          findings: [`Nothing was measured: the comparison is made with the prices of ${RIG.profile}, which were not asked for.`],
        };
  },
};
