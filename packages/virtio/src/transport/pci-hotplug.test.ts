import { HotplugSlots } from '@paravirt/pci';
import { createTestBus } from '@paravirt/pci/testing';
import { describe, expect, it } from 'vitest';
import { NetRig, plainFrame } from '../testing.ts';

describe('[virtio 1.2 §4.1] Hot-unplug', () => {
  it('TP-22: chains in flight are dropped, and what completes late touches nothing', () => {
    const rig = new NetRig();
    const driver = rig.start();
    rig.port.room = 0;
    expect(driver.send(plainFrame(100))).toBeUndefined();
    const before = new Uint8Array(rig.slot.memory.size);
    rig.slot.memory.read(0, before);
    const messages = rig.slot.messages.length;

    rig.card.function.detach();
    rig.port.open();
    expect(rig.port.deliver(plainFrame(80))).toBe(true);
    rig.device.linkUp = false;
    rig.runDeferred();

    const after = new Uint8Array(rig.slot.memory.size);
    rig.slot.memory.read(0, after);
    expect(after.every((byte, i) => byte === before[i])).toBe(true);
    expect([rig.slot.messages.length, rig.slot.intx.high, rig.port.sent.length]).toEqual([messages, false, 0]);
    expect([rig.card.session.status, rig.card.session.queue(0)]).toEqual([0, undefined]);
  });

  it('a card that was pulled works in another slot', () => {
    const rig = new NetRig();
    rig.start();
    const { bus, config } = createTestBus();
    const slots = new HotplugSlots({ bus, event: () => undefined });
    rig.card.function.detach();
    slots.add(rig.card.function, 5);
    expect(config.readConfig({ bus: 0, device: 5, function: 0 }, 0, 4)).toBe(0x1041_1af4);
    expect(config.readConfig({ bus: 0, device: 5, function: 0 }, 4, 2)).toBe(0);
  });
});
