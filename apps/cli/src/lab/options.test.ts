import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../run/usage-error.ts';
import {
  checkLabOptions,
  checkWorkerOptions,
  defineLabOptions,
  defineWorkerOptions,
  type LabOptions,
  type RawLabOptions,
  type RawWorkerOptions,
} from './options.ts';

function labOptions(...args: readonly string[]): LabOptions {
  const command = defineLabOptions(new Command()).exitOverride();
  return checkLabOptions(command.parse(args, { from: 'user' }).opts<RawLabOptions>());
}

function workerOptions(...args: readonly string[]): ReturnType<typeof checkWorkerOptions> {
  const command = defineWorkerOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return checkWorkerOptions(command.parse(args, { from: 'user' }).opts<RawWorkerOptions>());
}

describe('paravirt lab', () => {
  it('measures everything here, with a Linux guest, if nothing else is said', () => {
    expect(labOptions()).toEqual({
      scope: 'full',
      only: undefined,
      profiles: undefined,
      out: 'lab-report',
      image: undefined,
      linux: true,
      workers: availableParallelism(),
      nats: undefined,
      resume: false,
    });
  });

  it('takes what is said', () => {
    const args = ['--quick', '--only', 'probe', 'copies', '--profile', '2026', 'mine.json', '--out', 'o', '--image', 'i', '--resume'];
    expect(labOptions(...args, '--workers', '3', '--nats', 'nats://h')).toEqual({
      scope: 'quick',
      only: ['probe', 'copies'],
      profiles: ['2026', 'mine.json'],
      out: 'o',
      image: 'i',
      linux: true,
      workers: 3,
      nats: 'nats://h',
      resume: true,
    });
    expect(labOptions('--profile', '2009', '--profile', '2026').profiles).toEqual(['2009', '2026']);
    expect(labOptions('--no-image')).toMatchObject({ linux: false, image: undefined });
  });

  it('starts no workers of its own where others are asked', () => {
    expect(labOptions('--nats', 'nats://h').workers).toBe(0);
  });

  it('refuses a number of workers that is none', () => {
    for (const workers of ['-1', 'two', '1.5', '257', '']) expect(() => labOptions('--workers', workers)).toThrow(UsageError);
    expect(labOptions('--workers', '0').workers).toBe(0);
  });
});

describe('paravirt lab worker', () => {
  it('measures in as many processes as there are processors', () => {
    expect(workerOptions('--nats', 'nats://h')).toEqual({ address: 'nats://h', count: availableParallelism(), quiet: false });
    expect(workerOptions('--nats', 'nats://h', '--workers', '2').count).toBe(2);
  });

  it('needs a server and at least one process', () => {
    expect(() => workerOptions()).toThrow(/--nats/);
    expect(() => workerOptions('--nats', 'nats://h', '--workers', '0')).toThrow(UsageError);
  });
});
