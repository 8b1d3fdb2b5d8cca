/** PCI against virtual-bus, measured. See README.md. */
export { type Experiment, labPoints, type Plan, type Results, type Scope } from './claims/experiment.ts';
export { EXPERIMENTS } from './claims/experiments.ts';
export type { CostProfile } from './cost/cost-profile.ts';
export { parseProfile } from './cost/parse-profile.ts';
export { profiles } from './cost/profiles.ts';
export { parsePoint, parsePointResult } from './interchange.ts';
export type { GuestImage } from './linux/linux-guest.ts';
export { whyNotLinux } from './linux/set-up.ts';
export {
  allSetups,
  isInvalid,
  isValid,
  VENET_BRIDGE,
  VENET_HYPERCALL,
  VIRTIO_PCI_MSIX,
  VIRTIO_VBUS_BRIDGE,
  VIRTIO_VBUS_HYPERCALL,
} from './matrix.ts';
export type { ExitKind, Measures, PointResult, RoundTrips } from './measures.ts';
export { parseWorkload } from './parse-workload.ts';
export { type CardSetup, type Point, pointName, type Workload, workloadName } from './point.ts';
export { formatCell, formatNumber, isNumeric, NO_VALUE } from './report/format.ts';
export { renderJson } from './report/json.ts';
export { LAB_VERSION, makeReport } from './report/make-report.ts';
export type { Cell, Chart, Column, Effect, Report, Section, Table, Verdict } from './report/report.ts';
export { renderText, type TextOptions } from './report/text.ts';
export { layoutTable } from './report/text-table.ts';
export { checkPoint, type LabContext, type RunTrace, runPoint } from './run-point.ts';
export { chromeTrace } from './trace/chrome-trace.ts';
export { lifeCapture } from './trace/life-capture.ts';
export { lifeTable } from './trace/life-table.ts';
export { type BufferLife, livesOf, type Notification, STEPS, type Step } from './trace/lives.ts';
export { type RecordedEvent, RingRecorder, type RingRecorderOptions } from './trace/ring-recorder.ts';
