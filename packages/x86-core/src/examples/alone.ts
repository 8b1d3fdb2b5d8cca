import { AddressSpace } from '@paravirt/bus';
import { Cpu, CpuMemory, type Stop } from '@paravirt/x86-core';

const memory = new CpuMemory({ ram: [{ address: 0, size: 0x1_0000 }] });
// mov si, 7c0dh;  next: lodsb;  test al, al;  jz done;  out 0e9h, al;  jmp next;  done: hlt
memory.ram.write(0x7c00, Uint8Array.of(0xbe, 0x0d, 0x7c, 0xac, 0x84, 0xc0, 0x74, 0x04, 0xe6, 0xe9, 0xeb, 0xf7, 0xf4));
memory.ram.write(
  0x7c0d,
  Uint8Array.from('Hello, 8086!\0', (character) => character.charCodeAt(0)),
);

export const printed: string[] = [];
const ports = new AddressSpace('ports', 0x1_0000);
ports.map('console', 0xe9, 1, { read: () => 0xe9, write: (_offset, _width, value) => printed.push(String.fromCharCode(value)) });

const cpu = new Cpu({ memory, ports, mmio: new AddressSpace('memory', 2 ** 40) });
cpu.registers.setSegment('CS', { selector: 0, base: 0n, limit: 0xffff, attributes: 0x9b });
cpu.registers.rip = 0x7c00n;
export const stop: Stop = cpu.run(1000); // { kind: 'halt' }
