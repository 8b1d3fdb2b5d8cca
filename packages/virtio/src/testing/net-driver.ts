/**
 * A driver of the network device, on any transport. [virtio 1.2 §5.1.5, §5.1.6] Two ways to use it:
 *
 *   send, receive, command               one thing at a time, for a device that answers within the call
 *   post, kick, reapTransmitted, poll    as a NAPI driver: many frames in flight each way, a kick when the device wants one, and
 *   disableInterrupts, enableInterrupts  interrupts off while it polls
 */
import { ConfigurationError, type RingEvent, type TraceSink } from '@paravirt/bus';
import { ACKNOWLEDGE } from '../device-status.ts';
import { type FeatureSet, hasFeature } from '../features.ts';
import {
  CONTROL_QUEUE,
  HEADER_CSUM_OFFSET,
  HEADER_CSUM_START,
  HEADER_FLAGS,
  HEADER_GSO_SIZE,
  HEADER_GSO_TYPE,
  HEADER_HDR_LEN,
  HEADER_NUM_BUFFERS,
  NET_HEADER_SIZE,
  RECEIVE_QUEUE,
  TRANSMIT_QUEUE,
  VIRTIO_NET_F_CTRL_VQ,
} from '../net/protocol.ts';
import type { DriverBuffer, SplitRingDriver, UsedElement } from './split-ring-driver.ts';
import type { TransportDriver } from './transport-driver.ts';

export interface NetDriverOptions {
  /** Accepted features. */
  readonly features: FeatureSet;
  /** Receive buffers posted at the start and after each `receive`. Default: as many as the queue holds. */
  readonly receiveBuffers?: number;
  /** In bytes. Default 2048. */
  readonly receiveBufferSize?: number;
  /** Of each buffer of `post`, header included, in bytes. Default 2048. */
  readonly transmitBufferSize?: number;
  /** Of the receive and the transmit queue. Default: as the device says. */
  readonly queueSize?: number;
  /** Vectors for receive, transmit and control queue, where the transport has some. Default: none, INTx. */
  readonly vectors?: readonly [number, number, number];
  readonly ringTrace?: TraceSink<RingEvent>;
  /** Of the card, in the trace: its rings are `${ringName}.rx` and so on. Default: virtio-net. */
  readonly ringName?: string;
}

/** Fields of the header. Default: 0. [virtio 1.2 §5.1.6] */
export interface SendHeader {
  readonly flags?: number;
  readonly gsoType?: number;
  readonly headerLength?: number;
  readonly gsoSize?: number;
  readonly checksumStart?: number;
  readonly checksumOffset?: number;
}

export interface SendOptions extends SendHeader {
  /** Lengths of the buffers that header and frame are spread over; the last takes the rest. Default: one buffer. */
  readonly split?: readonly number[];
  readonly indirect?: boolean;
}

export interface ReceivedFrame {
  readonly frame: Uint8Array;
  readonly flags: number;
  readonly gsoType: number;
  readonly headerLength: number;
  readonly gsoSize: number;
  readonly checksumStart: number;
  readonly checksumOffset: number;
  readonly buffers: number;
}

export class NetDriver {
  readonly transport: TransportDriver;
  readonly receiveQueue: SplitRingDriver;
  readonly transmitQueue: SplitRingDriver;
  readonly controlQueue: SplitRingDriver | undefined;
  readonly #buffers: number;
  readonly #bufferSize: number;
  /** Addresses of receive buffers: those that the device has, by head, and those that it has not. */
  readonly #posted: Map<number, number> = new Map();
  readonly #spare: number[] = [];
  readonly #sendArea: number;
  readonly #transmitSize: number;
  /** The same for the buffers of `post`. */
  readonly #transmitting: Map<number, number> = new Map();
  readonly #spareTransmit: number[] = [];
  /** Of the first buffer of a received frame, and of a frame that is posted. */
  readonly #header: Uint8Array = new Uint8Array(NET_HEADER_SIZE);
  readonly #headerView: DataView = new DataView(this.#header.buffer);
  /** Used elements of a frame that is not complete yet. */
  #pending: UsedElement[] = [];

  /** Initializes the device up to DRIVER_OK and posts receive buffers. */
  constructor(transport: TransportDriver, options: NetDriverOptions) {
    this.transport = transport;
    transport.negotiate(options.features);
    const queue = (index: number): SplitRingDriver => {
      const vector = options.vectors?.[index];
      const size = index === CONTROL_QUEUE ? undefined : options.queueSize;
      return transport.setUpQueue(index, {
        ...(size === undefined ? {} : { size }),
        ...(vector === undefined ? {} : { vector }),
        ringTrace: options.ringTrace,
        name: `${options.ringName ?? 'virtio-net'}.${['rx', 'tx', 'control'][index]}`,
      });
    };
    this.receiveQueue = queue(RECEIVE_QUEUE);
    this.transmitQueue = queue(TRANSMIT_QUEUE);
    this.controlQueue = hasFeature(options.features, VIRTIO_NET_F_CTRL_VQ) ? queue(CONTROL_QUEUE) : undefined;
    this.#buffers = options.receiveBuffers ?? this.receiveQueue.size;
    this.#bufferSize = options.receiveBufferSize ?? 2048;
    this.#transmitSize = options.transmitBufferSize ?? 2048;
    this.#sendArea = transport.arena.allocate(NET_HEADER_SIZE + 66_000);
    if (transport.status !== 0 && (transport.status & ACKNOWLEDGE) !== 0) transport.driverOk();
    this.refill();
  }

  /** Posts receive buffers up to the wanted number and kicks if asked to. */
  refill(count: number = this.#buffers - this.#posted.size): void {
    for (let i = 0; i < count && this.receiveQueue.free > 0; i++) {
      const address = this.#spare.pop() ?? this.transport.arena.allocate(this.#bufferSize);
      const head = this.receiveQueue.addBuffer(address, this.#bufferSize, true);
      if (head !== undefined) this.#posted.set(head, address);
    }
    this.transport.kick(RECEIVE_QUEUE);
  }

  /**
   * Posts one frame in a buffer of its own and tells nobody; false if the ring is full. Not to be mixed with `send`.
   * @throws ConfigurationError `frame-too-large`: beyond `transmitBufferSize`.
   */
  post(frame: Uint8Array, options: SendHeader = {}): boolean {
    const length = NET_HEADER_SIZE + frame.length;
    if (length > this.#transmitSize)
      throw new ConfigurationError('frame-too-large', `${length} bytes do not fit a buffer of ${this.#transmitSize}`, length);
    if (this.transmitQueue.free === 0) return false;
    const { memory, arena } = this.transport;
    const address = this.#spareTransmit.pop() ?? arena.allocate(this.#transmitSize);
    this.#writeHeader(options);
    memory.write(address, this.#header);
    memory.write(address + NET_HEADER_SIZE, frame);
    const head = this.transmitQueue.addBuffer(address, length, false);
    if (head !== undefined) this.#transmitting.set(head, address);
    return head !== undefined;
  }

  /** Tells the device of what was posted, if it wants to be told; true if it was. */
  kick(): boolean {
    return this.transport.kick(TRANSMIT_QUEUE);
  }

  /** Takes back the buffers of frames that the device has sent (or dropped), and says how many there were. */
  reapTransmitted(): number {
    let count = 0;
    for (let element = this.transmitQueue.next(); element !== undefined; element = this.transmitQueue.next()) {
      const address = this.#transmitting.get(element.head);
      if (address !== undefined) this.#spareTransmit.push(address);
      this.#transmitting.delete(element.head);
      count++;
    }
    return count;
  }

  /** Asks for no interrupts of queue `index`, while it is polled. */
  disableInterrupts(index: number): void {
    this.#queue(index)?.disableInterrupts();
    this.transport.listen?.(index, false);
  }

  /** Asks for them again; true if there is something already, for which none will come: the caller polls on. */
  enableInterrupts(index: number): boolean {
    this.transport.listen?.(index, true);
    return this.#queue(index)?.enableInterrupts() ?? false;
  }

  /** Sends one frame; the used element, undefined if the device has not finished with it. Frames share one buffer: one at a time. */
  send(frame: Uint8Array, options: SendOptions = {}): UsedElement | undefined {
    this.#writeHeader(options);
    const bytes = new Uint8Array(NET_HEADER_SIZE + frame.length);
    bytes.set(this.#header);
    bytes.set(frame, NET_HEADER_SIZE);
    return this.sendRaw(bytes, options);
  }

  /** Sends any bytes as header and frame. */
  sendRaw(bytes: Uint8Array, options: Pick<SendOptions, 'split' | 'indirect'> = {}): UsedElement | undefined {
    const { memory } = this.transport;
    memory.write(this.#sendArea, bytes);
    const buffers: DriverBuffer[] = [];
    let at = 0;
    for (const wanted of [...(options.split ?? []), bytes.length]) {
      const length = Math.min(wanted, bytes.length - at);
      buffers.push({ address: this.#sendArea + at, length });
      at += length;
    }
    this.transmitQueue.add(buffers, { indirect: options.indirect ?? false });
    this.transport.kick(TRANSMIT_QUEUE);
    return this.transmitQueue.reap()[0];
  }

  /** Frames that the device has delivered, complete ones only; posts new buffers. */
  receive(): ReceivedFrame[] {
    return this.poll(Number.POSITIVE_INFINITY);
  }

  /** `receive` for at most `budget` frames: fewer mean that there are no more. */
  poll(budget: number): ReceivedFrame[] {
    const frames: ReceivedFrame[] = [];
    while (frames.length < budget) {
      const frame = this.#nextFrame();
      if (frame === undefined) break;
      frames.push(frame);
    }
    this.refill();
    return frames;
  }

  #nextFrame(): ReceivedFrame | undefined {
    const [first = this.#nextReceived()] = this.#pending;
    if (first === undefined) return undefined;
    const view = this.#headerView;
    this.transport.memory.read(this.#posted.get(first.head) ?? 0, this.#header);
    const buffers = view.getUint16(HEADER_NUM_BUFFERS, true);
    while (this.#pending.length < buffers && this.#nextReceived() !== undefined);
    if (buffers === 0 || this.#pending.length < buffers) return undefined;
    const parts = this.#pending.splice(0, buffers);
    return {
      frame: this.#gather(parts),
      flags: view.getUint8(HEADER_FLAGS),
      gsoType: view.getUint8(HEADER_GSO_TYPE),
      headerLength: view.getUint16(HEADER_HDR_LEN, true),
      gsoSize: view.getUint16(HEADER_GSO_SIZE, true),
      checksumStart: view.getUint16(HEADER_CSUM_START, true),
      checksumOffset: view.getUint16(HEADER_CSUM_OFFSET, true),
      buffers,
    };
  }

  #nextReceived(): UsedElement | undefined {
    const element = this.receiveQueue.next();
    if (element !== undefined) this.#pending.push(element);
    return element;
  }

  /** The bytes behind the header; the buffers may be posted again. */
  #gather(parts: readonly UsedElement[]): Uint8Array {
    const frame = new Uint8Array(Math.max(0, parts.reduce((sum, { written }) => sum + written, 0) - NET_HEADER_SIZE));
    let at = 0;
    let skip = NET_HEADER_SIZE;
    for (const { head, written } of parts) {
      const address = this.#posted.get(head) ?? 0;
      const from = Math.min(skip, written);
      this.transport.memory.read(address + from, frame.subarray(at, at + written - from));
      at += written - from;
      skip -= from;
      this.#posted.delete(head);
      this.#spare.push(address);
    }
    return frame;
  }

  /** Runs a control command; its status byte, undefined if the device has not answered. */
  command(commandClass: number, command: number, data: Uint8Array = new Uint8Array(0)): number | undefined {
    const { memory } = this.transport;
    const queue = this.controlQueue;
    if (queue === undefined) return undefined;
    const request = this.transport.arena.allocate(2 + data.length);
    const status = this.transport.arena.allocate(1);
    memory.write(request, Uint8Array.of(commandClass, command, ...data));
    memory.writeU8(status, 0xff);
    queue.add([
      { address: request, length: 2 + data.length },
      { address: status, length: 1, writable: true },
    ]);
    this.transport.kick(CONTROL_QUEUE);
    return queue.reap().length === 0 ? undefined : memory.readU8(status);
  }

  #queue(index: number): SplitRingDriver | undefined {
    return [this.receiveQueue, this.transmitQueue, this.controlQueue][index];
  }

  #writeHeader(header: SendHeader): void {
    const view = this.#headerView;
    view.setUint8(HEADER_FLAGS, header.flags ?? 0);
    view.setUint8(HEADER_GSO_TYPE, header.gsoType ?? 0);
    view.setUint16(HEADER_HDR_LEN, header.headerLength ?? 0, true);
    view.setUint16(HEADER_GSO_SIZE, header.gsoSize ?? 0, true);
    view.setUint16(HEADER_CSUM_START, header.checksumStart ?? 0, true);
    view.setUint16(HEADER_CSUM_OFFSET, header.checksumOffset ?? 0, true);
    view.setUint16(HEADER_NUM_BUFFERS, 0, true);
  }
}
