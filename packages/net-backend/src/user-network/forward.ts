/** Ports of the host that lead into the guest: the text form that users know from QEMU's `hostfwd`, and what it means. */
import { ConfigurationError } from '@paravirt/bus';
import { parseIpv4 } from './address.ts';
import type { SocketAddress } from './host-network.ts';

/** A TCP port of the host that leads to a port of the guest. */
export interface Forward {
  readonly host: SocketAddress;
  /** Without an address: the first lease. */
  readonly guest: { readonly address?: string; readonly port: number };
}

/**
 * Reads `tcp:127.0.0.1:2222-:22` or `tcp:127.0.0.1:2222-10.0.2.20:22`. Without the host's address (`tcp::2222-:22`) it is 127.0.0.1, so
 * that nobody opens the guest to a network by leaving something out; 0.0.0.0 opens it. Host port 0 lets the system choose.
 * @throws ConfigurationError `bad-forward`
 */
export function parseForward(text: string): Forward {
  const match = /^tcp:([\d.]*):(\d{1,5})-([\d.]*):(\d{1,5})$/.exec(text);
  const [, hostAddress = '', hostPort = '', guestAddress = '', guestPort = ''] = match ?? [];
  const forward: Forward = {
    host: { address: hostAddress === '' ? '127.0.0.1' : hostAddress, port: Number(hostPort) },
    guest: { ...(guestAddress === '' ? {} : { address: guestAddress }), port: Number(guestPort) },
  };
  if (!match) throw new ConfigurationError('bad-forward', `A forward looks like tcp:127.0.0.1:2222-:22, not ${text}`, text);
  checkForward(forward);
  return forward;
}

/** @throws ConfigurationError `bad-forward` for addresses that are none and ports out of range. */
export function checkForward(forward: Forward): void {
  const { host, guest } = forward;
  const bad = (what: string, value: unknown): never => {
    throw new ConfigurationError('bad-forward', `Forward with a bad ${what}: ${value}`, value);
  };
  if (parseIpv4(host.address) === undefined) bad('address of the host', host.address);
  if (guest.address !== undefined && parseIpv4(guest.address) === undefined) bad('address of the guest', guest.address);
  if (!Number.isInteger(host.port) || host.port < 0 || host.port > 0xffff) bad('port of the host', host.port);
  if (!Number.isInteger(guest.port) || guest.port < 1 || guest.port > 0xffff) bad('port of the guest', guest.port);
}
