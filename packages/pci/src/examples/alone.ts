import { AddressSpace } from '@paravirt/bus';
import { ConfigMechanism1, PciBus, PciFunction } from '@paravirt/pci';

const bus = new PciBus();
bus.plug(3, 0, new PciFunction({ name: 'nic', vendorId: 0x1af4, deviceId: 0x1041, classCode: 0x02_00_00 }));

const ports = new AddressSpace('ports', 0x1_0000);
ports.map('configuration', 0xcf8, 8, new ConfigMechanism1({ bus }));

ports.write(0xcf8, 4, 0x8000_1800); // CONFIG_ADDRESS: bus 0, device 3, function 0, register 0
export const id: number = ports.read(0xcfc, 4); // CONFIG_DATA: 0x1041_1af4
