/** The pixels of a PNG as Chromium writes them: eight bits a channel, red, green, blue and perhaps alpha, not interlaced. [PNG, third edition] */
import { inflateSync } from 'node:zlib';

const SIGNATURE = '89504e470d0a1a0a';
const CHANNELS: Readonly<Record<number, number>> = { 2: 3, 6: 4 };

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Pixels of each colour, `#rrggbb`. */
  readonly colours: ReadonlyMap<string, number>;
}

/** @throws Error for any other picture */
export function readPng(file: Buffer): Picture {
  if (file.toString('hex', 0, 8) !== SIGNATURE) throw new Error('no PNG');
  const data: Buffer[] = [];
  let header: Buffer | undefined;
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    const body = file.subarray(at + 8, at + 8 + file.readUInt32BE(at));
    const type = file.toString('latin1', at + 4, at + 8);
    if (type === 'IHDR') header = body;
    if (type === 'IDAT') data.push(body);
  }
  const [width, height] = [header?.readUInt32BE(0) ?? 0, header?.readUInt32BE(4) ?? 0];
  const channels = CHANNELS[header?.[9] ?? -1];
  if (header?.[8] !== 8 || header[12] !== 0 || channels === undefined) throw new Error('a PNG of another kind');
  const rows = unfiltered(inflateSync(Buffer.concat(data)), width * channels, height, channels);
  const colours = new Map<string, number>();
  for (const row of rows) {
    for (let at = 0; at < row.length; at += channels) {
      const colour = `#${row.toString('hex', at, at + 3)}`;
      colours.set(colour, (colours.get(colour) ?? 0) + 1);
    }
  }
  return { width, height, colours };
}

/** [PNG §9] Each line begins with the filter that its bytes went through. */
function unfiltered(bytes: Buffer, length: number, height: number, step: number): readonly Buffer[] {
  const rows: Buffer[] = [];
  let above = Buffer.alloc(length);
  for (let line = 0; line < height; line += 1) {
    const start = line * (length + 1);
    const filter = bytes[start] ?? 0;
    const row = Buffer.from(bytes.subarray(start + 1, start + 1 + length));
    for (let at = 0; at < length; at += 1) {
      const [left, up, corner] = [at < step ? 0 : (row[at - step] ?? 0), above[at] ?? 0, at < step ? 0 : (above[at - step] ?? 0)];
      const guess = [0, left, up, (left + up) >> 1, filter === 4 ? paeth(left, up, corner) : 0][filter] ?? 0;
      row[at] = (row[at] ?? 0) + guess;
    }
    rows.push(row);
    above = row;
  }
  return rows;
}

/** [PNG §9.4] Whichever neighbour is nearest to left + up − corner. */
function paeth(left: number, up: number, corner: number): number {
  const [toLeft, toUp, toCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
