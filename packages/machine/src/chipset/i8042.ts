/**
 * 8042 keyboard controller of the PC/AT with nothing plugged into either port. [IBM PS/2 Hardware Interface Technical Reference,
 * "Keyboard and Auxiliary Device Controller"] The controller answers its own commands (self test, port tests, command byte, output port);
 * a byte sent to a device that is not there times out, which the controller tells by FEh with the time-out bit set.
 */
import type { InterruptLine, IoHandler } from '@paravirt/bus';
import { byteWide } from './byte-registers.ts';

export interface I8042Options {
  /** IRQ 1. */
  readonly keyboardIrq: InterruptLine;
  /** IRQ 12. */
  readonly auxiliaryIrq: InterruptLine;
  /** The reset line of the processor was pulsed. */
  readonly reset: () => void;
  /** Gate A20. */
  readonly setA20?: (enabled: boolean) => void;
}

/** Status register. */
const STATUS_OUTPUT_FULL = 0x01;
const STATUS_SYSTEM = 0x04;
const STATUS_COMMAND = 0x08;
const STATUS_NOT_INHIBITED = 0x10;
const STATUS_AUXILIARY = 0x20;
const STATUS_TIMEOUT = 0x40;
/** Command byte, RAM location 0. */
const COMMAND_KEYBOARD_IRQ = 0x01;
const COMMAND_AUXILIARY_IRQ = 0x02;
const COMMAND_SYSTEM = 0x04;
const COMMAND_KEYBOARD_OFF = 0x10;
const COMMAND_AUXILIARY_OFF = 0x20;
/** Output port. */
const OUTPUT_NOT_RESET = 0x01;
const OUTPUT_A20 = 0x02;

/** Input port: keyboard not locked, manufacturing jumper off. */
const INPUT_PORT = 0xa0;
const RESEND = 0xfe;
const RAM_SIZE = 32;
/** Answers waiting to be read; more are dropped. */
const OUTPUT_QUEUE = 16;

/** Commands whose next byte at port 60h is their parameter. */
const WRITE_RAM = 0x60;
const WRITE_OUTPUT_PORT = 0xd1;
const WRITE_KEYBOARD_OUTPUT = 0xd2;
const WRITE_AUXILIARY_OUTPUT = 0xd3;
const WRITE_AUXILIARY_DEVICE = 0xd4;

interface Answer {
  readonly byte: number;
  /** STATUS_AUXILIARY, STATUS_TIMEOUT. */
  readonly status: number;
}

export class I8042 {
  /** Port 60h. */
  readonly data: IoHandler;
  /** Port 64h. */
  readonly command: IoHandler;
  readonly #options: I8042Options;
  readonly #ram: Uint8Array = new Uint8Array(RAM_SIZE);
  readonly #output: Answer[] = [];
  /** What port 60h reads while nothing is waiting: the last byte again. */
  #last = 0;
  #outputPort = OUTPUT_NOT_RESET | OUTPUT_A20;
  /** The command that waits for its parameter. */
  #awaiting: number | undefined = undefined;
  #lastWriteWasCommand = false;

  constructor(options: I8042Options) {
    this.#options = options;
    this.data = byteWide(1, { readByte: () => this.#readData(), writeByte: (_, value) => this.#writeData(value) });
    this.command = byteWide(1, { readByte: () => this.#status(), writeByte: (_, value) => this.#writeCommand(value) });
  }

  reset(): void {
    this.#ram.fill(0);
    this.#output.length = 0;
    this.#last = 0;
    this.#awaiting = undefined;
    this.#lastWriteWasCommand = false;
    this.#setOutputPort(OUTPUT_NOT_RESET | OUTPUT_A20);
    this.#follow();
  }

  #status(): number {
    const front = this.#output[0];
    return (
      (front === undefined ? 0 : STATUS_OUTPUT_FULL | front.status) |
      ((this.#ram[0] ?? 0) & COMMAND_SYSTEM ? STATUS_SYSTEM : 0) |
      (this.#lastWriteWasCommand ? STATUS_COMMAND : 0) |
      STATUS_NOT_INHIBITED
    );
  }

  #readData(): number {
    const front = this.#output.shift();
    if (front !== undefined) this.#last = front.byte;
    this.#follow();
    return this.#last;
  }

  #writeData(value: number): void {
    const command = this.#awaiting;
    this.#awaiting = undefined;
    this.#lastWriteWasCommand = false;
    if (command === undefined) {
      // To the keyboard; sending enables its port.
      this.#ram[0] = (this.#ram[0] ?? 0) & ~COMMAND_KEYBOARD_OFF;
      this.#answer(RESEND, STATUS_TIMEOUT);
    } else if (command >= WRITE_RAM && command < WRITE_RAM + RAM_SIZE) this.#ram[command - WRITE_RAM] = value;
    else if (command === WRITE_OUTPUT_PORT) this.#setOutputPort(value);
    else if (command === WRITE_KEYBOARD_OUTPUT) this.#answer(value, 0);
    else if (command === WRITE_AUXILIARY_OUTPUT) this.#answer(value, STATUS_AUXILIARY);
    else if (command === WRITE_AUXILIARY_DEVICE) this.#answer(RESEND, STATUS_AUXILIARY | STATUS_TIMEOUT);
    this.#follow();
  }

  #writeCommand(value: number): void {
    this.#awaiting = undefined;
    this.#lastWriteWasCommand = true;
    if (value >= 0x20 && value < 0x20 + RAM_SIZE) this.#answer(this.#ram[value - 0x20] ?? 0, 0);
    else if (value >= WRITE_RAM && value < WRITE_RAM + RAM_SIZE) this.#awaiting = value;
    else if (value >= 0xf0) this.#pulse(value & 0x0f);
    else this.#execute(value);
    this.#follow();
  }

  #execute(command: number): void {
    const commandByte = this.#ram[0] ?? 0;
    switch (command) {
      case 0xa7:
        this.#ram[0] = commandByte | COMMAND_AUXILIARY_OFF;
        break;
      case 0xa8:
        this.#ram[0] = commandByte & ~COMMAND_AUXILIARY_OFF;
        break;
      case 0xa9: // Auxiliary interface test: no error.
      case 0xab: // Keyboard interface test: no error.
        this.#answer(0x00, 0);
        break;
      case 0xaa: // Self test passed.
        this.#ram[0] = commandByte | COMMAND_SYSTEM;
        this.#answer(0x55, 0);
        break;
      case 0xad:
        this.#ram[0] = commandByte | COMMAND_KEYBOARD_OFF;
        break;
      case 0xae:
        this.#ram[0] = commandByte & ~COMMAND_KEYBOARD_OFF;
        break;
      case 0xc0:
        this.#answer(INPUT_PORT, 0);
        break;
      case 0xd0:
        this.#answer(this.#outputPort, 0);
        break;
      case WRITE_OUTPUT_PORT:
      case WRITE_KEYBOARD_OUTPUT:
      case WRITE_AUXILIARY_OUTPUT:
      case WRITE_AUXILIARY_DEVICE:
        this.#awaiting = command;
        break;
      case 0xdd:
        this.#setOutputPort(this.#outputPort & ~OUTPUT_A20);
        break;
      case 0xdf:
        this.#setOutputPort(this.#outputPort | OUTPUT_A20);
        break;
      case 0xe0: // Test inputs: clock and data lines idle low.
        this.#answer(0x00, 0);
        break;
      default:
        break; // Unknown commands are ignored.
    }
  }

  /** Commands F0h–FFh pulse the output port bits that are 0. Bit 0 is the processor's reset. */
  #pulse(bits: number): void {
    if ((bits & OUTPUT_NOT_RESET) === 0) this.#options.reset();
  }

  #setOutputPort(value: number): void {
    const changed = this.#outputPort ^ value;
    this.#outputPort = value;
    if ((changed & OUTPUT_A20) !== 0) this.#options.setA20?.((value & OUTPUT_A20) !== 0);
    if ((value & OUTPUT_NOT_RESET) !== 0) return;
    this.#outputPort |= OUTPUT_NOT_RESET;
    this.#options.reset();
  }

  #answer(byte: number, status: number): void {
    if (this.#output.length < OUTPUT_QUEUE) this.#output.push({ byte, status });
  }

  /** The interrupt lines follow the output buffer while the command byte lets them. */
  #follow(): void {
    const front = this.#output[0];
    const auxiliary = front !== undefined && (front.status & STATUS_AUXILIARY) !== 0;
    const enabled = this.#ram[0] ?? 0;
    if (front !== undefined && !auxiliary && (enabled & COMMAND_KEYBOARD_IRQ) !== 0) this.#options.keyboardIrq.raise();
    else this.#options.keyboardIrq.lower();
    if (auxiliary && (enabled & COMMAND_AUXILIARY_IRQ) !== 0) this.#options.auxiliaryIrq.raise();
    else this.#options.auxiliaryIrq.lower();
  }
}
