import { BufferMemory, BufferRegion } from '@paravirt/vbus';
import { describe, expect, it } from 'vitest';
import { VbusMemory } from './vbus-memory.ts';

/** A region that notes its words' accesses. */
class WatchedRegion extends BufferRegion {
  readonly log: string[] = [];

  override loadU32(offset: number): number {
    this.log.push(`load ${offset}`);
    return super.loadU32(offset);
  }

  override storeU32(offset: number, value: number): void {
    this.log.push(`store ${offset}`);
    super.storeU32(offset, value);
  }
}

function makeMemory() {
  const buffer = new SharedArrayBuffer(4096);
  const client = new BufferMemory(buffer);
  const ring = new WatchedRegion(buffer, 256, 64);
  const memory = new VbusMemory();
  memory.connect(client);
  memory.addRing(ring);
  return { client, ring, memory };
}

describe('docs/virtio-vbus.md: Doorbells, order', () => {
  it('16-bit words of a ring go by sequentially consistent accesses, each half of its word alone', () => {
    const { client, ring, memory } = makeMemory();
    client.writeU32(260, 0x1122_3344);
    expect([memory.readU16(260), memory.readU16(262)]).toEqual([0x3344, 0x1122]);
    memory.writeU16(262, 0xabcd);
    memory.writeU16(260, 0x1_0042);
    expect(client.readU32(260)).toBe(0xabcd_0042);
    expect(ring.log).toEqual(['load 4', 'load 4', 'store 4', 'store 4']);
  });

  it('everything else is plain: other memory, odd addresses, words that a ring does not wholly hold', () => {
    const { client, ring, memory } = makeMemory();
    client.writeU32(100, 0x5566_7788);
    memory.writeU16(261, 0x9a9b);
    memory.writeU16(254, 0x0102);
    memory.writeU32(264, 7);
    expect([memory.readU16(102), memory.readU16(261), memory.readU16(254), memory.readU16(320), memory.readU32(264)]).toEqual([
      0x5566, 0x9a9b, 0x0102, 0, 7,
    ]);
    expect(ring.log).toEqual([]);
  });

  it('while nobody has the device open there is no memory', () => {
    const { client, memory } = makeMemory();
    memory.disconnect();
    memory.writeU8(300, 1);
    memory.writeU16(300, 1);
    memory.writeU32(300, 1);
    memory.writeU64(300, 1n);
    memory.write(300, Uint8Array.of(1));
    const bytes = new Uint8Array(2);
    memory.read(300, bytes);
    expect([memory.size, memory.contains(300, 1), client.readU64(300), bytes]).toEqual([0, false, 0n, Uint8Array.of(0xff, 0xff)]);
    expect([memory.readU8(0), memory.readU16(300), memory.readU32(0), memory.readU64(0)]).toEqual([
      0xff,
      0xffff,
      0xffff_ffff,
      0xffff_ffff_ffff_ffffn,
    ]);
  });
});
