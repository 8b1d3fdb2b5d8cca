/** Why frames and packets of the guest were dropped. Plain numbers, for statistics and for tests that ask whether a check was reached. */

export interface DropCounters {
  /** Not a frame: shorter than its header, longer than the MTU, or an offload that makes no sense. */
  frame: number;
  /** Not for us, or a protocol that is not spoken here (IPv6, VLAN). */
  ignored: number;
  arp: number;
  ipv4: number;
  fragment: number;
  icmp: number;
  udp: number;
  tcp: number;
  dhcp: number;
  dns: number;
  /** Refused, or not heard. */
  tftp: number;
  /** Forbidden by `restrict`. */
  restricted: number;
  /** Answers dropped because the guest's card did not take frames. */
  overflow: number;
}

export function dropCounters(): DropCounters {
  return {
    frame: 0,
    ignored: 0,
    arp: 0,
    ipv4: 0,
    fragment: 0,
    icmp: 0,
    udp: 0,
    tcp: 0,
    dhcp: 0,
    dns: 0,
    tftp: 0,
    restricted: 0,
    overflow: 0,
  };
}
