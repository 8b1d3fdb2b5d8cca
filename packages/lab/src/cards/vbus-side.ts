/**
 * A virtual-bus between host and guest: the container with its bus, the connector (PCI bridge or hypercalls), and the guest's bus driver on
 * the other side of that wire. One for all cards of a board: its interrupt carries the signals of all of them.
 */
import { ConfigurationError } from '@paravirt/bus';
import {
  type ConnectorCounters,
  NorthArena,
  type NorthDevice,
  NorthSession,
  VBUS_HC_BRIDGECALL,
  VBUS_HC_BUSCALL,
  VBUS_HC_DYNIRQ_SET,
  VBUS_HC_EVENTQ,
  VBUS_HC_SHMSIGNAL,
  type Vbus,
  VbusHost,
  VbusHypercalls,
  VbusPciBridge,
} from '@paravirt/vbus';
import { BridgeDriver } from '@paravirt/vbus/testing';
import type { CardSetup } from '../point.ts';
import type { Board } from './board.ts';
import { attempt } from './nic.ts';

const BUS = 'guest';
/** The bridge's place on the PCI bus, and the interrupt that the guest chooses with hypercalls. */
const BRIDGE_SLOT = 1;
const BRIDGE_MESSAGE = 0x41;
const HYPERCALL_VECTOR = 0x51;

/** What the two wires have in common. */
interface Connector {
  readonly counters: ConnectorCounters;
  /** The guest's bus driver, once it runs. */
  bringUp(): NorthSession;
  readonly doorbellAddresses: number;
}

export class VbusSide {
  readonly host: VbusHost = new VbusHost();
  readonly #board: Board;
  readonly #connector: Connector;
  readonly #arrivals: Map<string, (id: number) => void> = new Map();
  readonly #departures: Map<string, (id: number) => void> = new Map();
  readonly #names: Map<number, string> = new Map();
  #session: NorthSession | undefined = undefined;
  #failed: ConfigurationError | undefined = undefined;
  #started = false;

  constructor(board: Board, setup: CardSetup) {
    this.#board = board;
    this.host.createBus(BUS);
    const bus = this.host.buses.get(BUS) as Vbus;
    this.#connector = setup.wire === 'hypercall' ? new HypercallConnector(board, bus, setup) : new BridgeConnector(board, bus, setup);
  }

  get counters(): ConnectorCounters {
    return this.#connector.counters;
  }

  get doorbellAddresses(): number {
    return this.#connector.doorbellAddresses;
  }

  /** Links a device that the host has, and tells within a task of the guest's processor when its driver may open it. */
  plug(name: string, arrived: (id: number) => void, failed: (error: ConfigurationError) => void): void {
    this.#arrivals.set(name, arrived);
    const { vcpu, kernel } = this.#board;
    if (!this.#started) {
      this.#started = true;
      vcpu.post(() => this.#bringUp());
    }
    vcpu.post(() => {
      if (this.#failed !== undefined) failed(this.#failed);
      else kernel.post(() => this.host.link(BUS, name));
    });
  }

  /** Unlinks it; `gone` is told within a task of the guest's processor. */
  unplug(name: string, gone: (id: number) => void): void {
    this.#departures.set(name, gone);
    this.#board.kernel.post(() => this.host.unlink(BUS, name));
  }

  /** @throws ConfigurationError `refused` */
  open(id: number, version: number): NorthDevice {
    const device = this.#session?.open(id, version) ?? -1;
    if (typeof device === 'number') throw new ConfigurationError('refused', `DEVOPEN of ${id} answered ${device}`, device);
    return device;
  }

  #bringUp(): void {
    const session = attempt(() => this.#connector.bringUp());
    if (session instanceof ConfigurationError) {
      this.#failed = session;
      return;
    }
    this.#session = session;
    const { vcpu } = this.#board;
    // Drivers are probed by a process of the guest, not in the handler that hears of the device.
    session.onAdded = ({ id }) => {
      const name = [...this.host.devices.keys()].find((key) => this.host.idsOf(BUS, key).includes(id));
      if (name === undefined) return;
      this.#names.set(id, name);
      vcpu.post(() => this.#arrivals.get(name)?.(id));
    };
    session.onDropped = (id) => {
      const name = this.#names.get(id);
      if (name !== undefined) vcpu.post(() => this.#departures.get(name)?.(id));
    };
  }
}

/** The guest's part of a wire that needs memory and softirqs. */
function northOptions({ memory, sharedArea, vcpu }: Board): {
  readonly arena: NorthArena;
  readonly defer: (run: () => void) => void;
} {
  return { arena: new NorthArena(memory, sharedArea.start, sharedArea.length), defer: (run) => vcpu.softirq(run) };
}

class BridgeConnector implements Connector {
  readonly doorbellAddresses = 3;
  readonly #board: Board;
  readonly #setup: CardSetup;
  readonly #bridge: VbusPciBridge;

  constructor(board: Board, bus: Vbus, setup: CardSetup) {
    this.#board = board;
    this.#setup = setup;
    const { memory, kernel, simulation } = board;
    const { doorbell, interrupts, aggregation } = setup;
    if (doorbell === 'hypercall' || (interrupts !== 'msi' && interrupts !== 'intx'))
      throw new ConfigurationError('bad-setup', 'a bridge has ports or memory, and MSI or INTx', setup);
    this.#bridge = new VbusPciBridge({
      bus,
      memory,
      clock: simulation.clockOf(kernel),
      defer: (run) => board.soon(run),
      doorbell,
      interrupts,
      aggregation,
      ...(board.trace === undefined ? {} : { ringTrace: board.trace.sink }),
    });
    board.bus.plug(BRIDGE_SLOT, 0, this.#bridge.function);
    // Doorbells and fast calls; the call registers are user space's.
    if (setup.place !== 'deferred') board.answerRangeInKernel(`${this.#bridge.function.name} BAR1`);
  }

  get counters(): ConnectorCounters {
    return this.#bridge.counters;
  }

  bringUp(): NorthSession {
    const { configuration, mmio, ports, vcpu } = this.#board;
    const address = { bus: 0, device: BRIDGE_SLOT, function: 0 };
    const driver = new BridgeDriver({
      ...northOptions(this.#board),
      function: this.#bridge.function,
      configuration: {
        read: (offset, width) => configuration.readConfig(address, offset, width),
        write: (offset, width, value) => configuration.writeConfig(address, offset, width, value),
      },
      mmio,
      ports,
      interrupts: this.#setup.interrupts === 'intx' ? 'intx' : 'msi',
    });
    const handler = (): void => void driver.interrupt();
    vcpu.handle(BRIDGE_MESSAGE, handler);
    this.#board.handleLine(BRIDGE_SLOT, handler);
    const result = driver.probe();
    if (result < 0) throw new ConfigurationError('refused', `the bridge answered ${result}`, result);
    return driver.session;
  }
}

class HypercallConnector implements Connector {
  readonly doorbellAddresses = 2;
  readonly #board: Board;
  readonly #user: boolean;
  readonly #hypercalls: VbusHypercalls;

  constructor(board: Board, bus: Vbus, setup: CardSetup) {
    this.#board = board;
    this.#user = setup.place === 'deferred';
    const { memory, vcpu } = board;
    this.#hypercalls = new VbusHypercalls({
      bus,
      memory,
      defer: (run) => board.soon(run),
      inject: (vector) => vcpu.interrupt(vector),
      aggregation: setup.aggregation,
      ...(board.trace === undefined ? {} : { ringTrace: board.trace.sink }),
    });
  }

  get counters(): ConnectorCounters {
    return this.#hypercalls.counters;
  }

  bringUp(): NorthSession {
    const session = new NorthSession({
      ...northOptions(this.#board),
      wire: {
        bridgeCall: (vector, address, length) => this.#call(VBUS_HC_BRIDGECALL, vector, address, length),
        busCall: (vector, address, length) => this.#call(VBUS_HC_BUSCALL, vector, address, length),
        kick: () => void this.#call(VBUS_HC_EVENTQ, 0),
        signal: (handle) => void this.#call(VBUS_HC_SHMSIGNAL, handle),
      },
    });
    this.#board.vcpu.handle(HYPERCALL_VECTOR, () => void session.interrupt());
    const steps = [() => session.negotiate(), () => this.#call(VBUS_HC_DYNIRQ_SET, 0, HYPERCALL_VECTOR), () => session.register()];
    for (const step of steps) {
      const result = step();
      if (result < 0) throw new ConfigurationError('refused', `the connector answered ${result}`, result);
    }
    return session;
  }

  #call(number: number, rbx: number, rcx = 0, rdx = 0): number {
    const registers = { rax: BigInt(number), rbx: BigInt(rbx), rcx: BigInt(rcx), rdx: BigInt(rdx), rsi: 0n, cpl: 0 };
    this.#board.vcpu.exit('hypercall', this.#user, () => this.#hypercalls.call(registers));
    return Number(BigInt.asIntN(64, registers.rax));
  }
}
