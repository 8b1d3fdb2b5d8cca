/**
 * `pnpm bench [engine] [exits] [worker] [boot] [--arch x86_64|i686]… [--json]`: measures and prints; never judges. Without names, everything is
 * measured, for x86_64. Build first: the guests run the built command.
 */
import { parseArgs } from 'node:util';
import type { Architecture } from '../tests/guests/paravirt.ts';
import { bootFigures, guestFigures } from './boot.ts';
import { engineFigures } from './engine.ts';
import { exitFigures } from './exits.ts';
import { type Figure, formatted } from './figure.ts';
import { circumstances } from './machine-info.ts';
import { workerFigures } from './worker.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { arch: { type: 'string', multiple: true, default: ['x86_64'] }, json: { type: 'boolean', default: false } },
});

const parts: Readonly<Record<string, () => AsyncIterable<readonly Figure[]>>> = {
  engine: async function* () {
    yield* engineFigures();
  },
  exits: async function* () {
    yield* exitFigures();
  },
  worker: async function* () {
    yield* workerFigures();
  },
  boot: async function* () {
    for (const arch of values.arch as readonly Architecture[]) {
      yield await bootFigures(arch);
      yield await guestFigures(arch);
    }
  },
};

const chosen = positionals.length === 0 ? Object.keys(parts) : positionals;
const unknown = chosen.find((name) => parts[name] === undefined);
if (unknown !== undefined) {
  console.error(`no part "${unknown}"; there are: ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}

const all: Figure[] = [];
if (!values.json) for (const line of circumstances()) console.log(line);
for (const name of chosen) {
  for await (const figures of parts[name]?.() ?? []) {
    all.push(...figures);
    if (!values.json) for (const figure of figures) console.log(formatted(figure));
  }
}
if (values.json) console.log(JSON.stringify({ circumstances: circumstances(), figures: all }, null, 2));
