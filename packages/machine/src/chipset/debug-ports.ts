/**
 * Ports that exist for programs under test: text out (E9h, 402h), the end of the run with a code, and power-on self test codes (80h).
 * The first two are emulator conventions, the last is the PC/AT's. [IBM PC/AT Technical Reference, "POST"]
 */
import { ALL_ONES, type IoHandler, type Width } from '@paravirt/bus';

/** What a read of the debug console gives, so that a program can tell that it is there. */
const PRESENT = 0xe9;

/** Text, a byte at a time; wide writes are its bytes, lowest first. */
export class DebugConsole implements IoHandler {
  readonly #write: (byte: number) => void;

  constructor(write: (byte: number) => void) {
    this.#write = write;
  }

  read(_offset: number, width: Width): number {
    return width === 1 ? PRESENT : ALL_ONES[width];
  }

  write(_offset: number, width: Width, value: number): void {
    for (let i = 0; i < width; i++) this.#write((value >>> (8 * i)) & 0xff);
  }
}

/** Ends the run: a write of `v` gives the exit code 2·v + 1, so that success is told by another way than a crash's 0. */
export class ExitPort implements IoHandler {
  readonly #exit: (code: number) => void;

  /** `exit` gets the code, 1–2^33; what the host's processes can tell is its low 8 bits. */
  constructor(exit: (code: number) => void) {
    this.#exit = exit;
  }

  read(_offset: number, _width: Width): number {
    return 0;
  }

  write(_offset: number, _width: Width, value: number): void {
    this.#exit(value * 2 + 1);
  }
}

/** Port 80h: remembers the last code. Guests also write it to let about a microsecond pass. */
export class PostCode implements IoHandler {
  #last = 0;

  get last(): number {
    return this.#last;
  }

  read(_offset: number, width: Width): number {
    return width === 1 ? this.#last : ALL_ONES[width] - 0xff + this.#last;
  }

  write(_offset: number, _width: Width, value: number): void {
    this.#last = value & 0xff;
  }
}
