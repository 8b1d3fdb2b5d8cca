/**
 * The classic capture format with nanosecond time stamps: one header, then a record per frame [draft-ietf-opsawg-pcap §4, §5]. For tools
 * that cannot read pcapng; it has no direction of a frame. Little-endian.
 */
import type { CaptureFormat } from './capture-port.ts';

/** Magic of files whose time stamps count nanoseconds [draft-ietf-opsawg-pcap §4]. */
const MAGIC_NANOSECONDS = 0xa1b2_3c4d;
const LINKTYPE_ETHERNET = 1;

/** `capture(port, { format: pcap, … })`. */
export const pcap: CaptureFormat = {
  header(snapLength: number): Uint8Array {
    const view = new DataView(new ArrayBuffer(24));
    view.setUint32(0, MAGIC_NANOSECONDS, true);
    view.setUint16(4, 2, true);
    view.setUint16(6, 4, true);
    view.setUint32(16, snapLength, true);
    view.setUint32(20, LINKTYPE_ETHERNET, true);
    return new Uint8Array(view.buffer);
  },

  frame(frame: Uint8Array, captured: number, timeNs: bigint): Uint8Array {
    const record = new Uint8Array(16 + captured);
    const view = new DataView(record.buffer);
    view.setUint32(0, Number((timeNs / 1_000_000_000n) & 0xffff_ffffn), true);
    view.setUint32(4, Number(timeNs % 1_000_000_000n), true);
    view.setUint32(8, captured, true);
    view.setUint32(12, frame.length, true);
    record.set(frame.subarray(0, captured), 16);
    return record;
  },
};
