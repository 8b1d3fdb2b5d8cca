/** An address space that knows how often it was used, whatever its ranges are called, and tells whoever lets time pass for that. */
import { AddressSpace, type Width } from '@paravirt/bus';

export class CountedSpace extends AddressSpace {
  /** Since the space was made. An access is counted before it is answered. */
  accesses = 0;
  /** Called when an access was answered. */
  onAccess: (() => void) | undefined = undefined;

  override read(address: number, width: Width): number {
    this.accesses++;
    const value = super.read(address, width);
    this.onAccess?.();
    return value;
  }

  override write(address: number, width: Width, value: number): void {
    this.accesses++;
    super.write(address, width, value);
    this.onAccess?.();
  }
}
