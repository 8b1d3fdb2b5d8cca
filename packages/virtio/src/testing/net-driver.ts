/**
 * A driver of the network device, on any transport. [virtio 1.2 §5.1.5, §5.1.6] Buffers are allocated once; `send` and `receive` are synchronous, because the
 * device is.
 */
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
  /** Of the receive and the transmit queue. Default: as the device says. */
  readonly queueSize?: number;
  /** Vectors for receive, transmit and control queue, where the transport has some. Default: none, INTx. */
  readonly vectors?: readonly [number, number, number];
}

export interface SendOptions {
  readonly flags?: number;
  readonly gsoType?: number;
  readonly headerLength?: number;
  readonly gsoSize?: number;
  readonly checksumStart?: number;
  readonly checksumOffset?: number;
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
  readonly #posted: Map<number, number> = new Map();
  readonly #spare: number[] = [];
  readonly #sendArea: number;
  #pending: UsedElement[] = [];

  /** Initializes the device up to DRIVER_OK and posts receive buffers. */
  constructor(transport: TransportDriver, options: NetDriverOptions) {
    this.transport = transport;
    transport.negotiate(options.features);
    const queue = (index: number): SplitRingDriver => {
      const vector = options.vectors?.[index];
      const size = index === CONTROL_QUEUE ? undefined : options.queueSize;
      return transport.setUpQueue(index, { ...(size === undefined ? {} : { size }), ...(vector === undefined ? {} : { vector }) });
    };
    this.receiveQueue = queue(RECEIVE_QUEUE);
    this.transmitQueue = queue(TRANSMIT_QUEUE);
    this.controlQueue = hasFeature(options.features, VIRTIO_NET_F_CTRL_VQ) ? queue(CONTROL_QUEUE) : undefined;
    this.#buffers = options.receiveBuffers ?? this.receiveQueue.size;
    this.#bufferSize = options.receiveBufferSize ?? 2048;
    this.#sendArea = transport.arena.allocate(NET_HEADER_SIZE + 66_000);
    if (transport.status !== 0 && (transport.status & ACKNOWLEDGE) !== 0) transport.driverOk();
    this.post();
  }

  /** Posts receive buffers up to the wanted number and kicks if asked to. */
  post(count: number = this.#buffers - this.#posted.size): void {
    for (let i = 0; i < count; i++) {
      const address = this.#spare.pop() ?? this.transport.arena.allocate(this.#bufferSize);
      const head = this.receiveQueue.add([{ address, length: this.#bufferSize, writable: true }]);
      if (head === undefined) {
        this.#spare.push(address);
        break;
      }
      this.#posted.set(head, address);
    }
    this.transport.kick(RECEIVE_QUEUE);
  }

  /** Sends one frame; the used element, undefined if the device has not finished with it. Frames share one buffer: one at a time. */
  send(frame: Uint8Array, options: SendOptions = {}): UsedElement | undefined {
    const header = new Uint8Array(NET_HEADER_SIZE);
    const view = new DataView(header.buffer);
    header[HEADER_FLAGS] = options.flags ?? 0;
    header[HEADER_GSO_TYPE] = options.gsoType ?? 0;
    view.setUint16(HEADER_HDR_LEN, options.headerLength ?? 0, true);
    view.setUint16(HEADER_GSO_SIZE, options.gsoSize ?? 0, true);
    view.setUint16(HEADER_CSUM_START, options.checksumStart ?? 0, true);
    view.setUint16(HEADER_CSUM_OFFSET, options.checksumOffset ?? 0, true);
    const bytes = new Uint8Array(NET_HEADER_SIZE + frame.length);
    bytes.set(header);
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
    const { memory } = this.transport;
    this.#pending.push(...this.receiveQueue.reap());
    const frames: ReceivedFrame[] = [];
    for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) {
      const header = new Uint8Array(NET_HEADER_SIZE);
      memory.read(this.#posted.get(first.head) ?? 0, header);
      const view = new DataView(header.buffer);
      const count = view.getUint16(HEADER_NUM_BUFFERS, true);
      if (count === 0 || count > this.#pending.length) break;
      const parts = this.#pending.slice(0, count).map(({ head, written }) => {
        const bytes = new Uint8Array(written);
        const address = this.#posted.get(head) ?? 0;
        memory.read(address, bytes);
        this.#posted.delete(head);
        this.#spare.push(address);
        return bytes;
      });
      this.#pending = this.#pending.slice(count);
      frames.push({
        frame: concatenate(parts).subarray(NET_HEADER_SIZE),
        flags: view.getUint8(HEADER_FLAGS),
        gsoType: view.getUint8(HEADER_GSO_TYPE),
        headerLength: view.getUint16(HEADER_HDR_LEN, true),
        gsoSize: view.getUint16(HEADER_GSO_SIZE, true),
        checksumStart: view.getUint16(HEADER_CSUM_START, true),
        checksumOffset: view.getUint16(HEADER_CSUM_OFFSET, true),
        buffers: count,
      });
    }
    this.post();
    return frames;
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
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
