/**
 * The capture format that Wireshark writes itself: a Section Header Block, one Interface Description Block with nanosecond resolution,
 * then an Enhanced Packet Block per frame with its direction [draft-ietf-opsawg-pcapng §4]. Little-endian.
 */
import type { CaptureDirection, CaptureFormat } from './capture-port.ts';

const SECTION_HEADER_BLOCK = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION_BLOCK = 1;
const ENHANCED_PACKET_BLOCK = 6;
const BYTE_ORDER_MAGIC = 0x1a2b_3c4d;
const LINKTYPE_ETHERNET = 1;
const OPT_ENDOFOPT = 0;
/** [draft-ietf-opsawg-pcapng §3.5.1] */
const OPT_COMMENT = 1;
/** Bytes of an option's value that fit its length field, whole words. */
const OPTION_MAX = 0xfffc;
const IF_NAME = 2;
const IF_TSRESOL = 9;
const SHB_USERAPPL = 4;
const EPB_FLAGS = 2;

const padded = (length: number): number => (length + 3) & ~3;

/** A block: its type and total length, the body, the length again [draft-ietf-opsawg-pcapng §3.1]. The body is written by `fill`. */
function block(type: number, bodyLength: number, fill: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const total = 12 + bodyLength;
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, total, true);
  fill(new DataView(bytes.buffer, 8, bodyLength), bytes.subarray(8, 8 + bodyLength));
  view.setUint32(total - 4, total, true);
  return bytes;
}

/** Writes one option and gives the place after it [draft-ietf-opsawg-pcapng §3.5]. */
function option(view: DataView, at: number, code: number, text: string): number {
  view.setUint16(at, code, true);
  view.setUint16(at + 2, text.length, true);
  for (let i = 0; i < text.length; i++) view.setUint8(at + 4 + i, text.charCodeAt(i));
  return at + 4 + padded(text.length);
}

function sectionHeader(): Uint8Array {
  const application = 'paravirt';
  return block(SECTION_HEADER_BLOCK, 16 + 4 + padded(application.length) + 4, (view) => {
    view.setUint32(0, BYTE_ORDER_MAGIC, true);
    view.setUint16(4, 1, true);
    view.setUint16(6, 0, true);
    view.setBigInt64(8, -1n, true); // section length: not known in a file that is still written
    option(view, option(view, 16, SHB_USERAPPL, application), OPT_ENDOFOPT, '');
  });
}

function interfaceDescription(snapLength: number): Uint8Array {
  const name = 'guest';
  return block(INTERFACE_DESCRIPTION_BLOCK, 8 + 4 + padded(name.length) + 8 + 4, (view) => {
    view.setUint16(0, LINKTYPE_ETHERNET, true);
    view.setUint32(4, snapLength, true);
    const after = option(view, option(view, 8, IF_NAME, name), IF_TSRESOL, '\x09'); // 10^-9 s
    option(view, after, OPT_ENDOFOPT, '');
  });
}

/** `capture(port, { format: pcapng, … })`, the default. */
export const pcapng: CaptureFormat = {
  header(snapLength: number): Uint8Array {
    const section = sectionHeader();
    const description = interfaceDescription(snapLength);
    const bytes = new Uint8Array(section.length + description.length);
    bytes.set(section);
    bytes.set(description, section.length);
    return bytes;
  },

  frame(frame: Uint8Array, captured: number, timeNs: bigint, direction: CaptureDirection, comment?: string): Uint8Array {
    const text = comment?.slice(0, OPTION_MAX).replaceAll(/[^ -~]/g, '?');
    const commentLength = text === undefined ? 0 : 4 + padded(text.length);
    return block(ENHANCED_PACKET_BLOCK, 20 + padded(captured) + 8 + commentLength + 4, (view, bytes) => {
      view.setUint32(0, 0, true);
      view.setUint32(4, Number((timeNs >> 32n) & 0xffff_ffffn), true);
      view.setUint32(8, Number(timeNs & 0xffff_ffffn), true);
      view.setUint32(12, captured, true);
      view.setUint32(16, frame.length, true);
      bytes.set(frame.subarray(0, captured), 20);
      const options = 20 + padded(captured);
      view.setUint16(options, EPB_FLAGS, true);
      view.setUint16(options + 2, 4, true);
      view.setUint32(options + 4, direction === 'inbound' ? 1 : 2, true);
      if (text !== undefined) option(view, options + 8, OPT_COMMENT, text);
    });
  },
};
