import { describe, expect, it } from 'vitest';
import { UsageError } from '../../run/usage-error.ts';
import { parseAddress } from './server.ts';

describe('--nats', () => {
  it('is an address, with what is needed to get in', () => {
    expect(parseAddress('nats://host')).toEqual({ servers: 'host:4222' });
    expect(parseAddress('nats://127.0.0.1:14222/')).toEqual({ servers: '127.0.0.1:14222' });
    expect(parseAddress('nats://[::1]:4223')).toEqual({ servers: '[::1]:4223' });
    expect(parseAddress('nats://me:p%40ss@host')).toEqual({ servers: 'host:4222', user: 'me', pass: 'p@ss' });
    expect(parseAddress('tls://token@host')).toEqual({ servers: 'host:4222', token: 'token', tls: {} });
  });

  it.each(['', 'host', 'host:4222', 'http://host', 'nats://', 'nats://host/path', 'nats://host?x', 'nats://%zz@host'])(
    'refuses %j',
    (text) => {
      expect(() => parseAddress(text)).toThrow(UsageError);
    },
  );
});
