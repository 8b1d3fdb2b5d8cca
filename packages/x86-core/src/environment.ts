/** What surrounds a CPU besides memory and ports: its interrupt controller, and model-specific registers that belong to somebody else. */

/** What the INTR pin asks: the local APIC or the PIC. */
export interface InterruptController {
  /** Vector to deliver, acknowledged; −1: none after all. */
  acknowledge(): number;
  /** CR8, 0 to 15. */
  readonly taskPriority: number;
  setTaskPriority(value: number): void;
}

/** One model-specific register. Must not throw, whatever the guest writes. */
export interface MsrHandler {
  read(): bigint;
  /** False: the value is not allowed, #GP(0). */
  write(value: bigint): boolean;
}
