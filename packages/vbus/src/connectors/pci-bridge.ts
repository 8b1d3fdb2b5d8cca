/**
 * The PCI bridge: virtual-bus behind a PCI function, ABI "PCI-2". [vbus PCI-2 §2.3]
 *
 *   BAR0  MMIO, 64 bytes   0–15 a call descriptor; a 32-bit read at 0 runs the bridge call in it and gives its signed result
 *   BAR1  PIO,  32 bytes   0 event queue (write 0)   4 fast call (write the channel)   8 signal (write the handle DEVSHM gave)
 *   MSI   one vector, 32-bit address; INTA# while it is off
 *
 * Only aligned 32-bit writes count. A fast call runs within the OUT: descriptor and result are in memory that FASTCALL_ADD named, one for
 * each CPU, so that calls need no lock. Everything behind the wire is in bridge-session.ts. To compare wires, BAR1 may be MMIO instead, and
 * MSI may be missing: a driver that maps a range by its type, and asks for what interrupts there are, needs to know nothing.
 *
 * There is no register that acknowledges INTx: what says that the guest has taken an interrupt is `pending` of the event ring. The pin is
 * high while that is set, looked at again after every access and, ever less often, as time passes: a driver that rings the event queue at the
 * end of its handler has it low before the EOI. DEVIATION: the host of 2009 pulsed the pin, which loses interrupts that come while one is in
 * service.
 */
import { ALL_ONES, type Clock, type IoHandler, type RingEvent, type Timer, type TraceSink, type Width } from '@paravirt/bus';
import { COMMAND_BUS_MASTER, PciFunction } from '@paravirt/pci';
import {
  CALL_DESC,
  FASTCALL_DESC,
  VBUS_BRIDGE_FASTCALL_ADD,
  VBUS_BRIDGE_FASTCALL_DROP,
  VBUS_BRIDGE_NEGOTIATE,
  VBUS_BRIDGE_SLOWCALL,
  VBUS_PCI_ABI_VERSION,
  VBUS_PCI_CLASS_CODE,
  VBUS_PCI_DEVICE_ID,
  VBUS_PCI_VENDOR_ID,
} from '../abi.ts';
import type { Vbus } from '../bus.ts';
import { EEXIST, EFAULT, EINVAL, ENOENT } from '../errno.ts';
import type { ClientMemory, SharedRegion } from '../shared-region.ts';
import { BridgeSession, type ConnectorCounters } from './bridge-session.ts';
import type { ConnectorEvent } from './trace.ts';

export interface VbusPciBridgeOptions {
  readonly bus: Vbus;
  /** The guest's. Reached only while the guest lets the function be a bus master. */
  readonly memory: ClientMemory;
  /** Times the second look at INTx. */
  readonly clock: Clock;
  /** Runs something soon, after the present call (a tasklet). */
  readonly defer: (run: () => void) => void;
  /** For people. Default: `vbus-bridge`. */
  readonly name?: string;
  /** What BAR1 is: a range of ports, or of 32-bit memory with the same offsets. Default: port. */
  readonly doorbell?: 'port' | 'mmio';
  /** `intx`: there is no MSI capability. Default: msi. */
  readonly interrupts?: 'msi' | 'intx';
  /**
   * False: every signal of a device is an interrupt of its own, whatever the guest has not finished with; on INTx, once its pin is low
   * again. Default true.
   */
  readonly aggregation?: boolean;
  /** Told of interrupts: a message is sent, or the wire rises. */
  readonly ringTrace?: TraceSink<RingEvent>;
  readonly trace?: TraceSink<ConnectorEvent>;
}

const REGISTERS_SIZE = 64;
const SIGNALS_SIZE = 32;
/** Offsets in BAR1. */
const SIGNAL_EVENTQ = 0;
const SIGNAL_FASTCALL = 4;
const SIGNAL_SHM = 8;
/** Channels are CPU numbers; more CPUs than any kernel is built for. */
const MAX_CHANNELS = 8192;
/** Between looks at a pin that is high, in nanoseconds. */
const FIRST_LOOK = 10_000n;
const LONGEST_LOOK = 10_000_000n;

export class VbusPciBridge {
  /** What is plugged into a PCI bus. */
  readonly function: PciFunction;
  readonly #session: BridgeSession;
  readonly #memory: ClientMemory;
  readonly #clock: Clock;
  /** The call descriptor in BAR0. */
  readonly #registers = new Uint32Array(CALL_DESC.size / 4);
  readonly #channels = new Map<number, SharedRegion>();
  #master = false;
  #look: Timer | undefined = undefined;

  constructor(options: VbusPciBridgeOptions) {
    const { bus, memory, clock, defer, name = 'vbus-bridge', trace } = options;
    const { doorbell = 'port', interrupts = 'msi', aggregation = true, ringTrace } = options;
    this.#memory = memory;
    this.#clock = clock;
    this.#session = new BridgeSession({
      connector: name,
      bus,
      memory,
      defer,
      interrupt: () => this.#interrupt(),
      aggregation,
      isRaised: () => this.#look !== undefined,
      trace,
    });
    this.function = new PciFunction({
      name,
      vendorId: VBUS_PCI_VENDOR_ID,
      deviceId: VBUS_PCI_DEVICE_ID,
      revisionId: VBUS_PCI_ABI_VERSION,
      classCode: VBUS_PCI_CLASS_CODE,
      interruptPin: 1,
      bars: [
        { index: 0, kind: 'memory32', size: REGISTERS_SIZE, handler: this.#registerBlock() },
        { index: 1, kind: doorbell === 'mmio' ? 'memory32' : 'io', size: SIGNALS_SIZE, handler: this.#signalBlock() },
      ],
      ...(interrupts === 'msi' ? { msi: { vectors: 1, addressBits: 32 } } : {}),
      onInterrupt: ringTrace && (() => ringTrace({ kind: 'interrupt', source: name })),
      onCommand: (command) => this.#setMaster((command & COMMAND_BUS_MASTER) !== 0),
      onReset: () => {
        this.#master = false;
        this.#registers.fill(0);
        this.reset();
      },
    });
  }

  get counters(): ConnectorCounters {
    return this.#session.counters;
  }

  /** Everything that the guest set up is gone, as after NEGOTIATE; it is told nothing. */
  reset(): void {
    this.#session.reset('reset');
    this.#forget();
  }

  /** DEVIATION: without it the bridge does not reach the guest's memory, and what rests on that memory is gone. */
  #setMaster(master: boolean): void {
    if (this.#master === master) return;
    this.#master = master;
    if (master) return;
    this.#session.reset('bus-master');
    this.#forget();
  }

  #forget(): void {
    this.#channels.clear();
    this.#lowerPin();
  }

  #registerBlock(): IoHandler {
    return {
      read: (offset, width) => {
        if (width !== 4 || offset % 4 !== 0) return this.#ignore('read', offset, ALL_ONES[width]);
        if (offset !== 0) return this.#registers[offset / 4] ?? 0;
        const result = this.#bridgeCall();
        this.#lookAtPin();
        return result >>> 0;
      },
      write: (offset, width, value) => {
        if (width !== 4 || offset % 4 !== 0) this.#ignore('write', offset, 0);
        else if (offset < CALL_DESC.size) this.#registers[offset / 4] = value;
      },
    };
  }

  #signalBlock(): IoHandler {
    return {
      read: (offset, width: Width) => this.#ignore('read', offset, ALL_ONES[width]),
      write: (offset, width, value) => {
        if (width !== 4) this.#ignore('write', offset, 0);
        else if (offset === SIGNAL_SHM) this.#session.signal(value);
        else if (offset === SIGNAL_FASTCALL) this.#fastCall(value);
        else if (offset === SIGNAL_EVENTQ) this.#session.kick(value);
        else this.#ignore('write', offset, 0);
        this.#lookAtPin();
      },
    };
  }

  #bridgeCall(): number {
    const [vector = 0, length = 0, low = 0, high = 0] = this.#registers;
    const address = high * 2 ** 32 + low;
    const session = this.#session;
    // Nothing that is in memory can be reached.
    if (!this.#master) return session.answerBridgeCall(vector, () => -EFAULT);
    switch (vector) {
      case VBUS_BRIDGE_NEGOTIATE: {
        const result = session.bridgeCall(vector, address, length);
        if (result >= 0) this.#forget();
        return result;
      }
      case VBUS_BRIDGE_SLOWCALL:
        return session.answerBridgeCall(vector, () => this.#slowCall(address, length));
      case VBUS_BRIDGE_FASTCALL_ADD:
        return session.answerBridgeCall(vector, () => this.#addChannel(address, length));
      case VBUS_BRIDGE_FASTCALL_DROP:
        return session.answerBridgeCall(vector, () => this.#dropChannel(address, length));
      default:
        return session.bridgeCall(vector, address, length);
    }
  }

  /** A bus call whose descriptor is the argument. */
  #slowCall(address: number, length: number): number {
    const call = this.#callDescriptor(address, length);
    return typeof call === 'number' ? call : this.#session.busCall(call.vector, call.datap, call.len);
  }

  #addChannel(address: number, length: number): number {
    const call = this.#callDescriptor(address, length);
    if (typeof call === 'number') return call;
    if (!this.#session.negotiated || call.vector >= MAX_CHANNELS || call.len !== FASTCALL_DESC.size) return -EINVAL;
    if (this.#channels.has(call.vector)) return -EEXIST;
    const region = this.#memory.map(call.datap, FASTCALL_DESC.size);
    if (region === undefined) return -EFAULT;
    this.#channels.set(call.vector, region);
    return 0;
  }

  /** DEVIATION: the host of 2009 answered −EINVAL. */
  #dropChannel(address: number, length: number): number {
    const call = this.#callDescriptor(address, length);
    if (typeof call === 'number') return call;
    return this.#channels.delete(call.vector) ? 0 : -ENOENT;
  }

  /** Copied, so that the guest cannot change it between check and use. */
  #callDescriptor(address: number, length: number): CallDescriptor | number {
    if (length !== CALL_DESC.size) return -EINVAL;
    const region = this.#memory.map(address, length);
    return region === undefined ? -EFAULT : callDescriptorIn(region);
  }

  #fastCall(channel: number): void {
    const region = this.#channels.get(channel);
    if (region === undefined) {
      this.#session.ignored('no such channel', channel);
      return;
    }
    const { vector, datap, len } = callDescriptorIn(region);
    const result = this.#session.busCall(vector, datap, len);
    region.writeU32(FASTCALL_DESC.offset.result, result >>> 0);
  }

  #ignore<T>(access: 'read' | 'write', offset: number, answer: T): T {
    this.#session.ignored(`${access} of another width or place`, offset);
    return answer;
  }

  // The interrupt

  #interrupt(): void {
    if (!this.#master || this.function.signal(0)) return;
    this.function.intx.raise();
    this.#look?.cancel();
    this.#lookLater(FIRST_LOOK);
  }

  #lookLater(after: bigint): void {
    this.#look = this.#clock.schedule(this.#clock.now() + after, () => {
      this.#lookAtPin();
      const longer = after * 2n;
      if (this.#look !== undefined) this.#lookLater(longer < LONGEST_LOOK ? longer : LONGEST_LOOK);
    });
  }

  #lookAtPin(): void {
    if (this.#look !== undefined && !this.#session.interruptPending) this.#lowerPin();
  }

  #lowerPin(): void {
    this.#look?.cancel();
    this.#look = undefined;
    this.function.intx.lower();
  }
}

interface CallDescriptor {
  readonly vector: number;
  readonly len: number;
  readonly datap: number;
}

const callDescriptorIn = (region: SharedRegion): CallDescriptor => ({
  vector: region.readU32(CALL_DESC.offset.vector),
  len: region.readU32(CALL_DESC.offset.len),
  datap: Number(region.readU64(CALL_DESC.offset.datap)),
});
