import { MSIX_ENABLE, MSIX_FUNCTION_MASK } from '@paravirt/pci';
import { describe, expect, it } from 'vitest';
import { NetRig, plainFrame } from '../testing.ts';
import { VIRTIO_MSI_NO_VECTOR } from './pci-registers.ts';

const NEEDS_RESET = 0x40;
const STATUS = 6;
const WIDTHS = [1, 2, 4] as const;

describe('[virtio 1.2 §4.1.4.5] ISR status capability', () => {
  it('TP-11: reading clears it and drops INTx', () => {
    const rig = new NetRig();
    rig.start().send(plainFrame(60));
    expect(rig.slot.intx.high).toBe(true);
    expect(rig.pci.readPci(STATUS, 2) & 8).toBe(8);
    expect(rig.pci.readIsr()).toBe(1);
    expect([rig.slot.intx.high, rig.pci.readIsr()]).toEqual([false, 0]);
    expect(rig.pci.readPci(STATUS, 2) & 8).toBe(0);
  });

  it('TP-11: with MSI-X the queue bit is not used and INTx stays low', () => {
    const rig = new NetRig();
    rig.pci.enableMsix();
    const driver = rig.start([], { vectors: [0, 1, 2] });
    driver.send(plainFrame(60));
    rig.port.deliver(plainFrame(60));
    expect(rig.slot.messages.map(({ data }) => data)).toEqual([1, 0]);
    expect([rig.pci.readIsr(), rig.slot.intx.high]).toEqual([0, false]);
    rig.pci.set('configMsixVector', 3);
    rig.device.linkUp = false;
    expect(rig.slot.messages.at(-1)).toEqual({ address: 0xfee0_0000n, data: 3 });
    expect(rig.pci.readIsr()).toBe(2);
  });
});

describe('[virtio 1.2 §4.1.5.1.2] MSI-X Vector Configuration', () => {
  it('TP-13: a vector that does not exist reads back NO_VECTOR', () => {
    const { pci } = new NetRig();
    for (const register of ['queueMsixVector', 'configMsixVector'] as const) {
      for (const vector of [0, 3]) {
        pci.set(register, vector);
        expect(pci.get(register)).toBe(vector);
      }
      for (const vector of [4, 0x7ff, 0x800, 0xfffe, 0xffff]) {
        pci.set(register, vector);
        expect(pci.get(register)).toBe(VIRTIO_MSI_NO_VECTOR);
      }
    }
  });

  it('TP-13: answers every access to the table and the pending bits, and beyond them', () => {
    const { pci } = new NetRig();
    for (const start of [0, 0x30, 0x3c, 0x40, 0x7fc, 0x800, 0x808, 0xffc])
      for (let offset = 0; offset < 8; offset++)
        for (const width of WIDTHS) {
          const at = pci.msixBase + start + offset;
          if (start + offset + width > 0x1000) continue;
          pci.write(at, width, 2 ** (8 * width) - 1);
          expect(pci.read(at, width)).toBeLessThan(2 ** (8 * width));
        }
    expect(pci.read(pci.msixBase + 0x800, 4)).toBe(0);
    pci.enableMsix();
    expect([pci.read(pci.msixBase + 0x30, 4), pci.read(pci.msixBase + 0x38, 2)]).toEqual([0xfee0_0000, 3]);
  });

  it('TP-13: a masked vector pends and fires exactly once when it is unmasked', () => {
    const rig = new NetRig();
    rig.pci.enableMsix();
    const driver = rig.start([], { vectors: [0, 1, 2] });
    const mask = rig.pci.msixBase + 16 + 12;
    rig.pci.write(mask, 4, 1);
    driver.send(plainFrame(60));
    driver.send(plainFrame(60));
    expect([rig.slot.messages.length, rig.pci.read(rig.pci.msixBase + 0x800, 1)]).toEqual([0, 2]);
    rig.pci.write(mask, 4, 0);
    expect([rig.slot.messages.length, rig.pci.read(rig.pci.msixBase + 0x800, 1)]).toEqual([1, 0]);
    rig.pci.writePci(rig.pci.msixCapability + 2, 2, MSIX_ENABLE | MSIX_FUNCTION_MASK);
    driver.send(plainFrame(60));
    expect(rig.slot.messages).toHaveLength(1);
    rig.pci.writePci(rig.pci.msixCapability + 2, 2, MSIX_ENABLE);
    expect(rig.slot.messages).toHaveLength(2);
  });

  it('TP-13: what pends while MSI-X is disabled is sent when it is enabled again', () => {
    const rig = new NetRig();
    rig.pci.enableMsix();
    const driver = rig.start([], { vectors: [0, 1, 2] });
    rig.pci.writePci(rig.pci.msixCapability + 2, 2, MSIX_ENABLE | MSIX_FUNCTION_MASK);
    driver.send(plainFrame(60));
    rig.pci.writePci(rig.pci.msixCapability + 2, 2, 0);
    expect(rig.slot.messages).toHaveLength(0);
    rig.pci.writePci(rig.pci.msixCapability + 2, 2, MSIX_ENABLE);
    expect(rig.slot.messages.map(({ data }) => data)).toEqual([1]);
  });

  it('TP-14: hands any message address over as it was written', () => {
    const rig = new NetRig();
    rig.pci.enableMsix();
    const driver = rig.start([], { vectors: [0, 1, 2] });
    const entry = rig.pci.msixBase + 16;
    for (const [low, high] of [
      [0, 0],
      [0x1000, 0],
      [0xffff_fffc, 0xffff_ffff],
      [0xfee0_0000, 1],
    ] as const) {
      rig.pci.write(entry, 4, low);
      rig.pci.write(entry + 4, 4, high);
      rig.pci.write(entry + 8, 4, 0xffff_ffff);
      driver.send(plainFrame(60));
      expect(rig.slot.messages.at(-1)).toEqual({ address: (BigInt(high) << 32n) | BigInt(low), data: 0xffff_ffff });
    }
    expect(rig.pci.status & NEEDS_RESET).toBe(0);
  });
});
