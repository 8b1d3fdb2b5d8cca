import { describe, expect, it } from 'vitest';
import { OutputBuffer, SerialConsole } from './console.ts';

describe('The serial console', () => {
  it('hands over what was printed in batches, in order', () => {
    const buffer = new OutputBuffer();
    const batches: number[][] = [];
    buffer.onOutput = (bytes) => batches.push([...bytes]);
    buffer.flush();
    for (let i = 0; i < 5000; i++) buffer.put(i & 0xff);
    expect(batches.map((b) => b.length)).toEqual([4096]);
    buffer.flush();
    expect(batches.flat()).toEqual(Array.from({ length: 5000 }, (_, i) => i & 0xff));
  });

  it('takes input as far as the serial port does, and tells when it can take more', () => {
    const port = { receive: (bytes: Uint8Array) => Math.min(bytes.length, 2), onReceivable: undefined as (() => void) | undefined };
    const console = new SerialConsole(new OutputBuffer(), port);
    let told = 0;
    console.onWritable = () => {
      told++;
    };
    expect(console.write(Uint8Array.of(1, 2, 3))).toBe(2);
    port.onReceivable?.();
    expect(told).toBe(1);
  });
});
