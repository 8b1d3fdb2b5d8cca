/**
 * What carries the north side's verbs to its host: registers of a PCI function, hypercalls, or a page shared with another thread. All
 * calls are synchronous.
 */
export interface NorthWire {
  /** A bridge call: its result, or −errno. `address` and `length` are of its structure in the client's memory. */
  bridgeCall(vector: number, address: number, length: number): number;
  /** A bus call, likewise. */
  busCall(vector: number, address: number, length: number): number;
  /** Rings the event ring's doorbell. */
  kick(): void;
  /** Rings the doorbell with a handle that DEVSHM gave. */
  signal(handle: number): void;
}
