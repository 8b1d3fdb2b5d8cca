/** A user network on a host in memory with one guest: what most tests of it begin with. */
import { VirtualClock } from '@paravirt/bus';
import type { EthernetPort } from '../ethernet-port.ts';
import { UserNetwork, type UserNetworkOptions } from '../user-network/user-network.ts';
import { MemoryHost } from './memory-host.ts';
import { TestHost, type TestHostOptions } from './test-host.ts';

export interface UserNetworkFixture {
  readonly clock: VirtualClock;
  readonly memory: MemoryHost;
  readonly network: UserNetwork;
  readonly guest: TestHost;
  /** Lets virtual time pass, in milliseconds; 0: what is due now. */
  pass(milliseconds?: number): void;
}

/** `wrap` puts something between the network and the guest. */
export function userNetworkFixture(
  options: Partial<UserNetworkOptions> = {},
  guestOptions: Partial<TestHostOptions> = {},
  wrap: (port: EthernetPort, clock: VirtualClock) => EthernetPort = (port) => port,
): UserNetworkFixture {
  const clock = new VirtualClock();
  const memory = new MemoryHost(clock);
  const network = new UserNetwork({ clock, host: memory, ...options });
  const guest = new TestHost(wrap(network, clock), { clock, ...guestOptions });
  return {
    clock,
    memory,
    network,
    guest,
    pass: (milliseconds = 0) => clock.advanceTo(clock.now() + BigInt(Math.round(milliseconds * 1e6))),
  };
}
