import { ConfigurationError } from '@paravirt/bus';
import { portPair } from '@paravirt/net-backend';
import { describe, expect, it } from 'vitest';
import { makeBzImage, makeMultiboot } from './boot/test-images.ts';
import { platformHost } from './host.ts';
import { ACPI_PM_PORT, ACPI_TABLES_ADDRESS, RAM_HOLE } from './memory-map.ts';
import { createPc, type Pc } from './pc.ts';
import { defaultMac, type PcOptions, splitMemory } from './pc-options.ts';

const MIB = 2 ** 20;
const host = platformHost();
const text = (characters: string): number[] => [...characters].map((c) => c.charCodeAt(0));
/** mov al, value; out port, al */
const out = (port: number, value: number): number[] => [0xb0, value, 0xe6, port];
const print = (characters: string): number[] => text(characters).flatMap((c) => out(0xe9, c));

/** A ROM of one page: the reset vector jumps to F000:F000, where `program` begins. */
function rom(program: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4096).fill(0xf4);
  bytes.set(program);
  bytes.set([0xea, 0x00, 0xf0, 0x00, 0xf0], 0xff0); // jmp F000:F000
  return bytes;
}

interface Guest {
  readonly pc: Pc;
  /** What it printed on the debug console and on the serial port. */
  readonly printed: () => string;
}

function guest(boot: PcOptions['boot'], options: Partial<PcOptions> = {}): Guest {
  const pc = createPc({ memory: 32 * MIB, boot, exitPort: 0xf4, time: { mode: 'deterministic' }, ...options });
  let printed = '';
  const take = (bytes: Uint8Array): void => {
    printed += String.fromCharCode(...bytes);
  };
  pc.onDebugOutput = take;
  pc.console.onOutput = take;
  return { pc, printed: () => printed };
}

/** Three ticks of counter 0 at 10 ms, each printed by the handler of IRQ 0; the guest waits in between. */
const TICKS = [
  ...[0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x70], // cli; ds = ss = 0; sp = 0x7000
  ...[0xc7, 0x06, 0x20, 0x00, 0x80, 0xf0, 0xc7, 0x06, 0x22, 0x00, 0x00, 0xf0], // vector 8 = F000:F080
  ...[...out(0x20, 0x11), ...out(0x21, 0x08), ...out(0x21, 0x04), ...out(0x21, 0x01), ...out(0x21, 0xfe)],
  ...[...out(0x43, 0x34), ...out(0x40, 0x9c), ...out(0x40, 0x2e)], // rate generator, 11932
  ...[0xb9, 0x03, 0x00, 0xfb, 0xf4, 0xe2, 0xfc], // cx = 3; again: sti; hlt; loop again
  ...out(0xf4, 0x10),
];
const TICK_HANDLER = [...out(0xe9, 0x54), ...out(0x20, 0x20), 0xcf];

function tickingRom(): Uint8Array {
  const bytes = rom(TICKS);
  bytes.set(TICK_HANDLER, 0x80);
  return bytes;
}

/** Asserts RTS, then sends back what it reads from the first serial port, until a "q". */
const ECHO = [
  ...[0xba, 0xfc, 0x03, 0xb0, 0x02, 0xee],
  0xba,
  0xfd,
  0x03,
  0xec,
  0xa8,
  0x01,
  0x74,
  0xfb,
  0xb2,
  0xf8,
  0xec,
  0xee,
  0x3c,
  0x71,
  0x75,
  0xf0,
  ...out(0xf4, 0),
];

describe.each(['reference', 'interpreter'] as const)('A ROM on the %s', (engine) => {
  it('starts at the reset vector and ends the run at the exit port', async () => {
    const { pc, printed } = guest({ bios: rom([...print('hello'), ...out(0xf4, 0x15)]) }, { engine });
    expect(await pc.run()).toEqual({ kind: 'exit', code: 0x2b });
    expect(printed()).toBe('hello');
    // Not one more: the end is the end.
    expect(pc.cpu.halted).toBe(false);
    expect(pc.exits.toJSON().ports).toContainEqual({ device: 'debug console', reads: 0, writes: 5 });
  });

  it('is woken by the timer while it waits', async () => {
    const { pc, printed } = guest({ bios: tickingRom() }, { engine });
    expect(await pc.run()).toEqual({ kind: 'exit', code: 0x21 });
    expect(printed()).toBe('TTT');
    // OUT goes high when the mode is set, which is the first edge; the others come after 10 and 20 ms. [8254, "Mode 2"]
    expect(Number(pc.clock.now()) / 1e6).toBeCloseTo(20, 1);
    expect(pc.exits.toJSON()).toMatchObject({ interrupts: 3, halts: 2 });
  });

  it('takes the same instructions twice', async () => {
    const runs = await Promise.all(
      [1, 2].map(async () => {
        const { pc } = guest({ bios: tickingRom() }, { engine });
        await pc.run();
        return [pc.cpu.retired, pc.clock.now()];
      }),
    );
    expect(runs[0]).toEqual(runs[1]);
  });

  it('that cannot deliver an exception shuts down, with registers to look at', async () => {
    // lidt cs:[0xf020], whose limit is 0; int3
    const program = [0x2e, 0x0f, 0x01, 0x1e, 0x20, 0xf0, 0xcc];
    const bytes = rom(program);
    bytes.fill(0, 0x20, 0x26);
    const { pc } = guest({ bios: bytes }, { engine });
    expect(await pc.run()).toEqual({ kind: 'shutdown', cause: 'triple-fault' });
    expect(pc.describeCpu()).toMatch(/^rip 0{12}f00[67] .*\nrax .*\n(.*\n)*cr0 .*\ncs f000 {2}base 00000000000f0000/);
  });
});

describe('A ROM', () => {
  it('reads and writes the serial port', async () => {
    const { pc, printed } = guest({ bios: rom(ECHO) });
    expect(pc.console.write(Uint8Array.from(text('abcq')))).toBe(4);
    expect(await pc.run()).toEqual({ kind: 'exit', code: 1 });
    expect(printed()).toBe('abcq');
  });

  it('powers off through ACPI', async () => {
    const sleep = 1 << 13;
    const program = [0xba, 0x04, ACPI_PM_PORT >> 8, 0xb8, sleep & 0xff, sleep >> 8, 0xef];
    const { pc } = guest({ bios: rom(program) });
    expect(await pc.run({ time: 1_000_000n })).toEqual({ kind: 'shutdown', cause: 'power' });
  });

  it.each([
    ['the keyboard controller', out(0x64, 0xfe)],
    ['system control port A', out(0x92, 0x01)],
    ['the reset control register', [0xba, 0xf9, 0x0c, 0xb0, 0x02, 0xee, 0xb0, 0x06, 0xee]],
  ])('starts again after a reset by %s', async (_, reset) => {
    const { pc, printed } = guest({ bios: rom([...print('R'), ...reset, 0xf4]) });
    expect(await pc.run({ retired: 100n })).toEqual({ kind: 'stopped' });
    expect(printed()).toMatch(/^R{5,}$/);
    expect(pc.exits.toJSON().resets).toBeGreaterThan(4);
  });

  it('that waits with interrupts off and no timer ends the run', async () => {
    expect(await guest({ bios: rom([0xfa, 0xf4]) }).pc.run()).toEqual({ kind: 'halt' });
  });

  it('follows the host’s time, and waits in it', async () => {
    const { pc, printed } = guest({ bios: tickingRom() }, { time: { mode: 'host' } });
    const started = host.now();
    expect(await pc.run()).toEqual({ kind: 'exit', code: 0x21 });
    expect(host.now() - started).toBeGreaterThan(15);
    expect(printed()).toBe('TTT');
  });

  it('is woken at once by a key while it waits', async () => {
    // IRQ 4 at vector 12: print 'K', end. Serial interrupts on (IER = 1; RTS, OUT2), PIC unmasked for IRQ 4.
    const program = [
      ...[0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x70],
      ...[0xc7, 0x06, 0x30, 0x00, 0x80, 0xf0, 0xc7, 0x06, 0x32, 0x00, 0x00, 0xf0],
      ...[...out(0x20, 0x11), ...out(0x21, 0x08), ...out(0x21, 0x04), ...out(0x21, 0x01), ...out(0x21, 0xef)],
      ...[0xba, 0xf9, 0x03, 0xb0, 0x01, 0xee, 0xb2, 0xfc, 0xb0, 0x0a, 0xee, 0xfb, 0xf4, 0xeb, 0xfd],
    ];
    const bytes = rom(program);
    bytes.set([...out(0xe9, 0x4b), ...out(0xf4, 0)], 0x80);
    const { pc, printed } = guest({ bios: bytes }, { time: { mode: 'host' } });
    const ended = pc.run();
    void host.sleep(20).done.then(() => pc.console.write(Uint8Array.of(0x61)));
    expect(await ended).toEqual({ kind: 'exit', code: 1 });
    expect(printed()).toBe('K');
  });

  it('stops when asked, and goes on', async () => {
    const { pc } = guest({ bios: rom([0xeb, 0xfe]) }, { time: { mode: 'host' } });
    void host.sleep(10).done.then(() => pc.stop());
    expect(await pc.run()).toEqual({ kind: 'stopped' });
    const before = pc.cpu.retired;
    expect(await pc.run({ retired: before + 1000n })).toEqual({ kind: 'stopped' });
    expect(pc.cpu.retired).toBeGreaterThanOrEqual(before + 1000n);
  });
});

describe('A kernel', () => {
  /** mov al, [esi + 0x202] or [rsi + 0x202]: the "H" of the header in the zero page. */
  const program = [0x8a, 0x86, 0x02, 0x02, 0x00, 0x00, 0xe6, 0xe9, ...out(0xf4, 0)];

  it.each([
    ['64-bit', 1, 0x200],
    ['32-bit', 0, 0],
  ])('of Linux is entered in %s mode with the zero page in RSI', async (_, xloadflags, entry) => {
    const kernel = makeBzImage({ xloadflags });
    kernel.set(program, 5 * 512 + entry);
    const { pc, printed } = guest({ kernel });
    expect(await pc.run()).toEqual({ kind: 'exit', code: 1 });
    expect(printed()).toBe('H');
    expect(pc.cpu.registers.rip >> 4n).toBe(BigInt(0x100_0000 + entry) >> 4n);
  });

  it('of multiboot is entered in 32-bit mode with the magic in EAX, its bss cleared also after a reset', async () => {
    const kernel = makeMultiboot();
    // cmp eax, 0x2badb002; jne hlt; mov al, [0x101800]; add al, '0'; out 0xe9, al; inc byte [0x101800]; reset
    const code = [0x3d, 0x02, 0xb0, 0xad, 0x2b, 0x75, 0x15, 0xa0, 0x00, 0x18, 0x10, 0x00, 0x04, 0x30, 0xe6, 0xe9];
    kernel.set([...code, 0xfe, 0x05, 0x00, 0x18, 0x10, 0x00, ...out(0x64, 0xfe), 0xeb, 0xfe], 0x1010);
    const { pc, printed } = guest({ kernel });
    expect(await pc.run({ retired: 60n })).toEqual({ kind: 'stopped' });
    expect(printed()).toMatch(/^0{4,}$/);
  });

  it('finds ACPI tables, and cards with addresses', () => {
    const { pc } = guest({ kernel: makeBzImage() }, { nets: [{ connect: () => portPair()[0] }] });
    const signature = new Uint8Array(8);
    pc.ram.read(ACPI_TABLES_ADDRESS, signature);
    expect(String.fromCharCode(...signature)).toBe('RSD PTR ');
    expect(pc.pci.describe()).toMatch(/00:01\.0 1af4:1041 .*virtio-net net0\n {2}BAR0 memory64, 16384 bytes at c0000000/);
  });
});

describe('Options', () => {
  const bios = rom([0xf4]);
  const refused = (options: Partial<PcOptions>): string => {
    try {
      createPc({ memory: 32 * MIB, boot: { bios }, ...options });
    } catch (error) {
      if (error instanceof ConfigurationError) return error.code;
      throw error;
    }
    return 'taken';
  };

  it('that make no sense are refused', () => {
    expect(refused({ memory: 15 * MIB })).toBe('memory-too-small');
    expect(refused({ memory: Number.NaN })).toBe('memory-too-small');
    expect(refused({ memory: 2 ** 40 })).toBe('memory-too-large');
    expect(refused({ memory: 32 * MIB + 1 })).toBe('memory-size');
    expect(refused({ exitPort: 0xfffd })).toBe('bad-port');
    expect(refused({ exitPort: 0x3f8 })).toBe('range-overlap');
    expect(refused({ time: { mode: 'deterministic', nsPerInstruction: 0 } })).toBe('bad-rate');
    expect(refused({ boot: { bios: new Uint8Array(0) } })).toBe('rom-size');
    expect(refused({ boot: { kernel: new Uint8Array(0) } })).toBe('kernel-truncated');
    expect(refused({ nets: Array.from({ length: 9 }, () => ({ connect: () => portPair()[0] })) })).toBe('too-many-nets');
    expect(refused({ nets: [{ connect: () => portPair()[0], mac: new Uint8Array(6) }] })).toBe('bad-mac');
  });

  it('split memory around the hole below 4 GiB', () => {
    expect(splitMemory(512 * MIB)).toEqual({ below4G: 512 * MIB, above4G: 0 });
    expect(splitMemory(3584 * MIB)).toEqual({ below4G: RAM_HOLE, above4G: 512 * MIB });
    expect([...defaultMac(2)]).toEqual([0x52, 0x54, 0, 0x12, 0x34, 0x58]);
  });
});
