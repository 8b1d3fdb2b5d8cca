/**
 * Files of guest images by their digests: put into a run's stream in pieces by who coordinates it, fetched from there once by who works, and
 * kept in the user's cache. A file counts only if its digest is the one in its name.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type JetStreamClient, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { LARGEST_FILE, type Names, PIECE } from './protocol.ts';

/** The end of a file is a message without bytes. */
const END = new Uint8Array();
/** In ms without a piece. */
const PATIENCE = 30_000;
const PIECES_AHEAD = 16;

/** Puts a file into the run's stream. */
export async function storeFile(connection: NatsConnection, { files }: Names, digest: string, path: string): Promise<void> {
  const client = jetstream(connection);
  const subject = `${files.subject}.${digest}`;
  for await (const piece of createReadStream(path, { highWaterMark: PIECE })) await client.publish(subject, piece as Uint8Array);
  await client.publish(subject, END);
}

/** Path of the file with that digest: from the cache, or fetched into it. @throws Error if the run has no such file */
export async function fetchFile(connection: NatsConnection, names: Names, digest: string): Promise<string> {
  const folder = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'paravirt', 'lab-files');
  const path = join(folder, digest);
  if (await isWhole(path, digest)) return path;
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `fetching-${randomUUID()}`);
  try {
    const found = await receive(jetstream(connection), names, digest, temporary);
    if (found !== digest) throw new Error(`the guest image ${digest.slice(0, 12)} did not come as it should`);
    await rename(temporary, path);
    return path;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function isWhole(path: string, digest: string): Promise<boolean> {
  const bytes = await readFile(path).catch(() => undefined);
  return bytes !== undefined && createHash('sha256').update(bytes).digest('hex') === digest;
}

/** Writes what the stream has of a file, and tells its digest. */
async function receive(client: JetStreamClient, { files }: Names, digest: string, path: string): Promise<string> {
  const consumer = await client.consumers.get(files.stream, { filter_subjects: `${files.subject}.${digest}` });
  const messages = await consumer.consume({ max_messages: PIECES_AHEAD });
  const timer = setTimeout(() => messages.stop(), PATIENCE);
  const file = await open(path, 'wx');
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const { data } of messages) {
      if (data.length === 0) return hash.digest('hex');
      timer.refresh();
      size += data.length;
      if (size > LARGEST_FILE) throw new Error(`the guest image ${digest.slice(0, 12)} is too large`);
      hash.update(data);
      await file.write(data);
    }
    throw new Error(`the guest image ${digest.slice(0, 12)} is not to be had`);
  } finally {
    clearTimeout(timer);
    messages.stop();
    await file.close();
  }
}
