import { AddressSpace, Ram, RecordingLine, RegisterFile, registers, ro, rw, VirtualClock, w1c } from '@paravirt/bus';

// A timer, as a datasheet would print it: an identity, a status bit that writing one clears, a period whose writing starts it.
const TIMER = registers(8, { id: ro(2), status: w1c(2, 1), periodNs: rw(4) });
const [clock, pin] = [new VirtualClock(), new RecordingLine()];
const expire = (): void => {
  timer.set('status', 1);
  pin.raise();
};
const start = (ns: number): void => void clock.schedule(clock.now() + BigInt(ns), expire);
const timer = new RegisterFile<'id' | 'status' | 'periodNs'>(TIMER, { id: 0x1234 }, { periodNs: { write: start } });

// It answers at port 0x40; a program writes its period and a microsecond goes by.
const ports = new AddressSpace('ports', 0x1_0000);
ports.map('timer', 0x40, TIMER.size, timer);
ports.write(0x44, 4, 1000);
clock.advanceTo(1000n);

const ram = new Ram(new ArrayBuffer(0x2000));
ram.writeU32(0x1000, ports.read(0x40, 4));
/** 0x0001_1234, true, and 0xff because nobody answers at port 0x80. */
export const seen: readonly unknown[] = [ram.readU32(0x1000), pin.high, ports.read(0x80, 1)];
