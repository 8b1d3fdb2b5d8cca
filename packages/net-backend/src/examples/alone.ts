import { VirtualClock } from '@paravirt/bus';
import { UserNetwork } from '@paravirt/net-backend';
import { MemoryHost, TestHost } from '@paravirt/net-backend/testing';

const clock = new VirtualClock();
const network = new UserNetwork({ clock, host: new MemoryHost(clock) });
const guest = new TestHost(network, { clock, address: '0.0.0.0' });

export const lease: string | undefined = guest.configure(); // DISCOVER, OFFER, REQUEST, ACK: 10.0.2.15
guest.ping('10.0.2.2');
export const reply: string = guest.packets.at(-1)?.source ?? 'none'; // 10.0.2.2
