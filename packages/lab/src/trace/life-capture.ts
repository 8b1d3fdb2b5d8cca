/**
 * Lives as a capture that Wireshark opens: each frame at the time of its copy, with the life of its buffer as the packet's comment
 * (`opt_comment` [draft-ietf-opsawg-pcapng §3.5.1]), so that a packet and what its ring did are in one place.
 */
import { pcapng } from '@paravirt/net-backend';
import { beginning, since } from './life-table.ts';
import { type BufferLife, STEPS } from './lives.ts';

/** Longest frame kept whole. */
const SNAP_LENGTH = 262_144;

/** The bytes of the file. Buffers without a frame (posted and never used) are left out. */
export function lifeCapture(lives: readonly BufferLife[]): Uint8Array {
  const packets = lives.flatMap((life) => {
    const at = life.steps.copied;
    return life.frame === undefined || at === undefined ? [] : [{ life, frame: life.frame, at }];
  });
  packets.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.life.number - b.life.number));
  const blocks = [
    pcapng.header(SNAP_LENGTH),
    ...packets.map(({ life, frame, at }) =>
      pcapng.frame(frame, Math.min(frame.length, SNAP_LENGTH), at, life.ring.endsWith('.rx') ? 'inbound' : 'outbound', describe(life)),
    ),
  ];
  const file = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0));
  let end = 0;
  for (const block of blocks) {
    file.set(block, end);
    end += block.length;
  }
  return file;
}

/** `net0.tx buffer 5, 1526 bytes; from 12.000 us: posted +0.000, doorbell sent +0.700, seen +1.500 … us` */
function describe(life: BufferLife): string {
  const start = beginning(life);
  const after = (at: bigint): string => since(at, start);
  const happened: (readonly [bigint, string])[] = [];
  for (const step of STEPS) {
    const at = life.steps[step];
    if (at !== undefined) happened.push([at, `${step} ${after(at)}`]);
  }
  for (const [what, told] of [
    ['doorbell', life.doorbell],
    ['signal', life.signal],
  ] as const)
    if (told !== undefined) happened.push([told.at, `${what} ${told.outcome} ${after(told.at)}`]);
  if (life.interrupt !== undefined) happened.push([life.interrupt.at, `interrupt of ${life.interrupt.source} ${after(life.interrupt.at)}`]);
  happened.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const size = life.bytes === undefined ? '' : `, ${life.bytes} bytes`;
  const from = (Number(start) / 1000).toFixed(3);
  return `${life.ring} buffer ${life.buffer}${size}; from ${from} us: ${happened.map(([, text]) => text).join(', ')} us`;
}
