/** PCI against virtual-bus, measured. See README.md. */
export type { CostProfile } from './cost/cost-profile.ts';
export { parsePoint, parsePointResult } from './interchange.ts';
export type { ExitKind, Measures, PointResult, RoundTrips } from './measures.ts';
export { type CardSetup, type Point, pointName, type Workload, workloadName } from './point.ts';
export type { Cell, Chart, Column, Report, Section, Table, Verdict } from './report/report.ts';
