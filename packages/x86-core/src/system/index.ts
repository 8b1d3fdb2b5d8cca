/** The system routines, by the names that rows of the opcode maps call. */
export { clearTaskSwitched, invalidateCaches, invalidatePage, loadMachineStatus, readControl, writeControl } from './control-registers.ts';
export { cpuid } from './cpuid.ts';
export { DR6_BS, raiseDebug, readDebug, writeDebug } from './debug-registers.ts';
export { loadGdt, loadIdt, loadLdt, loadTask } from './descriptor-table.ts';
export {
  breakpointTrap,
  debugTrap,
  enterException,
  enterFault,
  mathFault,
  overflowTrap,
  simdFault,
  softwareInterrupt,
  unitFault,
} from './exception.ts';
export { farCall } from './far-call.ts';
export { farJump } from './far-jump.ts';
export { farReturn } from './far-return.ts';
export { disableInterrupts, enableInterrupts, popFlags, readFlags } from './flags.ts';
export { halt } from './halt.ts';
export { hypercall } from './hypercall.ts';
export { type Delivery, deliver } from './interrupt.ts';
export { checkPort, readPort, writePort } from './io-permission.ts';
export { interruptReturn } from './iret.ts';
export { requireProtected, requireSystemDescriptorRead } from './mode.ts';
export { readMsr, writeMsr } from './msr.ts';
export { reset } from './reset.ts';
export { loadSegment } from './segment-load.ts';
export { swapGs, systemCall, systemReturn } from './syscall.ts';
export { systemEnter, systemExit } from './sysenter.ts';
export { readPerformance, readTimestamp, readTimestampAux } from './timestamp.ts';
export { accessRights, segmentLimit, verifyRead, verifyWrite } from './verification.ts';
