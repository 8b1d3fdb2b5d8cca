import { describe, expect, it } from 'vitest';
import { parseNet } from './net-option.ts';

describe('--net', () => {
  it('takes a user network with nothing else', () => {
    expect(parseNet('user')).toEqual({
      model: 'virtio-net',
      bus: 'pci',
      wire: undefined,
      options: {},
      mac: undefined,
      mtu: undefined,
      forwards: [],
      pcap: undefined,
      tftp: undefined,
      bootFile: undefined,
    });
    expect(parseNet('user,model=virtio-net-pci')).toEqual(parseNet('user'));
    expect(parseNet('user,model=virtio-net,bus=pci')).toEqual(parseNet('user'));
  });

  it('takes a card on the vbus, over either wire', () => {
    const place = (text: string) => {
      const { model, bus, wire } = parseNet(text);
      return [model, bus, wire];
    };
    expect(place('user,model=venet')).toEqual(['venet', 'vbus', 'pci']);
    expect(place('user,model=venet,wire=hypercall')).toEqual(['venet', 'vbus', 'hypercall']);
    expect(place('user,model=virtio-net,bus=vbus')).toEqual(['virtio-net', 'vbus', 'pci']);
    expect(place('user,bus=vbus,wire=hypercall')).toEqual(['virtio-net', 'vbus', 'hypercall']);
  });

  it('takes every key, and several forwards', () => {
    const net = parseNet(
      'user,mac=52:54:00:00:00:01,mtu=9000,forward=tcp:127.0.0.1:2222-:22,forward=tcp::80-10.0.2.20:8080,pcap=a,,b=c.pcap',
    );
    expect([...(net.mac ?? [])]).toEqual([0x52, 0x54, 0, 0, 0, 1]);
    expect(net.mtu).toBe(9000);
    expect(net.pcap).toBe('a,b=c.pcap');
    expect(net.forwards).toEqual([
      { host: { address: '127.0.0.1', port: 2222 }, guest: { port: 22 } },
      { host: { address: '127.0.0.1', port: 80 }, guest: { address: '10.0.2.20', port: 8080 } },
    ]);
  });

  it('takes a folder for TFTP and a file to boot', () => {
    expect(parseNet('user,tftp=/srv/a,,b,bootfile=pxelinux.0')).toMatchObject({ tftp: '/srv/a,b', bootFile: 'pxelinux.0' });
    expect(parseNet(`user,bootfile=${'x'.repeat(127)}`).bootFile?.length).toBe(127);
  });

  it('takes how the card and its driver notify each other', () => {
    expect(parseNet('user,interrupts=msix-shared,doorbell=port,suppression=flags,mitigation=timer:150us,place=deferred').options).toEqual({
      interrupts: 'msix-shared',
      doorbell: 'port',
      suppression: 'flags',
      mitigation: { kind: 'timer', ns: 150_000 },
      place: 'deferred',
    });
    expect(parseNet('user,model=venet,suppression=shm-signal,mitigation=packets:8:100us').options).toEqual({
      suppression: 'shm-signal',
      mitigation: { kind: 'packets', count: 8, ns: 100_000 },
    });
  });

  it.each([
    ['user,interrupts=msi-x', 'no interrupts "msi-x" (did you mean msix?)'],
    ['user,doorbell=hypercall', 'no doorbell "hypercall"; known: mmio, port'],
    ['user,suppression=shm-signal', '--net: suppression shm-signal: a card on PCI has no shm_signal'],
    ['user,bus=vbus,interrupts=msix', '--net: interrupts msix: a card on a vbus has those of its connector'],
    ['user,model=venet,doorbell=port', '--net: doorbell port: a card on a vbus has those of its connector'],
    ['user,model=venet,suppression=flags', '--net: suppression flags: venet has its shm_signals and nothing else'],
    ['user,bus=vbus,suppression=none', '--net: suppression none: a vbus always has shm_signals'],
    ['user,mitigation=timer', '--net: mitigation "timer" is none of none, timer:TIME'],
    ['user,place=kernel', 'no place "kernel"'],
    ['user,place=inline,place=inline', 'place is given twice'],
    ['usr', '--net usr: no network "usr" (did you mean user?)'],
    ['tap,model=virtio-net-pci', 'no network "tap"; known: user'],
    ['', 'no network ""'],
    ['user,modle=virtio-net-pci', 'unknown key "modle" (did you mean model?)'],
    [
      'user,speed=1',
      'unknown key "speed"; known: model, bus, wire, interrupts, doorbell, suppression, mitigation, place, mac, mtu, forward, pcap, tftp, bootfile',
    ],
    ['user,model=virtio', 'no model "virtio" (did you mean virtio-net?)'],
    ['user,model=ne2000', 'no model "ne2000"; known: virtio-net, virtio-net-pci, venet'],
    ['user,bus=isa', 'no bus "isa"; known: pci, vbus'],
    ['user,model=venet,wire=usb', 'no wire "usb"; known: pci, hypercall'],
    ['user,model=venet,bus=pci', 'model=venet is a device of the vbus'],
    ['user,model=virtio-net-pci,bus=vbus', 'model=virtio-net-pci is on PCI'],
    ['user,wire=hypercall', 'wire= is for a card on the vbus'],
    ['user,mac', 'mac needs a value: mac=…'],
    ['user,pcap=', 'pcap needs a value'],
    ['user,mtu=1500,mtu=1500', 'mtu is given twice'],
    ['user,tftp=', 'tftp needs a value'],
    ['user,tftp=a,tftp=b', 'tftp is given twice'],
    ['user,bootfile', 'bootfile needs a value: bootfile=…'],
    ['user,bootfile=a,bootfile=b', 'bootfile is given twice'],
    [`user,bootfile=${'x'.repeat(128)}`, 'not a name of 1 to 127 ASCII characters'],
    ['user,bootfile=a\nb', 'not a name of 1 to 127 ASCII characters'],
    ['user,mtu=67', 'not a number from 576 to 65535'],
    ['user,mtu=1e3', 'not a number from 576 to 65535'],
    ['user,mac=52:54', 'not a MAC address'],
    ['user,forward=tcp:2222', '--net forward=tcp:2222: '],
    ['user,forward=tcp:127.0.0.1:99999-:22', 'forward=tcp:127.0.0.1:99999-:22: '],
    ['user,', 'unknown key ""'],
  ])('refuses %s', (text, message) => {
    expect(() => parseNet(text)).toThrow(message);
  });
});
