/**
 * 16550A universal asynchronous receiver/transmitter. [16550: PC16550D datasheet, National Semiconductor] Section 8, "Registers", is the order
 * of this file.
 *
 * A transmitted byte is on the wire at once, so the transmitter is always empty. The other end is a host that keeps the hardware
 * handshake: it sends while the guest asserts RTS, and never faster than the receiver takes; only the guest's own loopback can overrun.
 * CTS, DSR and DCD are asserted. The interrupt output passes OUT 2, as it is wired on PCs.
 */
import type { InterruptLine, IoHandler, Width } from '@paravirt/bus';
import { type ByteDevice, byteWide } from './byte-registers.ts';

export interface UartOptions {
  readonly irq: InterruptLine;
  /** A byte the guest sent. */
  readonly transmit: (byte: number) => void;
}

/** Register addresses; 0 and 1 are the divisor while DLAB is set. */
const RBR_THR = 0;
const IER = 1;
const IIR_FCR = 2;
const LCR = 3;
const MCR = 4;
const LSR = 5;
const MSR = 6;
const SCR = 7;

const IER_RECEIVED_DATA = 0x01;
const IER_TRANSMITTER_EMPTY = 0x02;
const IER_LINE_STATUS = 0x04;
const IER_MODEM_STATUS = 0x08;
/** Interrupt identification, in order of priority. */
const IIR_LINE_STATUS = 0x06;
const IIR_RECEIVED_DATA = 0x04;
const IIR_CHARACTER_TIMEOUT = 0x0c;
const IIR_TRANSMITTER_EMPTY = 0x02;
const IIR_MODEM_STATUS = 0x00;
const IIR_NONE = 0x01;
const IIR_FIFOS_ENABLED = 0xc0;
const FCR_ENABLE = 0x01;
const FCR_CLEAR_RECEIVER = 0x02;
const LCR_BREAK = 0x40;
const LCR_DLAB = 0x80;
const MCR_DTR = 0x01;
const MCR_RTS = 0x02;
const MCR_OUT1 = 0x04;
const MCR_OUT2 = 0x08;
const MCR_LOOP = 0x10;
const MCR_WRITABLE = 0x1f;
const LSR_DATA_READY = 0x01;
const LSR_OVERRUN = 0x02;
const LSR_BREAK = 0x10;
const LSR_ERRORS = 0x1e;
const LSR_TRANSMITTER_EMPTY = 0x60;
const MSR_CTS = 0x10;
const MSR_DSR = 0x20;
const MSR_RI = 0x40;
const MSR_DCD = 0x80;

const FIFO_SIZE = 16;
const TRIGGER_LEVELS: readonly [number, number, number, number] = [1, 4, 8, 14];
/** Bytes of host input held beside the receiver FIFO. */
export const UART_QUEUE_SIZE = 4096;

export class Uart implements IoHandler, ByteDevice {
  /** Called once after `receive` took less than it was offered, when half of the queue is free. */
  onReceivable: (() => void) | undefined = undefined;
  readonly #irq: InterruptLine;
  readonly #transmit: (byte: number) => void;
  readonly #io: IoHandler;
  readonly #queue: Uint8Array = new Uint8Array(UART_QUEUE_SIZE);
  #queueStart = 0;
  #queued = 0;
  #refused = false;
  readonly #fifo: number[] = [];
  #divisor = 12;
  #ier = 0;
  #fcr = 0;
  #lcr = 0;
  #mcr = 0;
  #errors = 0;
  #modemDelta = 0;
  #scratch = 0;
  /** The transmitter-empty interrupt is latched: IIR has not been read since it arose. */
  #transmitterEmpty = false;

  constructor(options: UartOptions) {
    this.#irq = options.irq;
    this.#transmit = options.transmit;
    this.#io = byteWide(8, this);
  }

  /** MASTER RESET. Input of the host that the receiver has not taken stays queued. */
  reset(): void {
    this.#fifo.length = 0;
    this.#ier = 0;
    this.#fcr = 0;
    this.#lcr = 0;
    this.#mcr = 0;
    this.#errors = 0;
    this.#modemDelta = 0;
    this.#transmitterEmpty = false;
    this.#follow();
  }

  /**
   * Input from the host; `bytes` is not kept. Returns how many were taken: when fewer than offered, offer the rest again after
   * `onReceivable`.
   */
  receive(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, UART_QUEUE_SIZE - this.#queued);
    for (let i = 0; i < count; i++) this.#queue[(this.#queueStart + this.#queued++) % UART_QUEUE_SIZE] = bytes[i] ?? 0;
    this.#refused = count < bytes.length;
    this.#fill();
    return count;
  }

  read(offset: number, width: Width): number {
    return this.#io.read(offset, width);
  }

  write(offset: number, width: Width, value: number): void {
    this.#io.write(offset, width, value);
  }

  readByte(offset: number): number {
    switch (offset) {
      case RBR_THR:
        return (this.#lcr & LCR_DLAB) !== 0 ? this.#divisor & 0xff : this.#readReceiver();
      case IER:
        return (this.#lcr & LCR_DLAB) !== 0 ? this.#divisor >> 8 : this.#ier;
      case IIR_FCR:
        return this.#readIdentification();
      case LCR:
        return this.#lcr;
      case MCR:
        return this.#mcr;
      case LSR:
        return this.#readLineStatus();
      case MSR:
        return this.#readModemStatus();
      default:
        return this.#scratch;
    }
  }

  writeByte(offset: number, value: number): void {
    switch (offset) {
      case RBR_THR:
        if ((this.#lcr & LCR_DLAB) !== 0) this.#divisor = (this.#divisor & 0xff00) | value;
        else this.#send(value);
        break;
      case IER:
        if ((this.#lcr & LCR_DLAB) !== 0) this.#divisor = (this.#divisor & 0xff) | (value << 8);
        else this.#writeEnables(value & 0x0f);
        break;
      case IIR_FCR:
        this.#writeFifoControl(value);
        break;
      case LCR:
        // A break that begins in loopback is received as one.
        if ((value & ~this.#lcr & LCR_BREAK) !== 0 && this.#loop) this.#accept(0, LSR_BREAK);
        this.#lcr = value;
        break;
      case MCR:
        this.#writeModemControl(value & MCR_WRITABLE);
        break;
      case SCR:
        this.#scratch = value;
        break;
      default:
        break; // LSR and MSR are read-only; the factory test writes that the datasheet warns of are not.
    }
    this.#follow();
  }

  get #loop(): boolean {
    return (this.#mcr & MCR_LOOP) !== 0;
  }

  get #fifosEnabled(): boolean {
    return (this.#fcr & FCR_ENABLE) !== 0;
  }

  // ---- Receiver and transmitter -------------------------------------------------------------------------------------------------

  #readReceiver(): number {
    const byte = this.#fifo.shift() ?? 0;
    this.#fill();
    return byte;
  }

  #send(byte: number): void {
    if (this.#loop) this.#accept(byte, 0);
    else if ((this.#lcr & LCR_BREAK) === 0) this.#transmit(byte);
    this.#transmitterEmpty = true;
  }

  /** A character arrives in the receiver. Overrun: a full FIFO keeps what it has, a lone buffer is overwritten. */
  #accept(byte: number, errors: number): void {
    this.#errors |= errors;
    const room = this.#fifosEnabled ? FIFO_SIZE : 1;
    if (this.#fifo.length < room) this.#fifo.push(byte);
    else {
      this.#errors |= LSR_OVERRUN;
      if (!this.#fifosEnabled) this.#fifo[0] = byte;
    }
  }

  /** Moves host input into the receiver as far as it has room and the guest wants it. */
  #fill(): void {
    const room = this.#fifosEnabled ? FIFO_SIZE : 1;
    const wanted = (this.#mcr & (MCR_RTS | MCR_LOOP)) === MCR_RTS;
    while (wanted && this.#queued > 0 && this.#fifo.length < room) {
      this.#fifo.push(this.#queue[this.#queueStart] ?? 0);
      this.#queueStart = (this.#queueStart + 1) % UART_QUEUE_SIZE;
      this.#queued--;
    }
    this.#follow();
    if (!this.#refused || this.#queued > UART_QUEUE_SIZE / 2) return;
    this.#refused = false;
    this.onReceivable?.();
  }

  // ---- Interrupts ---------------------------------------------------------------------------------------------------------------

  #writeEnables(value: number): void {
    // Enabling the interrupt while the transmitter is empty raises it.
    if ((value & ~this.#ier & IER_TRANSMITTER_EMPTY) !== 0) this.#transmitterEmpty = true;
    this.#ier = value;
  }

  /** The interrupt of highest priority, as IIR tells it. */
  #identification(): number {
    if ((this.#ier & IER_LINE_STATUS) !== 0 && this.#errors !== 0) return IIR_LINE_STATUS;
    if ((this.#ier & IER_RECEIVED_DATA) !== 0 && this.#fifo.length > 0) {
      // Below the trigger level no more characters are on their way, so the time-out has come.
      const trigger = this.#fifosEnabled ? TRIGGER_LEVELS[(this.#fcr >> 6) as 0 | 1 | 2 | 3] : 1;
      return this.#fifo.length >= trigger ? IIR_RECEIVED_DATA : IIR_CHARACTER_TIMEOUT;
    }
    if ((this.#ier & IER_TRANSMITTER_EMPTY) !== 0 && this.#transmitterEmpty) return IIR_TRANSMITTER_EMPTY;
    if ((this.#ier & IER_MODEM_STATUS) !== 0 && this.#modemDelta !== 0) return IIR_MODEM_STATUS;
    return IIR_NONE;
  }

  #readIdentification(): number {
    const identification = this.#identification();
    if (identification === IIR_TRANSMITTER_EMPTY) {
      this.#transmitterEmpty = false;
      this.#follow();
    }
    return identification | (this.#fifosEnabled ? IIR_FIFOS_ENABLED : 0);
  }

  /** OUT 2 is off in loopback: the interrupt reaches the PC only outside it. */
  #follow(): void {
    const connected = (this.#mcr & (MCR_OUT2 | MCR_LOOP)) === MCR_OUT2;
    if (connected && this.#identification() !== IIR_NONE) this.#irq.raise();
    else this.#irq.lower();
  }

  // ---- Control and status -------------------------------------------------------------------------------------------------------

  #writeFifoControl(value: number): void {
    const toggled = ((value ^ this.#fcr) & FCR_ENABLE) !== 0;
    if (toggled || (value & FCR_CLEAR_RECEIVER) !== 0) this.#fifo.length = 0;
    // Bits 7 and 6 are programmed only together with the enable bit.
    this.#fcr = (value & FCR_ENABLE) !== 0 ? value & 0xc9 : 0;
    this.#fill();
  }

  #readLineStatus(): number {
    const status = LSR_TRANSMITTER_EMPTY | (this.#errors & LSR_ERRORS) | (this.#fifo.length > 0 ? LSR_DATA_READY : 0);
    if (this.#errors !== 0) {
      this.#errors = 0;
      this.#follow();
    }
    return status;
  }

  /** In loopback the modem inputs are the modem outputs. */
  #modemInputs(mcr: number): number {
    if ((mcr & MCR_LOOP) === 0) return MSR_CTS | MSR_DSR | MSR_DCD;
    return (
      ((mcr & MCR_RTS) !== 0 ? MSR_CTS : 0) |
      ((mcr & MCR_DTR) !== 0 ? MSR_DSR : 0) |
      ((mcr & MCR_OUT1) !== 0 ? MSR_RI : 0) |
      ((mcr & MCR_OUT2) !== 0 ? MSR_DCD : 0)
    );
  }

  #writeModemControl(value: number): void {
    const before = this.#modemInputs(this.#mcr);
    const after = this.#modemInputs(value);
    const changed = (before ^ after) >> 4;
    // TERI notes only the end of a ring.
    this.#modemDelta |= (changed & ~(MSR_RI >> 4)) | ((before & ~after & MSR_RI) >> 4);
    this.#mcr = value;
    this.#fill();
  }

  #readModemStatus(): number {
    const status = this.#modemInputs(this.#mcr) | this.#modemDelta;
    if (this.#modemDelta !== 0) {
      this.#modemDelta = 0;
      this.#follow();
    }
    return status;
  }
}
