/** venet: virtual-bus's own card. */
import { ConfigurationError, parseMitigation } from '@paravirt/bus';
import { type NorthDevice, VENET_VERSION, Venet } from '@paravirt/vbus';
import { VenetDriver, venet } from '@paravirt/vbus/testing';
import { VbusCard, type VbusCardOptions } from './vbus-card.ts';
import { VenetNic } from './venet-nic.ts';

const ETHERNET_HEADER = 14;
const MTU = 1500;
/** Rings for receiving, sending and events; pools of descriptors and of events. */
const SHARED_REGIONS = 5;

export class VenetCard extends VbusCard {
  readonly #venet: Venet;
  protected readonly sharedRegions: number = SHARED_REGIONS;
  protected device: NorthDevice | undefined = undefined;

  constructor(options: VbusCardOptions) {
    super(options);
    const { board, setup, index } = options;
    const { clock, defer } = this.place;
    this.#venet = new Venet({
      port: this.cable.port,
      mac: this.mac,
      clock,
      name: `net${index}`,
      mtu: Math.max(MTU, board.options.frame - ETHERNET_HEADER),
      mitigation: parseMitigation(setup.mitigation),
      place: setup.place === 'inline' ? 'inline' : 'deferred',
      defer,
      ...(board.trace === undefined ? {} : { ringTrace: board.trace.sink }),
    });
    this.create({ name: `venet-${index}`, create: () => this.#venet });
  }

  protected probe(id: number): VenetNic {
    const { board, index, side, fault } = this.options;
    const device = side.open(id, VENET_VERSION);
    this.device = device;
    const arena = board.arena(index);
    const memory = (length: number) => board.memory.map(arena.allocate(length), length);
    const driver = VenetDriver.probe(device, memory, {
      sg: venet.CAP_SG | venet.CAP_PMTD,
      eventq: venet.CAP_LINKSTATE | venet.CAP_TXC,
      bufferSize: board.options.frame,
      ringTrace: board.trace?.sink,
      ringName: `net${index}`,
    });
    if (typeof driver === 'number') throw new ConfigurationError('refused', `the probe of venet ends with ${driver}`, driver);
    return new VenetNic({ index, vcpu: board.vcpu, device: this.#venet, driver, backlog: () => this.cable.host.backlog, fault });
  }
}
