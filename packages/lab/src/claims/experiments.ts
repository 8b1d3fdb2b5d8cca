/** All experiments, in the order of the claims that they are about; what was published stands at the end. */
import { aggregation } from './aggregation.ts';
import { channels } from './channels.ts';
import { copies } from './copies.ts';
import { doorbells } from './doorbells.ts';
import type { Experiment } from './experiment.ts';
import { interrupts } from './interrupts.ts';
import { mitigationTimer } from './mitigation-timer.ts';
import { place } from './place.ts';
import { polling } from './polling.ts';
import { probe } from './probe.ts';
import { published } from './published.ts';
import { suppression } from './suppression.ts';
import { virtioOverVbus } from './virtio-over-vbus.ts';

export const EXPERIMENTS: readonly Experiment[] = [
  place,
  doorbells,
  channels,
  interrupts,
  aggregation,
  suppression,
  polling,
  mitigationTimer,
  copies,
  probe,
  virtioOverVbus,
  published,
];
