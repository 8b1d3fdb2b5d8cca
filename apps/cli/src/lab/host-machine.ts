/** The machine that measures, in words: for host.json, which tells what a run took and is no part of the report. */
import { availableParallelism, cpus, release, totalmem } from 'node:os';

/** `AMD EPYC-Genoa Processor, 2 processors, 23 GiB, Linux 6.1.0, Node 24.21.0`; one line of at most 200 characters. */
export function hostMachine(): string {
  const model = (cpus()[0]?.model ?? process.arch).replaceAll(/\s+/gu, ' ').trim();
  const system = process.platform === 'linux' ? `Linux ${release()}` : `${process.platform} ${release()}`;
  const words = [model, `${availableParallelism()} processors`, `${Math.floor(totalmem() / 2 ** 30)} GiB`, system];
  return [...words, `Node ${process.versions.node}`].join(', ').slice(0, 200);
}
