/**
 * The host bridge as it sees itself from the bus: device 0, function 0, class 060000h [PCI 3.0 Appendix D]. It has no ranges and no
 * interrupts; guests look at it to learn that there is a bus at all, some before they believe in configuration mechanism #1.
 */
import { PciFunction, type PciFunctionOptions } from './function.ts';

/** Base class 06h (bridge), subclass 00h (host). */
export const CLASS_HOST_BRIDGE = 0x06_00_00;

/** What is absent is that of a generic host bridge that no guest has a quirk for: 1B36h:0008h. */
export type HostBridgeOptions = Partial<Omit<PciFunctionOptions, 'classCode'>>;

export function createHostBridge(options: HostBridgeOptions = {}): PciFunction {
  return new PciFunction({ name: 'host bridge', vendorId: 0x1b36, deviceId: 0x0008, ...options, classCode: CLASS_HOST_BRIDGE });
}
