/**
 * VB-12: the same frames through virtio-net and through venet arrive byte-identical, in both directions, whatever the drivers negotiate
 * and whatever the port takes. Where a frame leaves work to the other side, both leave the same.
 */
import { type VenetDriverOptions, VenetRig, venet } from '@paravirt/vbus/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NetRig, plainFrame, RecordingPort, tcpFrame, tcpOffsets } from '../testing.ts';
import * as net from './protocol.ts';

/** A frame, and the work that its sender leaves: nothing, a checksum, or segmentation into `size` bytes. */
interface Packet {
  readonly frame: Uint8Array;
  readonly kind: 'plain' | 'checksum' | 'tcp4' | 'tcp6';
  readonly size: number;
}

/** Also frames that are too short or too long, sizes that cannot be, and headers that lie: what is dropped must be the same as well. */
const packet: fc.Arbitrary<Packet> = fc
  .record({
    kind: fc.constantFrom('plain' as const, 'checksum' as const, 'tcp4' as const, 'tcp6' as const),
    length: fc.oneof(fc.nat(1600), fc.integer({ min: 1380, max: 1530 }), fc.nat(30_000)),
    size: fc.oneof(fc.constantFrom(0, 1388, 1428, 1448), fc.integer({ min: 500, max: 3000 })),
    flags: fc.constantFrom(0x10, 0x18, 0x19, 0x90),
    lie: fc.option(fc.record({ at: fc.nat(60), value: fc.nat(255) }), { nil: undefined, freq: 5 }),
  })
  .map(({ kind, length, size, flags, lie }) => {
    const bounded = length % 1601;
    const frame =
      kind === 'plain'
        ? plainFrame(Math.max(1, bounded))
        : tcpFrame(kind === 'checksum' ? bounded : length, { partial: true, flags, kind: kind === 'tcp6' ? kind : 'tcp4' });
    if (lie !== undefined && lie.at < frame.length) frame[lie.at] = lie.value;
    return { frame, kind, size };
  });
const packets = fc.array(packet, { maxLength: 12 });

/** The work that a packet leaves, in the port's words. */
function workOf({ kind, size }: Packet) {
  const checksum = { start: tcpOffsets({ kind: kind === 'tcp6' ? kind : 'tcp4' }).transport, offset: 16 };
  if (kind === 'plain') return {};
  return kind === 'checksum' ? { checksum } : { checksum, segmentation: { kind, size } };
}

const TSO = venet.CAP_SG | venet.CAP_TSO4 | venet.CAP_TSO6 | venet.CAP_ECN;
const EVENTS = venet.CAP_LINKSTATE | venet.CAP_TXC;
const SEND = [net.VIRTIO_NET_F_MTU, net.VIRTIO_NET_F_CSUM, net.VIRTIO_NET_F_HOST_TSO4, net.VIRTIO_NET_F_HOST_TSO6];
const RECEIVE = [net.VIRTIO_NET_F_GUEST_CSUM, net.VIRTIO_NET_F_GUEST_TSO4, net.VIRTIO_NET_F_GUEST_TSO6, net.VIRTIO_NET_F_MRG_RXBUF];

/** A card of each kind with its driver. `whole`: their ports take large frames. */
function cards(mode: VenetDriverOptions, bits: readonly number[], whole: boolean) {
  const port = () => new RecordingPort(whole ? { checksum: true, segmentation: true, largeReceive: true } : undefined);
  const ours = new NetRig({ port: port(), mtu: 1500, offloads: 'software' });
  const theirs = new VenetRig({ port: port(), mtu: 1500, offloads: 'software' });
  return { ours, theirs, virtio: ours.start(bits), ...theirs.start({ ringLength: 64, ...mode }) };
}

describe('[VB-12] The same frame sequence through venet and virtio-net', () => {
  it.each([
    ['scatter-gather', { sg: TSO }],
    ['pre-mapped descriptors', { sg: TSO | venet.CAP_PMTD }],
    ['pre-mapped descriptors and events', { sg: TSO | venet.CAP_PMTD, eventq: EVENTS }],
  ] as const)('leaves the guest byte-identical: %s', (_, mode) => {
    fc.assert(
      fc.property(fc.boolean(), packets, (whole, list) => {
        const { ours, theirs, virtio, driver, client } = cards(mode, SEND, whole);
        for (const each of list) {
          const work = workOf(each);
          const { frame, size } = each;
          const split = [Math.min(54, frame.length), frame.length % 700];
          const { checksum, segmentation } = { checksum: undefined, segmentation: undefined, ...work };
          virtio.send(frame, {
            flags: checksum === undefined ? 0 : net.VIRTIO_NET_HDR_F_NEEDS_CSUM,
            checksumStart: checksum?.start ?? 0,
            checksumOffset: checksum?.offset ?? 0,
            gsoType:
              segmentation === undefined
                ? net.VIRTIO_NET_HDR_GSO_NONE
                : segmentation.kind === 'tcp4'
                  ? net.VIRTIO_NET_HDR_GSO_TCPV4
                  : net.VIRTIO_NET_HDR_GSO_TCPV6,
            gsoSize: size,
            split,
          });
          driver.send(frame, { ...work, split });
          client.settle();
        }
        expect(theirs.port.sent).toEqual(ours.port.sent);
        expect(theirs.device.counters).toMatchObject({ txFrames: ours.device.counters.txFrames, txBytes: ours.device.counters.txBytes });
      }),
      { numRuns: 100 },
    );
  });

  it('leaves the guest byte-identical: flat, with no work left', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, EVENTS), packets, (eventq, list) => {
        const { ours, theirs, virtio, driver, client } = cards({ eventq }, [net.VIRTIO_NET_F_MTU], true);
        for (const { frame } of list) {
          virtio.send(frame);
          driver.send(frame);
          client.settle();
        }
        expect(theirs.port.sent).toEqual(ours.port.sent);
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['flat', {}, [net.VIRTIO_NET_F_MTU]],
    ['large receive', { l4ro: TSO }, [net.VIRTIO_NET_F_MTU, ...RECEIVE]],
  ] as const)('reaches the guest byte-identical: %s', (_, mode, bits) => {
    fc.assert(
      fc.property(packets, (list) => {
        const { ours, theirs, virtio, driver, client } = cards(mode, bits, true);
        const received = [];
        for (const each of list) {
          const work = workOf(each);
          ours.port.deliver(each.frame, work);
          theirs.port.deliver(each.frame, work);
          client.settle();
          received.push(...virtio.receive());
        }
        expect(
          driver.received.map(({ frame, checksum, segmentation }) => ({
            frame,
            flags: checksum === undefined ? 0 : net.VIRTIO_NET_HDR_F_NEEDS_CSUM,
            checksumStart: checksum?.start ?? 0,
            checksumOffset: checksum?.offset ?? 0,
            gsoType:
              segmentation === undefined
                ? net.VIRTIO_NET_HDR_GSO_NONE
                : segmentation.kind === 'tcp4'
                  ? net.VIRTIO_NET_HDR_GSO_TCPV4
                  : net.VIRTIO_NET_HDR_GSO_TCPV6,
            gsoSize: segmentation?.size ?? 0,
            headerLength: segmentation?.headerLength ?? 0,
          })),
        ).toEqual(received.map(({ buffers: _buffers, ...rest }) => rest));
        expect([ours.port.waiting, theirs.port.waiting]).toEqual([0, 0]);
      }),
      { numRuns: 100 },
    );
  });
});
