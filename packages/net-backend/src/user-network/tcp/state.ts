/** The state machine of a connection as a table [RFC 9293 §3.3.2, Figure 5]. What an event means beside the state is in connection.ts. */

/** In the order of the document; CONNECTING comes before them: the host is still connecting, so the guest's SYN is not answered yet. */
export type TcpState =
  | 'CONNECTING'
  | 'SYN-SENT'
  | 'SYN-RECEIVED'
  | 'ESTABLISHED'
  | 'FIN-WAIT-1'
  | 'FIN-WAIT-2'
  | 'CLOSE-WAIT'
  | 'CLOSING'
  | 'LAST-ACK'
  | 'TIME-WAIT'
  | 'CLOSED';

/** What moves a connection on in order. RST, time-outs and failures of the host lead to CLOSED from everywhere. */
export type TcpEvent =
  /** The host's connection stands. */
  | 'host-connected'
  /** The guest's SYN came without an acknowledgment of ours: both open at once. */
  | 'syn'
  /** Our SYN is acknowledged, and the guest's has come. */
  | 'syn-acknowledged'
  /** The host sends no more: our FIN is queued. Before ESTABLISHED it waits. */
  | 'host-ended'
  /** The guest's FIN, and all before it, has come. */
  | 'fin'
  /** Our FIN is acknowledged. */
  | 'fin-acknowledged';

const TRANSITIONS: Readonly<Record<TcpEvent, Readonly<Partial<Record<TcpState, TcpState>>>>> = {
  'host-connected': { CONNECTING: 'SYN-RECEIVED' },
  syn: { 'SYN-SENT': 'SYN-RECEIVED' },
  'syn-acknowledged': { 'SYN-SENT': 'ESTABLISHED', 'SYN-RECEIVED': 'ESTABLISHED' },
  'host-ended': { ESTABLISHED: 'FIN-WAIT-1', 'CLOSE-WAIT': 'LAST-ACK' },
  fin: { ESTABLISHED: 'CLOSE-WAIT', 'FIN-WAIT-1': 'CLOSING', 'FIN-WAIT-2': 'TIME-WAIT' },
  'fin-acknowledged': { 'FIN-WAIT-1': 'FIN-WAIT-2', CLOSING: 'TIME-WAIT', 'LAST-ACK': 'CLOSED' },
};

/** The state after an event; an event that means nothing in a state leaves it. */
export function nextState(state: TcpState, event: TcpEvent): TcpState {
  return TRANSITIONS[event][state] ?? state;
}
