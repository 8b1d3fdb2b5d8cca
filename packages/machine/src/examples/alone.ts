import { createPc, type PcStop } from '@paravirt/machine';

// The last 16 bytes below 4 GiB: mov al, '!'; out 0xe9, al; mov al, 0; out 0xf4, al; hlt
const program = [0xb0, 0x21, 0xe6, 0xe9, 0xb0, 0x00, 0xe6, 0xf4, 0xf4];
const bios = Uint8Array.from({ length: 16 }, (_, i) => program[i] ?? 0xf4);
const pc = createPc({ memory: 16 * 2 ** 20, boot: { bios }, exitPort: 0xf4, time: { mode: 'deterministic' } });
export const printed: number[] = [];
pc.onDebugOutput = (bytes) => printed.push(...bytes); // '!'
export const stop: PcStop = await pc.run(); // { kind: 'exit', code: 1 }
