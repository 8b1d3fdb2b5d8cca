/** The serial console as the host sees it: bytes out in batches, bytes in with back-pressure. */

/** Where the guest's first serial port ends. */
export interface ConsolePort {
  /** Text of the guest, at the latest when the host gets its turn. The bytes are the receiver's. */
  onOutput: ((bytes: Uint8Array<ArrayBuffer>) => void) | undefined;
  /** Bytes to the guest; returns how many it took, the others are still the caller's. If not all were taken, `onWritable` comes once. */
  write(bytes: Uint8Array): number;
  onWritable: (() => void) | undefined;
}

/** The serial port's side that is used. */
interface Receiver {
  receive(bytes: Uint8Array): number;
  onReceivable: (() => void) | undefined;
}

/** A batch is handed over when it has grown this long, in bytes. */
const BATCH = 4096;

/** Collects bytes until `flush`. */
export class OutputBuffer {
  onOutput: ((bytes: Uint8Array<ArrayBuffer>) => void) | undefined = undefined;
  readonly #bytes = new Uint8Array(BATCH);
  #length = 0;

  /** One byte, 0 to 255. */
  put(byte: number): void {
    this.#bytes[this.#length++] = byte;
    if (this.#length === BATCH) this.flush();
  }

  flush(): void {
    if (this.#length === 0) return;
    const batch = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    this.onOutput?.(batch);
  }
}

/** Joins an output buffer and a serial port. */
export class SerialConsole implements ConsolePort {
  onWritable: (() => void) | undefined = undefined;
  readonly #output: OutputBuffer;
  readonly #receiver: Receiver;

  constructor(output: OutputBuffer, receiver: Receiver) {
    this.#output = output;
    this.#receiver = receiver;
    receiver.onReceivable = (): void => this.onWritable?.();
  }

  get onOutput(): ((bytes: Uint8Array<ArrayBuffer>) => void) | undefined {
    return this.#output.onOutput;
  }

  set onOutput(take: ((bytes: Uint8Array<ArrayBuffer>) => void) | undefined) {
    this.#output.onOutput = take;
  }

  write(bytes: Uint8Array): number {
    return this.#receiver.receive(bytes);
  }
}
