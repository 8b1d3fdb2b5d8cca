/**
 * The DHCP server [RFC 2131 §4.3]. Clients are known by identifier or MAC; the pool begins at the first lease and is bounded, and so is
 * what is remembered. The first client gets 10.0.2.15.
 */
import type { Clock } from '@paravirt/bus';
import { type AddressPlan, BROADCAST_ADDRESS, BROADCAST_MAC, formatIpv4, isGuestAddress, isUnicastMac } from './address.ts';
import type { DropCounters } from './counters.ts';
import { nowNs, SECOND } from './deadline.ts';
import {
  asciiBytes,
  buildDhcpReply,
  DHCP_CLIENT_PORT,
  DHCP_SERVER_PORT,
  DHCPACK,
  DHCPDECLINE,
  DHCPDISCOVER,
  DHCPINFORM,
  DHCPNAK,
  DHCPOFFER,
  DHCPRELEASE,
  DHCPREQUEST,
  type DhcpBoot,
  type DhcpOption,
  type DhcpRequest,
  OPTION,
  parseDhcp,
} from './dhcp-message.ts';
import type { UdpDatagram } from './udp.ts';

/** Seconds: one day. */
const LEASE_TIME = 86_400;
/** How long an offered address is kept for the client, and a declined one is left alone. */
const OFFER_TIME = 60 * SECOND;
const DECLINE_TIME = 3600 * SECOND;

interface Lease {
  readonly client: string;
  readonly expires: number;
}

export interface DhcpOptions {
  readonly plan: AddressPlan;
  readonly clock: Clock;
  readonly dropped: DropCounters;
  /** Told to the client: largest packet in bytes. */
  readonly mtu: number;
  /** Told to the client if given; up to 63 characters of a host name. */
  readonly hostname?: string | undefined;
  /** Told to the client if given; up to 127 characters. It comes from TFTP at the gateway. */
  readonly bootFile?: string | undefined;
  /** Whether the client is told of the DNS server. */
  readonly dns: boolean;
  readonly send: (datagram: UdpDatagram, mac: number) => void;
}

export class DhcpServer {
  readonly #options: DhcpOptions;
  readonly #boot: DhcpBoot | undefined;
  /** By address; at most one entry for each address of the pool. */
  readonly #leases = new Map<number, Lease>();

  constructor(options: DhcpOptions) {
    const { plan, bootFile } = options;
    this.#options = options;
    this.#boot = bootFile === undefined ? undefined : { server: formatIpv4(plan.gateway), file: bootFile };
  }

  /** Addresses that are leased, offered or declined, as text. */
  get leases(): string[] {
    return [...this.#leases.keys()].map(formatIpv4);
  }

  /** A datagram to port 67. */
  input(payload: Uint8Array): void {
    const { dropped, plan } = this.#options;
    const request = parseDhcp(payload);
    // A relay agent has no place on this cable, so its messages are not answered.
    if (request === undefined || request.giaddr !== 0 || !isUnicastMac(request.chaddr)) {
      dropped.dhcp++;
      return;
    }
    const forOther = request.server !== undefined && request.server !== plan.gateway;
    switch (request.type) {
      case DHCPDISCOVER: {
        const address = this.#allocate(request.client, request.requested);
        if (address === undefined) return; // pool exhausted: no offer
        this.#lease(address, request.client, OFFER_TIME);
        this.#reply(request, DHCPOFFER, address);
        break;
      }
      case DHCPREQUEST:
        this.#request(request, forOther);
        break;
      case DHCPDECLINE:
        if (forOther || request.requested === undefined || this.#leases.get(request.requested)?.client !== request.client) return;
        this.#lease(request.requested, '', DECLINE_TIME);
        break;
      case DHCPRELEASE:
        if (!forOther && this.#leases.get(request.ciaddr)?.client === request.client) this.#leases.delete(request.ciaddr);
        break;
      case DHCPINFORM:
        if (isGuestAddress(plan, request.ciaddr)) this.#reply(request, DHCPACK, 0);
        else dropped.dhcp++;
        break;
      default:
        dropped.dhcp++;
    }
  }

  /** [RFC 2131 §4.3.2]: the client selects an offer, comes back after a reboot, or renews. */
  #request(request: DhcpRequest, forOther: boolean): void {
    if (forOther) {
      this.#forget(request.client); // it took another server's offer
      return;
    }
    const wanted = request.requested ?? request.ciaddr;
    if (this.#isFree(wanted, request.client)) {
      this.#forget(request.client);
      this.#lease(wanted, request.client, LEASE_TIME * SECOND);
      this.#reply(request, DHCPACK, wanted);
    } else this.#reply(request, DHCPNAK, 0);
  }

  /** Whether the address is in the pool and belongs to this client or nobody. */
  #isFree(address: number, client: string): boolean {
    const { plan, clock } = this.#options;
    if (address < plan.firstLease || address > plan.lastLease || !isGuestAddress(plan, address)) return false;
    const lease = this.#leases.get(address);
    return lease === undefined || lease.client === client || lease.expires <= nowNs(clock);
  }

  #allocate(client: string, wish: number | undefined): number | undefined {
    for (const [address, lease] of this.#leases) if (lease.client === client) return address;
    if (wish !== undefined && this.#isFree(wish, client)) return wish;
    const { firstLease, lastLease } = this.#options.plan;
    for (let address = firstLease; address <= lastLease; address++) if (this.#isFree(address, client)) return address;
    return undefined;
  }

  #lease(address: number, client: string, duration: number): void {
    this.#leases.set(address, { client, expires: nowNs(this.#options.clock) + duration });
  }

  #forget(client: string): void {
    for (const [address, lease] of this.#leases) if (lease.client === client) this.#leases.delete(address);
  }

  #reply(request: DhcpRequest, type: number, address: number): void {
    const { plan, send } = this.#options;
    const options = type === DHCPNAK ? [] : this.#configuration(address !== 0);
    const payload = buildDhcpReply(request, type, address, plan.gateway, options, type === DHCPNAK ? undefined : this.#boot);
    // [RFC 2131 §4.1]: to the address that the client has; else to the one it is about to get, unless it asks for a broadcast.
    const direct = type === DHCPNAK ? 0 : request.ciaddr || (request.broadcast ? 0 : address);
    send(
      {
        source: plan.gateway,
        sourcePort: DHCP_SERVER_PORT,
        destination: direct || BROADCAST_ADDRESS,
        destinationPort: DHCP_CLIENT_PORT,
        payload,
      },
      direct ? request.chaddr : BROADCAST_MAC,
    );
  }

  #configuration(leased: boolean): DhcpOption[] {
    const { plan, mtu, hostname, dns } = this.#options;
    const options: DhcpOption[] = [];
    if (leased) {
      options.push([OPTION.leaseTime, LEASE_TIME], [OPTION.renewalTime, LEASE_TIME / 2], [OPTION.rebindingTime, (LEASE_TIME / 8) * 7]);
    }
    options.push([OPTION.subnetMask, plan.mask], [OPTION.router, plan.gateway], [OPTION.broadcastAddress, plan.broadcast]);
    if (dns) options.push([OPTION.domainNameServer, plan.dns]);
    options.push([OPTION.interfaceMtu, Uint8Array.of(mtu >>> 8, mtu)]);
    if (hostname !== undefined) options.push([OPTION.hostName, asciiBytes(hostname)]);
    // Firmware reads the fixed fields, other clients the options; neither looks for both.
    const boot = this.#boot;
    if (boot !== undefined) options.push([OPTION.tftpServerName, asciiBytes(boot.server)], [OPTION.bootfileName, asciiBytes(boot.file)]);
    return options;
  }
}
