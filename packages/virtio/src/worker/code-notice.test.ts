import { describe, expect, it } from 'vitest';
import { CodeNotice } from './code-notice.ts';
import { CODE, EVENT, NetBlock, WORD } from './net-block.ts';

describe('A notice of bytes written where the CPU has decoded code', () => {
  it('is answered once, with the range', () => {
    const block = NetBlock.create();
    const notice = new CodeNotice(block);
    const seen: number[][] = [];
    notice.answer((start, length) => void seen.push([start, length]));
    expect(seen).toEqual([]);
    notice.ask(0xffff_0000, 60);
    expect(block.load(WORD.events)).toBe(EVENT.code);
    notice.answer((start, length) => void seen.push([start, length]));
    notice.answer((start, length) => void seen.push([start, length]));
    expect(seen).toEqual([[0xffff_0000, 60]]);
    expect(block.load(WORD.codeState)).toBe(CODE.none);
  });

  it('waits in vain for a bounded time, and then goes together with the next one', () => {
    const notice = new CodeNotice(NetBlock.create());
    const started = Date.now();
    notice.ask(8192, 100);
    notice.ask(4096, 8);
    expect(Date.now() - started).toBeLessThan(2000);
    const seen: number[][] = [];
    notice.answer((start, length) => void seen.push([start, length]));
    expect(seen).toEqual([[4096, 4196]]);
  });
});

describe('The page of a network card', () => {
  it('is one that create made', () => {
    const { buffer } = NetBlock.create();
    expect(new NetBlock(buffer).buffer).toBe(buffer);
    for (const size of [4095, 4096, 8192]) expect(() => new NetBlock(new SharedArrayBuffer(size))).toThrow('is no page');
  });

  it('carries layouts, reasons and whatever a peer writes there', () => {
    const block = NetBlock.create();
    const layout = { size: 256, descriptors: 2 ** 40 + 16, available: 0xffff_fffe, used: 4 };
    block.writeQueue(2, { epoch: 7, layout });
    expect(block.readQueue(2)).toEqual({ epoch: 7, layout });
    block.reason = `é${'x'.repeat(1000)}`;
    expect(block.reason).toHaveLength(128);
    block.words.fill(-1, 2);
    expect(block.reason.length).toBeLessThanOrEqual(128);
    expect(block.readQueue(0).layout.size).toBe(0xffff_ffff);
  });
});
