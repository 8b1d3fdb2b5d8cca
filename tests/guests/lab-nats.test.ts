/** How the lab and a NATS server get along: files, runs that died, and whatever somebody else may put on the server. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { deleteDeadRuns } from '../../apps/cli/src/lab/nats/dead-runs.ts';
import { fetchFile, storeFile } from '../../apps/cli/src/lab/nats/file-store.ts';
import { encodeOffer, namesOf, OFFERS, PIECE, runOf } from '../../apps/cli/src/lab/nats/protocol.ts';
import { connectTo, type Server } from '../../apps/cli/src/lab/nats/server.ts';
import { NatsServer } from './nats-server.ts';
import { Paravirt, paravirt } from './paravirt.ts';

let folder: string;
let daemon: NatsServer;
let server: Server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paravirt-lab-nats-'));
  daemon = await NatsServer.start();
  server = await connectTo(daemon.url, 'test');
});
afterAll(async () => {
  await server.connection.close();
  await daemon.stop();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => vi.unstubAllEnvs());

async function streams(): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const name of server.manager.streams.names()) names.push(name);
  return names.sort();
}

describe('Files of guest images', () => {
  const names = namesOf('00000000000000f1');
  const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  const cache = (name: string): void => void vi.stubEnv('XDG_CACHE_HOME', join(folder, name));

  beforeAll(async () => {
    await server.manager.streams.add({ name: names.files.stream, subjects: [`${names.files.subject}.*`] });
  });
  afterAll(() => server.manager.streams.delete(names.files.stream));

  it('come in pieces, are put together, and kept', async () => {
    cache('whole');
    for (const size of [1, PIECE, 3 * PIECE + 7]) {
      const bytes = randomBytes(size);
      const path = join(folder, `file-${size}`);
      writeFileSync(path, bytes);
      await storeFile(server.connection, names, sha256(bytes), path);
      const fetched = await fetchFile(server.connection, names, sha256(bytes));
      expect(readFileSync(fetched).equals(bytes)).toBe(true);
      await server.manager.streams.purge(names.files.stream);
      expect(await fetchFile(server.connection, names, sha256(bytes))).toBe(fetched);
    }
  });

  it('are fetched again if the cache has something else by that name', async () => {
    cache('spoilt');
    const bytes = randomBytes(100);
    const path = join(folder, 'file-spoilt');
    writeFileSync(path, bytes);
    await storeFile(server.connection, names, sha256(bytes), path);
    const fetched = await fetchFile(server.connection, names, sha256(bytes));
    writeFileSync(fetched, 'something else');
    expect(readFileSync(await fetchFile(server.connection, names, sha256(bytes))).equals(bytes)).toBe(true);
  });

  it('are refused if they are not what their digest says', async () => {
    cache('wrong');
    const path = join(folder, 'file-wrong');
    writeFileSync(path, 'not that');
    const digest = sha256(Buffer.from('this'));
    await storeFile(server.connection, names, digest, path);
    await expect(fetchFile(server.connection, names, digest)).rejects.toThrow(/did not come/);
  });
});

describe('Runs whose coordinator was lost', () => {
  it('are cleared away; those that are offered, and what is not of the lab, are left alone', async () => {
    const [own, dead, alive] = ['00000000000000a0', '00000000000000a1', '00000000000000a2'];
    for (const run of [own, dead, alive])
      await server.manager.streams.add({ name: namesOf(run).points.stream, subjects: [namesOf(run).points.subject] });
    await server.manager.streams.add({ name: 'ORDERS', subjects: ['orders'] });
    const circumstances = { build: 'any', profiles: [], images: {} };
    const offers = setInterval(() => server.connection.publish(OFFERS, encodeOffer({ run: alive, circumstances })), 20);
    const timer = deleteDeadRuns(server, own, 300, 50);
    try {
      await vi.waitFor(async () => expect(await streams()).not.toContain(namesOf(dead).points.stream), { timeout: 10_000, interval: 50 });
      await sleep(500);
      expect(await streams()).toEqual(['ORDERS', namesOf(own).points.stream, namesOf(alive).points.stream]);
    } finally {
      clearInterval(timer);
      clearInterval(offers);
    }
    for (const name of await streams()) await server.manager.streams.delete(name);
  });
});

describe('What others put on the server', () => {
  const LAB = ['lab', '--quick', '--no-image', '--only', 'suppression', '--profile', '2009'];
  const NONSENSE = ['', '{', 'null', '[]', '{"result":{}}', '{"run":"00000000000000ff"}', '\0\xff', 'x'.repeat(900_000)];

  /** Publishes everything to every subject of every run that has all of its streams: points are the last. Before that nobody keeps it. */
  async function spoil(): Promise<number> {
    const there = new Set(await streams());
    const named = [...there].map(runOf).filter((run) => run !== undefined);
    const runs = new Set(named.filter((run) => there.has(namesOf(run).points.stream)));
    for (const run of runs) {
      const { points, outcomes } = namesOf(run);
      for (const subject of [points.subject, outcomes.subject]) for (const text of NONSENSE) server.connection.publish(subject, text);
    }
    for (const text of NONSENSE) server.connection.publish(OFFERS, text);
    await server.connection.flush();
    return runs.size;
  }

  it('changes no report, and leaves no stream behind', async () => {
    const [clean, spoilt] = [join(folder, 'clean'), join(folder, 'spoilt-report')];
    expect((await paravirt(...LAB, '--workers', '1', '--out', clean)).code).toBe(0);
    const run = new Paravirt([...LAB, '--nats', daemon.url, '--workers', '1', '--out', spoilt]);
    run.endInput();
    try {
      while ((await spoil()) === 0) await sleep(5);
      const { code, stderr } = await run.finished;
      expect(code).toBe(0);
      expect(stderr).toContain('no outcome was left aside');
    } finally {
      await run.kill();
    }
    expect(readFileSync(join(spoilt, 'report.json'), 'utf8')).toBe(readFileSync(join(clean, 'report.json'), 'utf8'));
    expect(await streams()).toEqual([]);
  });

  it('is work of another program only by its name', async () => {
    const worker = new Paravirt(['lab', 'worker', '--nats', daemon.url]);
    try {
      const circumstances = { build: '0.0.0 (of another day)', profiles: [], images: {} };
      await vi.waitFor(
        () => {
          server.connection.publish(OFFERS, encodeOffer({ run: '00000000000000b0', circumstances }));
          expect(worker.stderr).toMatch(/there is work for paravirt 0\.0\.0 \(of another day\), and this is [^\n]+\n$/);
        },
        { timeout: 30_000, interval: 100 },
      );
    } finally {
      await worker.kill();
    }
  });
});
