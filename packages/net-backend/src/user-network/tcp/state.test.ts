import { describe, expect, it } from 'vitest';
import { nextState, type TcpEvent, type TcpState } from './state.ts';

const walk = (from: TcpState, ...events: TcpEvent[]): TcpState => events.reduce(nextState, from);

describe('[RFC 9293 §3.3.2, Figure 5] The state machine', () => {
  it('walks the ways through it', () => {
    expect(walk('CONNECTING', 'host-connected', 'syn-acknowledged', 'fin', 'host-ended', 'fin-acknowledged')).toBe('CLOSED');
    expect(walk('SYN-SENT', 'syn-acknowledged', 'host-ended', 'fin-acknowledged', 'fin')).toBe('TIME-WAIT');
    expect(walk('SYN-SENT', 'syn', 'syn-acknowledged')).toBe('ESTABLISHED');
    expect(walk('ESTABLISHED', 'host-ended', 'fin', 'fin-acknowledged')).toBe('TIME-WAIT');
  });

  it('stays where an event means nothing', () => {
    for (const event of ['host-connected', 'syn', 'syn-acknowledged', 'host-ended', 'fin', 'fin-acknowledged'] as const) {
      expect(nextState('CLOSED', event)).toBe('CLOSED');
      expect(nextState('TIME-WAIT', event)).toBe('TIME-WAIT');
    }
    expect(nextState('CONNECTING', 'host-ended')).toBe('CONNECTING');
    expect(nextState('SYN-RECEIVED', 'host-ended')).toBe('SYN-RECEIVED');
  });
});
