import type { VbusTrace } from '../client.ts';
import type { EventQueueTrace } from '../event-queue.ts';

/** What connectors tell whoever watches: guests' nonsense above all, which has no other effect. Results below zero are −errno. */
export type ConnectorEvent =
  | VbusTrace
  | (EventQueueTrace & { readonly connector: string })
  | { readonly kind: 'bridge-call'; readonly connector: string; readonly vector: number; readonly result: number }
  | { readonly kind: 'bus-call'; readonly connector: string; readonly vector: number; readonly result: number }
  /** An access, a channel or a call that the wire does not have. */
  | { readonly kind: 'ignored'; readonly connector: string; readonly why: string; readonly value: number }
  | { readonly kind: 'reset'; readonly connector: string; readonly why: string };
