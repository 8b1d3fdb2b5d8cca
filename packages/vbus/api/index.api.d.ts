import { S as Structure } from './venet.js';
export { F as FieldSize, V as VENET_CLASS, a as VENET_TYPE, b as VENET_VERSION, c as VbusPciBridge, d as VbusPciBridgeOptions, e as Venet, f as VenetClassOptions, g as VenetCounters, h as VenetDropReason, i as VenetEvent, j as VenetNotificationOptions, k as VenetOffloadPolicy, l as VenetOptions, m as VenetRing, n as VenetSettings, s as structure, v as venetClass } from './venet.js';
import { V as VbusClient, a as Vbus, C as ClientMemory, b as ConnectorEvent, c as ConnectorCounters, d as VbusHost } from './north-session.js';
export { A as AddedDevice, e as Attribute, B as BufferMemory, f as BufferRegion, g as BusDevice, h as BusListener, i as ClientCounters, j as ConnectContext, D as DeviceClass, k as DeviceInterface, E as EventBacklog, l as EventCounters, m as EventQueue, n as EventQueueOptions, o as EventQueueTrace, p as EventSink, H as HostDevice, I as IOQ_SIGNAL_OFFSET, q as Ioq, r as IoqFault, s as IoqIndex, t as IoqIndexName, u as IoqIterator, v as IoqIteratorOptions, w as IoqOptions, x as IoqSeek, M as MAX_CALL_LENGTH, y as MAX_SHM_LENGTH, z as MappedMemory, F as MemoryRegion, N as NorthArena, G as NorthCounters, J as NorthDevice, K as NorthSession, L as NorthSessionOptions, O as NorthWire, S as SharedRegion, P as ShmSignal, Q as ShmSignalOptions, R as Side, T as SignalCounters, U as SignalRequest, W as VbusClientOptions, X as VbusConnection, Y as VbusDevice, Z as VbusEvent, _ as VbusTrace, $ as WaitingEvent, a0 as addSignalCounters, a1 as initShmSignal, a2 as ioqLength, a3 as isShmSignal, a4 as noSignals } from './north-session.js';
import { TraceSink, RingEvent } from '@paravirt/bus';
export { C as ChannelMemory, P as Pause, W as WorkerClient, a as WorkerClientOptions, b as WorkerHost, c as WorkerHostOptions } from './worker-client.js';
import '@paravirt/pci';
import '@paravirt/net-backend';

/**
 * The numbers of virtual-bus as version "PCI-2" has them: what a client's driver and the bus must agree on, byte for byte. Magic numbers,
 * verbs, events, and the structures in memory; what they mean is where they are used: bus-call.ts, event-queue.ts, shm-signal.ts, ioq.ts,
 * connectors/. All integers are little-endian. The structures of venet are in venet/.
 */

/** First word of NEGOTIATE. [vbus PCI-2, calls and events] */
declare const VBUS_PCI_MAGIC = 3209948917;
/** Version in NEGOTIATE, and its result. */
declare const VBUS_PCI_HC_VERSION = 1;
/** Revision id of the PCI function. */
declare const VBUS_PCI_ABI_VERSION = 2;
declare const VBUS_PCI_VENDOR_ID = 4570;
declare const VBUS_PCI_DEVICE_ID = 8192;
/** Bridge, other. */
declare const VBUS_PCI_CLASS_CODE = 425984;
/** Bridge calls: the `vector` of a call descriptor written to BAR0. [vbus PCI-2, calls and events] */
declare const VBUS_BRIDGE_NEGOTIATE = 0;
declare const VBUS_BRIDGE_QREG = 1;
declare const VBUS_BRIDGE_SLOWCALL = 2;
declare const VBUS_BRIDGE_FASTCALL_ADD = 3;
declare const VBUS_BRIDGE_FASTCALL_DROP = 4;
/** Bus calls: the `vector` of a call descriptor that a fast or slow call carries. [vbus PCI-2, calls and events] */
declare const VBUS_DEVOPEN = 0;
declare const VBUS_DEVCLOSE = 1;
declare const VBUS_DEVCALL = 2;
declare const VBUS_DEVSHM = 3;
/** Event ids. [vbus PCI-2, calls and events] */
declare const VBUS_EVENT_DEVADD = 0;
declare const VBUS_EVENT_DEVDROP = 1;
declare const VBUS_EVENT_SHMSIGNAL = 2;
declare const VBUS_EVENT_SHMCLOSE = 3;
/** DEVADD and DEVDROP go at this priority, the highest. */
declare const VBUS_EVENT_PRIO = 7;
declare const VBUS_PRIORITIES = 8;
/** Longest type string of an interface in bytes, NUL included. */
declare const VBUS_MAX_TYPE_LENGTH = 128;
/** Event rings have at most so many descriptors. */
declare const VBUS_MAX_EVENTS = 2048;
/** `signal.offset` of DEVSHM: the memory has no signal. */
declare const VBUS_NO_SIGNAL = 4294967295;
/** [vbus PCI-2, shm_signal] */
declare const SHM_SIGNAL_MAGIC = 1492793823;
declare const SHM_SIGNAL_VERSION = 1;
/** [vbus PCI-2, ioq] */
declare const IOQ_MAGIC = 1207578596;
declare const IOQ_VERSION = 4;
/** `sown` of a descriptor: whose it is. */
declare const IOQ_OWNER_NORTH = 0;
declare const IOQ_OWNER_SOUTH = 1;
/** A call of either kind. */
declare const CALL_DESC: Structure<'vector' | 'len' | 'datap'>;
/** One per CPU for fast calls: a call descriptor and where its result goes. */
declare const FASTCALL_DESC: Structure<'vector' | 'len' | 'datap' | 'result'>;
/** Argument of NEGOTIATE, written back. */
declare const BRIDGE_NEGOTIATE: Structure<'magic' | 'version' | 'capabilities'>;
/** Argument of QREG with its one queue. */
declare const BRIDGE_QREG: Structure<'count' | 'queueCount' | 'ring' | 'data'>;
declare const DEVOPEN: Structure<'devid' | 'version' | 'handle'>;
declare const DEVCLOSE: Structure<'devh'>;
declare const DEVCALL: Structure<'devh' | 'func' | 'len' | 'flags' | 'datap'>;
declare const DEVSHM: Structure<'devh' | 'id' | 'len' | 'flags' | 'pad' | 'signalOffset' | 'signalPrio' | 'signalCookie' | 'datap'>;
/** Start of every event record; `handle` is DEVADD's id too, whose type string follows. */
declare const EVENT_HEADER: Structure<'eventid' | 'handle'>;
/** Bytes of an event record: header and room for a type string. */
declare const EVENT_SIZE: number;
/** `enabled`, `pending` and `dirty` of the side that receives. */
declare const SHM_SIGNAL_DESC: Structure<'magic' | 'ver' | 'northEnabled' | 'northPending' | 'northDirty' | 'southEnabled' | 'southPending' | 'southDirty'>;
/** Head of a ring up to its first descriptor. `signal` is where the 16 bytes of SHM_SIGNAL_DESC lie. */
declare const IOQ_HEAD: Structure<'magic' | 'ver' | 'signal' | 'signalRest' | 'validHead' | 'validTail' | 'validFull' | 'inuseHead' | 'inuseTail' | 'inuseFull' | 'count'>;
declare const IOQ_DESC: Structure<'cookie' | 'ptr' | 'len' | 'valid' | 'sown'>;

/**
 * Runs call `vector` with its argument at `address`, and writes back what it gives back. −EINVAL: no such call, or `length` is not the
 * size of its structure; −EFAULT: the structure is not in memory; else as the verb says.
 */
declare function busCall(client: VbusClient, vector: number, address: number, length: number): number;

/**
 * The hypercall connector: virtual-bus as it was in March 2009, found by CPUID, spoken to by VMCALL or VMMCALL, answering with a vector
 * that the guest chose ("dynirq"). Its ABI is docs/vbus-hypercall.md. [vbus v1]
 *
 * The object is what a CPU asks for hypercalls and for its CPUID leaves 4000_0000H to 4000_FFFFH. Everything behind the wire is in
 * bridge-session.ts.
 */

/** First leaf of the range in which the wire is announced. */
declare const VBUS_CPUID_BASE = 1073742080;
/** `Vbus`, three times: EBX, ECX and EDX of the first leaf. */
declare const VBUS_CPUID_SIGNATURE = 1937072726;
declare const VBUS_HYPERCALL_VERSION = 1;
/** Feature bit in EBX of the second leaf: DYNIRQ. */
declare const VBUS_HYPERCALL_DYNIRQ = 1;
/** Numbers of the calls, in RAX. */
declare const VBUS_HC_BRIDGECALL = 1447165952;
declare const VBUS_HC_BUSCALL = 1447165953;
declare const VBUS_HC_SHMSIGNAL = 1447165954;
declare const VBUS_HC_EVENTQ = 1447165955;
declare const VBUS_HC_DYNIRQ_SET = 1447165956;
declare const VBUS_HC_DYNIRQ_MASK = 1447165957;
declare const VBUS_HC_DYNIRQ_CLEAR = 1447165958;
/** Flag of DYNIRQ_SET: the destination is a set of logical ids. */
declare const VBUS_DYNIRQ_LOGICAL = 1;
/** What the connector needs of a call: registers as the caller's mode shows them, unsigned. */
interface HypercallRegisters {
    rax: bigint;
    readonly rbx: bigint;
    readonly rcx: bigint;
    readonly rdx: bigint;
    readonly rsi: bigint;
    /** Privilege level of the caller, 0 to 3. */
    readonly cpl: number;
}
interface VbusHypercallsOptions {
    readonly bus: Vbus;
    /** The guest's. */
    readonly memory: ClientMemory;
    /** Runs something soon, after the present call (a tasklet). */
    readonly defer: (run: () => void) => void;
    /**
     * A fixed, edge-triggered interrupt to local APICs. `vector` is within 16 to 255; `destination` is a physical APIC id or, if `logical`, a
     * set of logical ids; whoever is not there drops it.
     */
    readonly inject: (vector: number, destination: number, logical: boolean) => void;
    /** For people. Default: `vbus-hypercalls`. */
    readonly name?: string;
    /** False: every signal of a device is an interrupt of its own, whatever the guest has not finished with. Default true. */
    readonly aggregation?: boolean;
    /** Told of interrupts as they are injected. */
    readonly ringTrace?: TraceSink<RingEvent>;
    readonly trace?: TraceSink<ConnectorEvent>;
}
declare class VbusHypercalls {
    #private;
    constructor(options: VbusHypercallsOptions);
    get counters(): ConnectorCounters;
    /** A VMCALL or VMMCALL of the guest: RAX ← the result. */
    call(registers: HypercallRegisters): void;
    /** EAX, EBX, ECX and EDX of a leaf of this wire; undefined for all others. */
    cpuid(leaf: number): readonly [number, number, number, number] | undefined;
    /** Everything that the guest set up is gone; it is told nothing. */
    reset(): void;
}

/** Makes the buffer of a client with `memory` bytes of memory of its own. @throws ConfigurationError `bad-size`. */
declare function createChannel(memory: number): SharedArrayBuffer;

/**
 * Error numbers as bus calls answer them: a result below zero is one of these, negated. The values are Linux's on x86, which the wire of
 * 2009 carries as they are. [vbus PCI-2]
 */
declare const EPERM = 1;
declare const ENOENT = 2;
declare const EIO = 5;
declare const ENXIO = 6;
declare const E2BIG = 7;
declare const ENOMEM = 12;
declare const EACCES = 13;
declare const EFAULT = 14;
declare const EBUSY = 16;
declare const EEXIST = 17;
declare const ENODEV = 19;
declare const ENOTDIR = 20;
declare const EISDIR = 21;
declare const EINVAL = 22;
declare const ENOSPC = 28;
declare const ENOSYS = 38;
declare const ENOTEMPTY = 39;
/** `EBUSY` of −16, for people; a result that is not known is written as a number. */
declare const errnoName: (result: number) => string;

interface Directory {
    readonly kind: 'directory';
    names(): Iterable<string>;
    find(name: string): Node | undefined;
    /** Each is −EPERM where it is not there. */
    make?(name: string): number;
    remove?(name: string): number;
    link?(name: string, target: string): number;
    unlink?(name: string): number;
}
interface File {
    readonly kind: 'file';
    read(): string;
    /** −EACCES where it is not there. */
    write?(text: string): number;
}
interface Link {
    readonly kind: 'link';
    /** Absolute, and without links in it. */
    readonly target: string;
}
type Node = Directory | File | Link;
declare class VbusTree {
    #private;
    constructor(host: VbusHost);
    /** What is at a path; a link is told as such. */
    kind(path: string): Node['kind'] | number;
    /** Names in a directory. −ENOTDIR for a file. */
    list(path: string): readonly string[] | number;
    /** A file's text with its newline. −EISDIR for a directory. */
    read(path: string): string | number;
    /** The target of a link. −EINVAL for what is none. */
    readlink(path: string): string | number;
    /** −EACCES: the file is read-only; −EISDIR; as the file says. */
    write(path: string, text: string): number;
    mkdir(path: string): number;
    rmdir(path: string): number;
    /** `ln -s target path`: a path that is a directory means the target's name in it. */
    symlink(target: string, path: string): number;
    /** Removes a link. */
    unlink(path: string): number;
}

export { BRIDGE_NEGOTIATE, BRIDGE_QREG, CALL_DESC, ClientMemory, ConnectorCounters, ConnectorEvent, DEVCALL, DEVCLOSE, DEVOPEN, DEVSHM, E2BIG, EACCES, EBUSY, EEXIST, EFAULT, EINVAL, EIO, EISDIR, ENODEV, ENOENT, ENOMEM, ENOSPC, ENOSYS, ENOTDIR, ENOTEMPTY, ENXIO, EPERM, EVENT_HEADER, EVENT_SIZE, FASTCALL_DESC, IOQ_DESC, IOQ_HEAD, IOQ_MAGIC, IOQ_OWNER_NORTH, IOQ_OWNER_SOUTH, IOQ_VERSION, SHM_SIGNAL_DESC, SHM_SIGNAL_MAGIC, SHM_SIGNAL_VERSION, Structure, VBUS_BRIDGE_FASTCALL_ADD, VBUS_BRIDGE_FASTCALL_DROP, VBUS_BRIDGE_NEGOTIATE, VBUS_BRIDGE_QREG, VBUS_BRIDGE_SLOWCALL, VBUS_CPUID_BASE, VBUS_CPUID_SIGNATURE, VBUS_DEVCALL, VBUS_DEVCLOSE, VBUS_DEVOPEN, VBUS_DEVSHM, VBUS_DYNIRQ_LOGICAL, VBUS_EVENT_DEVADD, VBUS_EVENT_DEVDROP, VBUS_EVENT_PRIO, VBUS_EVENT_SHMCLOSE, VBUS_EVENT_SHMSIGNAL, VBUS_HC_BRIDGECALL, VBUS_HC_BUSCALL, VBUS_HC_DYNIRQ_CLEAR, VBUS_HC_DYNIRQ_MASK, VBUS_HC_DYNIRQ_SET, VBUS_HC_EVENTQ, VBUS_HC_SHMSIGNAL, VBUS_HYPERCALL_DYNIRQ, VBUS_HYPERCALL_VERSION, VBUS_MAX_EVENTS, VBUS_MAX_TYPE_LENGTH, VBUS_NO_SIGNAL, VBUS_PCI_ABI_VERSION, VBUS_PCI_CLASS_CODE, VBUS_PCI_DEVICE_ID, VBUS_PCI_HC_VERSION, VBUS_PCI_MAGIC, VBUS_PCI_VENDOR_ID, VBUS_PRIORITIES, Vbus, VbusClient, VbusHost, VbusHypercalls, VbusTree, busCall, createChannel, errnoName };
export type { HypercallRegisters, VbusHypercallsOptions };
