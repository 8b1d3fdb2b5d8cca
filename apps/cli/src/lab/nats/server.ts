/** A connection to a NATS server, from the address that the user gave. */
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { UsageError } from '../../run/usage-error.ts';

export interface Server {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
}

/** In ms; a server that is there answers within that. */
const PATIENCE = 10_000;

/**
 * Connects to `nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT]`, or `tls://…`. A connection that is lost is made again for two minutes.
 * @throws UsageError if there is no server, or it has no JetStream
 */
export async function connectTo(address: string, name: string): Promise<Server> {
  const { servers, ...credentials } = parseAddress(address);
  let connection: NatsConnection | undefined;
  try {
    connection = await connect({ servers, ...credentials, name, timeout: PATIENCE, reconnectTimeWait: 1000, maxReconnectAttempts: 120 });
    return { connection, manager: await jetstreamManager(connection, { timeout: PATIENCE }) };
  } catch (error) {
    await connection?.close();
    const what = connection === undefined ? 'no connection' : 'no JetStream there (nats-server -js)';
    throw new UsageError(`--nats ${servers}: ${what}: ${(error as Error).message.split('\n')[0]}`);
  }
}

interface Address {
  readonly servers: string;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  readonly tls?: Record<string, never>;
}

/** @throws UsageError */
export function parseAddress(text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const [user, pass] = [decoded(url?.username), decoded(url?.password)];
  const isServer = url !== undefined && /^(?:nats|tls):$/.test(url.protocol) && url.hostname !== '' && /^\/?$/.test(url.pathname);
  if (!isServer || url.search !== '' || user === undefined || pass === undefined)
    throw new UsageError(`--nats ${text}: not an address of a server; write nats://HOST:4222`);
  return {
    servers: `${url.hostname}:${url.port === '' ? 4222 : url.port}`,
    ...(user === '' ? {} : pass === '' ? { token: user } : { user, pass }),
    ...(url.protocol === 'tls:' ? { tls: {} } : {}),
  };
}

function decoded(text = ''): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
