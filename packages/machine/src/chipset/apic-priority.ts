/**
 * Which interrupt a local APIC gives its processor next: the request, in-service and trigger mode registers and the task priority.
 * [SDM 3A §11.8 "Handling Interrupts"]
 */
import { VectorSet } from './vector-set.ts';

export class ApicPriority {
  readonly irr: VectorSet = new VectorSet();
  readonly isr: VectorSet = new VectorSet();
  /** Of vectors requested: those that are level-triggered. */
  readonly tmr: VectorSet = new VectorSet();
  /** Task priority register, 8 bits. */
  tpr = 0;

  clear(): void {
    this.irr.clear();
    this.isr.clear();
    this.tmr.clear();
    this.tpr = 0;
  }

  request(vector: number, level: boolean): void {
    if (level) this.tmr.add(vector);
    else this.tmr.remove(vector);
    this.irr.add(vector);
  }

  /** [SDM 3A §11.8.3.1] Processor priority: the higher class of the task and what is in service. */
  get ppr(): number {
    const inService = Math.max(this.isr.highest, 0);
    return this.tpr >> 4 >= inService >> 4 ? this.tpr : inService & 0xf0;
  }

  /** The vector to dispense to the processor, −1 if none is above its priority. */
  get deliverable(): number {
    const vector = this.irr.highest;
    return vector >= 0 && vector >> 4 > this.ppr >> 4 ? vector : -1;
  }

  /** Dispenses `deliverable`, which is then in service. */
  dispense(): number {
    const vector = this.deliverable;
    if (vector < 0) return -1;
    this.irr.remove(vector);
    this.isr.add(vector);
    return vector;
  }

  /** [SDM 3A §11.8.5] Ends the highest interrupt in service; −1 if there was none. */
  endOfInterrupt(): number {
    const vector = this.isr.highest;
    if (vector >= 0) this.isr.remove(vector);
    return vector;
  }
}
