/**
 * What two test machines disagree about: registers, flags, the rest of the state, memory, and what they did to the world outside.
 */
import { STATE, STATE_BASE } from './state.ts';
import type { TestingCpu } from './testing-cpu.ts';

/** Lines that tell the first differences; none if there is none. */
export function differences(reference: TestingCpu, other: TestingCpu, where: string): string[] {
  const want = reference.snapshot();
  const is = other.snapshot();
  const wrong: string[] = [];
  for (const [name, value] of Object.entries(want)) {
    const found = is[name];
    if (found !== value) wrong.push(`${where}: ${name} is ${text(found)}, not ${text(value)}`);
  }
  const wantState = reference.stateBytes();
  other.stateBytes().forEach((byte, i) => {
    if (byte !== wantState[i] && wrong.length < 12)
      wrong.push(`${where}: ${fieldAt(i)} has ${text(BigInt(byte))}, not ${text(BigInt(wantState[i] ?? 0))}`);
  });
  const expected = reference.ram();
  const memory = other.ram();
  for (let i = 0; i < memory.length && wrong.length < 12; i++) {
    if (memory[i] !== expected[i])
      wrong.push(`${where}: [${i.toString(16)}] is ${memory[i]?.toString(16)}, not ${expected[i]?.toString(16)}`);
  }
  return wrong;
}

/** Field and byte of the state at a distance from its start. */
function fieldAt(distance: number): string {
  const at = STATE_BASE + distance;
  const found = Object.entries(STATE).find(([, { address, size, count }]) => at >= address && at < address + size * count);
  return found === undefined ? `byte ${distance}` : `${found[0]}, byte ${at - found[1].address},`;
}

const text = (value: bigint | string | undefined): string => (typeof value === 'bigint' ? value.toString(16) : `${value}`);
