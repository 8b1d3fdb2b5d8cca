/** Names of what generated code reads and writes at fixed addresses, for texts of generated code. */
import { type FieldName, STATE, STATE_BASE, STATE_END, type StateField } from './state.ts';

const FIELDS: readonly (readonly [FieldName, StateField])[] = Object.entries(STATE) as [FieldName, StateField][];

/** The state field at an address of linear memory: `rip`, `gpr[4]`, `gpr[0]+1` for AH. Undefined where no field is. */
export function stateName(address: number): string | undefined {
  if (address < STATE_BASE || address >= STATE_END) return undefined;
  const found = FIELDS.find(([, f]) => address >= f.address && address < f.address + f.size * f.count);
  if (found === undefined) return undefined;
  const [name, { address: start, size, count }] = found;
  const index = Math.floor((address - start) / size);
  const within = (address - start) % size;
  return `${name}${count === 1 ? '' : `[${index}]`}${within === 0 ? '' : `+${within}`}`;
}
