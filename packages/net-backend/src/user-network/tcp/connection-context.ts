/** What one connection needs of the stack that holds it. */
import type { Clock } from '@paravirt/bus';
import type { Connection } from './connection.ts';
import type { SegmentOutput } from './segment-output.ts';

export interface ConnectionContext {
  readonly clock: Clock;
  readonly output: SegmentOutput;
  /** Largest segment that the MTU allows. */
  readonly mss: number;
  /** Room for data toward the host, in bytes. */
  readonly receiveLimit: number;
  /** Room for data toward the guest in one connection now, in bytes: a share of a common budget. */
  readonly sendLimit: () => number;
  /** Where the guest's address lives; undefined: asked for. */
  readonly resolve: (address: number) => number | undefined;
  /** The connection has something to send. */
  readonly ready: (connection: Connection) => void;
  /** After an event from outside: lets what is ready go out. */
  readonly flush: () => void;
  /** Its handshake is complete; it entered TIME-WAIT; it is gone. */
  readonly established: (connection: Connection) => void;
  readonly waiting: (connection: Connection) => void;
  readonly gone: (connection: Connection) => void;
  /** The host could not connect; false when an RST is the right answer. */
  readonly unreachable: (connection: Connection) => boolean;
}
