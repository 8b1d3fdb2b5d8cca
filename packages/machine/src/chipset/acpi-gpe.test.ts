import { RecordingLine } from '@paravirt/bus';
import { describe, expect, it } from 'vitest';
import { AcpiGpe, GPE_BLOCK_SIZE } from './acpi-gpe.ts';

const STATUS = 0;
const ENABLE = 1;

function makeGpe() {
  const sci = new RecordingLine();
  return { sci, gpe: new AcpiGpe({ sci }) };
}

describe('[ACPI 6.5 §4.8.4.1] General-Purpose Event Register Blocks', () => {
  it('SCI follows status and enable; status is cleared by writing ones', () => {
    const { sci, gpe } = makeGpe();
    gpe.raise(1);
    expect([gpe.read(STATUS, 1), sci.high]).toEqual([2, false]);
    gpe.write(ENABLE, 1, 0xff);
    expect([gpe.read(ENABLE, 1), sci.high]).toEqual([0xff, true]);
    gpe.write(STATUS, 1, 0xfd);
    expect(sci.high).toBe(true);
    gpe.write(STATUS, 1, 2);
    expect([gpe.read(STATUS, 1), sci.high]).toEqual([0, false]);
    gpe.raise(7);
    gpe.raise(7);
    expect([gpe.read(STATUS, 1), sci.high, sci.edges]).toEqual([0x80, true, 2]);
    gpe.write(ENABLE, 1, 0x7f);
    expect(sci.high).toBe(false);
  });

  it('an event that the block does not have is nothing', () => {
    const { sci, gpe } = makeGpe();
    gpe.write(ENABLE, 1, 0xff);
    for (const event of [-1, 8, 33, Number.NaN]) gpe.raise(event);
    expect([gpe.read(STATUS, 1), sci.edges]).toEqual([0, 0]);
  });

  it('TP-23: odd widths and offsets read and write what they touch', () => {
    const { sci, gpe } = makeGpe();
    gpe.raise(0);
    gpe.raise(4);
    gpe.write(0, 2, 0x1101);
    expect([gpe.read(0, 2), gpe.read(0, 4), gpe.read(1, 2), gpe.read(GPE_BLOCK_SIZE, 1), sci.high]).toEqual([
      0x1110,
      0xffff_1110,
      0xff11,
      0xff,
      true,
    ]);
    gpe.write(1, 4, 0x0000_0000);
    expect([gpe.read(0, 2), sci.high]).toEqual([0x0010, false]);
  });

  it('reset disables and clears', () => {
    const { sci, gpe } = makeGpe();
    gpe.write(ENABLE, 1, 1);
    gpe.raise(0);
    gpe.reset();
    expect([gpe.read(0, 2), sci.high]).toEqual([0, false]);
  });
});
