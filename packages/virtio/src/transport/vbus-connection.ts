/**
 * One driver's use of a virtio device on a vbus, from DEVOPEN to DEVCLOSE: DEVCALLs become steps of the session, DEVSHMs queues and the
 * notice, doorbells kicks and interrupts. All meaning is in `VirtioSession`; numbers and structures are in vbus-abi.ts, and
 * docs/virtio-vbus.md tells what follows what.
 *
 * A kick or an interrupt passes two gates. The first is virtio's (flags or event index): it says whether the other side wants to hear of
 * these buffers. What passes injects the queue's shm_signal, the second: it rings the wire unless the other side is at it already, and
 * then remembers that there is more. Neither alone loses anything, so both in a row do not.
 */
import type { Width } from '@paravirt/bus';
import { EBUSY, EFAULT, EINVAL, ENOENT, ENXIO, type SharedRegion, type ShmSignal, type VbusConnection } from '@paravirt/vbus';
import { hasFeature, VIRTIO_F_RING_RESET } from '../features.ts';
import { descriptorAreaSize, deviceAreaSize, driverAreaSize, isQueueSize, type QueueLayout } from '../queue/layout.ts';
import type { QueueArea, QueueSetup } from '../queue/setup.ts';
import type { SessionInterrupts, VirtioSession } from '../session.ts';
import { VIRTIO_PCI_VENDOR_ID } from './pci-registers.ts';
import {
  CONFIG_ACCESS,
  FEATURES_SIZE,
  NOTICE,
  QUERY,
  RING_HEAD,
  RING_MAGIC,
  RING_VERSION,
  VIRTIO_VBUS_CONFIG_GET,
  VIRTIO_VBUS_CONFIG_SET,
  VIRTIO_VBUS_FEATURES_SET,
  VIRTIO_VBUS_QUERY,
  VIRTIO_VBUS_QUEUE_ENABLE,
  VIRTIO_VBUS_QUEUE_RESET,
  VIRTIO_VBUS_QUEUE_SIZE,
  VIRTIO_VBUS_SHM_NOTICE,
  VIRTIO_VBUS_SHM_QUEUE,
  VIRTIO_VBUS_STATUS_GET,
  VIRTIO_VBUS_STATUS_SET,
  WORD_SIZE,
} from './vbus-abi.ts';

/** A piece of the client's memory with the doorbell in it. */
interface Lent {
  readonly region: SharedRegion;
  readonly signal: ShmSignal;
}

/** What a connection uses of its device. */
export interface VirtioVbusEndpoint {
  readonly session: VirtioSession;
  /** A queue's memory was taken. */
  ringAdded(region: SharedRegion): void;
  /** The connection is gone; its doorbells, by queue, are as they were left. */
  closed(queues: readonly (ShmSignal | undefined)[], notice: ShmSignal | undefined): void;
}

/** Areas are made of whole words: what is left of the last one is reserved. */
const words = (size: number): number => Math.ceil(size / 4) * 4;

export class VirtioVbusConnection implements VbusConnection, SessionInterrupts {
  readonly #endpoint: VirtioVbusEndpoint;
  readonly #session: VirtioSession;
  readonly #queues: (Lent | undefined)[];
  #notice: Lent | undefined = undefined;
  #changes = 0;
  #closed = false;

  constructor(endpoint: VirtioVbusEndpoint) {
    this.#endpoint = endpoint;
    this.#session = endpoint.session;
    this.#queues = endpoint.session.queues.map(() => undefined);
  }

  /** The doorbell of a queue, once the driver has given its memory. */
  signal(queue: number): ShmSignal | undefined {
    return this.#queues[queue]?.signal;
  }

  /** That of the notice. */
  get noticeSignal(): ShmSignal | undefined {
    return this.#notice?.signal;
  }

  call(func: number, data: Uint8Array, flags: number): number {
    if (this.#closed || flags !== 0) return -EINVAL;
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    const word = (run: (value: number) => number): number => (data.length === WORD_SIZE ? run(view.getUint32(0, true)) : -EINVAL);
    switch (func) {
      case VIRTIO_VBUS_QUERY:
        return this.#query(view);
      case VIRTIO_VBUS_STATUS_GET:
        return data.length === 0 ? this.#session.status : -EINVAL;
      case VIRTIO_VBUS_STATUS_SET:
        return word((value) => this.#setStatus(value));
      case VIRTIO_VBUS_FEATURES_SET:
        return this.#setFeatures(view);
      case VIRTIO_VBUS_CONFIG_GET:
        return this.#accessConfig(view, (at, offset, width) => setLittleEndian(view, at, width, this.#session.readConfig(offset, width)));
      case VIRTIO_VBUS_CONFIG_SET:
        return this.#accessConfig(view, (at, offset, width) => this.#session.writeConfig(offset, width, getLittleEndian(view, at, width)));
      case VIRTIO_VBUS_QUEUE_SIZE:
        return word((index) => this.#session.queues[index]?.maxSize ?? -ENOENT);
      case VIRTIO_VBUS_QUEUE_ENABLE:
        return word((index) => this.#enableQueue(index));
      case VIRTIO_VBUS_QUEUE_RESET:
        return word((index) => this.#resetQueue(index));
      default:
        return -EINVAL;
    }
  }

  shm(id: number, flags: number, region: SharedRegion, signal: ShmSignal | undefined): number {
    if (this.#closed || flags !== 0 || signal === undefined) return -EINVAL;
    if (id === VIRTIO_VBUS_SHM_NOTICE) {
      if (region.length < NOTICE.size) return -EINVAL;
      if (this.#notice !== undefined) return -EBUSY;
      this.#notice = { region, signal };
      this.#showStatus();
      return 0;
    }
    const index = id - VIRTIO_VBUS_SHM_QUEUE;
    if (this.#session.queues[index] === undefined) return -ENOENT;
    if (region.length < RING_HEAD.size) return -EINVAL;
    if (this.#queues[index] !== undefined) return -EBUSY;
    this.#queues[index] = { region, signal };
    this.#endpoint.ringAdded(region);
    let wakeups = 0;
    signal.onSignal = () => {
      // Once more because of what is dirty, or because of what was while it was masked: nobody has rung for that.
      const rung = signal.counters.wakeups !== wakeups;
      wakeups = signal.counters.wakeups;
      this.#session.notify(index, rung);
    };
    return 0;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#session.writeStatus(0);
    this.#endpoint.closed(
      this.#queues.map((lent) => lent?.signal),
      this.#notice?.signal,
    );
  }

  /** Used buffer notification, past virtio's own suppression. */
  queue(index: number): void {
    if (!this.#closed) this.#queues[index]?.signal.inject();
  }

  /** Virtio's own suppression is off: the shm_signal alone keeps the driver from ringing for what is seen to anyway. */
  doorbell(index: number, wanted: boolean): void {
    const signal = this.#closed ? undefined : this.#queues[index]?.signal;
    if (wanted) signal?.enable();
    else signal?.disable();
  }

  /** Configuration change notification. */
  config(): void {
    if (this.#closed) return;
    this.#changes = (this.#changes + 1) >>> 0;
    this.#notice?.region.writeU32(NOTICE.offset.changes, this.#changes);
    this.#showStatus();
    this.#notice?.signal.inject();
  }

  #showStatus(): void {
    this.#notice?.region.writeU32(NOTICE.offset.status, this.#session.status);
  }

  #query(view: DataView): number {
    if (view.byteLength !== QUERY.size) return -EINVAL;
    const { device, negotiation, queues } = this.#session;
    view.setUint32(QUERY.offset.deviceId, device.deviceId, true);
    view.setUint32(QUERY.offset.vendorId, VIRTIO_PCI_VENDOR_ID, true);
    view.setUint32(QUERY.offset.queues, queues.length, true);
    view.setUint32(QUERY.offset.configSize, device.configSize, true);
    view.setBigUint64(QUERY.offset.features, negotiation.offered, true);
    view.setBigUint64(QUERY.offset.reserved, 0n, true);
    return 0;
  }

  /** The status that comes of it; after zero nothing is left of what the driver set up but the memory that it has lent. */
  #setStatus(value: number): number {
    this.#session.writeStatus(value);
    if (this.#session.status === 0) for (const lent of this.#queues) lent?.signal.disable();
    this.#showStatus();
    return this.#session.status;
  }

  /** Before FEATURES_OK, as often as the driver likes. */
  #setFeatures(view: DataView): number {
    if (view.byteLength !== FEATURES_SIZE) return -EINVAL;
    const { negotiation } = this.#session;
    if (negotiation.negotiated !== 0n) return -EBUSY;
    for (const half of [0, 1]) {
      negotiation.driverSelect = half;
      negotiation.writeDriverWindow(view.getUint32(4 * half, true));
    }
    return 0;
  }

  /** Calls `access` for the fields that the bytes behind the head stand for, each in its natural width. */
  #accessConfig(view: DataView, access: (at: number, offset: number, width: Width) => void): number {
    const length = view.byteLength - CONFIG_ACCESS.size;
    if (length <= 0) return -EINVAL;
    const start = view.getUint32(CONFIG_ACCESS.offset.offset, true);
    if (start + length > this.#session.device.configSize) return -EINVAL;
    for (let done = 0; done < length; ) {
      const offset = start + done;
      const left = length - done;
      const width: Width = offset % 4 === 0 && left >= 4 ? 4 : offset % 2 === 0 && left >= 2 ? 2 : 1;
      access(CONFIG_ACCESS.size + done, offset, width);
      done += width;
    }
    view.setUint32(CONFIG_ACCESS.offset.generation, this.#session.configGeneration, true);
    return 0;
  }

  #enableQueue(index: number): number {
    const setup = this.#session.queues[index];
    if (setup === undefined) return -ENOENT;
    const lent = this.#queues[index];
    if (lent === undefined) return -ENXIO;
    if (setup.enabled) return -EBUSY;
    const layout = readLayout(lent.region, setup.maxSize);
    if (typeof layout === 'number') return layout;
    writeLayout(setup, layout);
    const refusal = this.#session.enableQueue(index);
    if (refusal !== undefined) return refusal === 'not at this stage' ? -EBUSY : -EINVAL;
    lent.signal.enable();
    return 0;
  }

  #resetQueue(index: number): number {
    if (this.#session.queues[index] === undefined) return -ENOENT;
    if (!hasFeature(this.#session.features, VIRTIO_F_RING_RESET)) return -EINVAL;
    if (!this.#session.resetQueue(index)) return -EBUSY;
    this.#queues[index]?.signal.disable();
    return 0;
  }
}

/** The layout that a queue's head tells, in the client's addresses; read once. −EINVAL, −EFAULT: an area lies outside the memory. */
function readLayout(region: SharedRegion, maxSize: number): QueueLayout | number {
  const head = new Uint8Array(RING_HEAD.size);
  region.read(0, head);
  const view = new DataView(head.buffer);
  const field = (name: keyof typeof RING_HEAD.offset): number => view.getUint32(RING_HEAD.offset[name], true);
  if (field('magic') !== RING_MAGIC || field('version') !== RING_VERSION) return -EINVAL;
  if (head.subarray(RING_HEAD.offset.reserved0).some((byte) => byte !== 0)) return -EINVAL;
  const size = field('size');
  if (!isQueueSize(size) || size > maxSize) return -EINVAL;
  const areas = [
    { start: field('descriptors'), length: descriptorAreaSize(size), alignment: 16 },
    { start: field('available'), length: words(driverAreaSize(size)), alignment: 4 },
    { start: field('used'), length: words(deviceAreaSize(size)), alignment: 4 },
  ];
  for (const { start, length, alignment } of areas) {
    if (start % alignment !== 0 || start < RING_HEAD.size) return -EINVAL;
    if (start + length > region.length) return -EFAULT;
  }
  const [descriptors, available, used] = areas.map(({ start }) => region.address + start) as [number, number, number];
  return { size, descriptors, available, used };
}

function writeLayout(setup: QueueSetup, layout: QueueLayout): void {
  setup.writeSize(layout.size);
  for (const area of ['descriptors', 'available', 'used'] satisfies QueueArea[]) {
    setup.writeAddress(area, 0, layout[area] % 2 ** 32);
    setup.writeAddress(area, 1, Math.floor(layout[area] / 2 ** 32));
  }
}

function getLittleEndian(view: DataView, at: number, width: Width): number {
  if (width === 1) return view.getUint8(at);
  return width === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
}

function setLittleEndian(view: DataView, at: number, width: Width, value: number): void {
  if (width === 1) view.setUint8(at, value);
  else if (width === 2) view.setUint16(at, value, true);
  else view.setUint32(at, value, true);
}
