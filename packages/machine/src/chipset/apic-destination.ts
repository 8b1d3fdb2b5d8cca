/** Whom an interrupt message is for. [SDM 3A §11.6.2 "Determining IPI Destination"] */

/** What a local APIC compares a destination with. */
export interface ApicIdentity {
  readonly id: number;
  readonly x2apic: boolean;
  /** Logical destination and destination format registers of xAPIC mode. */
  readonly ldr: number;
  readonly dfr: number;
}

/** [SDM 3A §11.12.10.2] The logical id of x2APIC mode: cluster in the upper half, a bit of 16 in the lower. */
export const logicalX2ApicId = (id: number): number => (((id & ~0xf) << 12) | (1 << (id & 0xf))) >>> 0;

/** Broadcast, physical id, or logical id in the flat or the cluster model. */
export function isDestination(apic: ApicIdentity, destination: number, logical: boolean): boolean {
  if (destination === (apic.x2apic ? 0xffff_ffff : 0xff)) return true;
  if (!logical) return destination === apic.id;
  if (apic.x2apic) {
    const own = logicalX2ApicId(apic.id);
    return destination >>> 16 === own >>> 16 && (destination & own & 0xffff) !== 0;
  }
  const ldr = apic.ldr >>> 24;
  if (apic.dfr >>> 28 === 0xf) return (destination & ldr) !== 0;
  return destination >> 4 === ldr >> 4 && (destination & ldr & 0xf) !== 0;
}
