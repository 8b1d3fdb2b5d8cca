import { describe, expect, it } from 'vitest';
import { Progress, type ProgressStream } from './progress.ts';

function stream(isTTY: boolean, columns = 40): ProgressStream & { text: string } {
  return {
    text: '',
    isTTY,
    columns,
    write(text) {
      this.text += text;
    },
  };
}

describe('Progress', () => {
  it('rewrites one line on a terminal and erases it at the end', () => {
    const out = stream(true);
    const progress = new Progress(out);
    progress.stage('downloading');
    progress.bytes(1_500_000, 3_000_000);
    progress.end();
    progress.end();
    expect(out.text).toBe('\r\x1b[Kdownloading\r\x1b[Kdownloading 1.5 MB, 50 %\r\x1b[K');
  });

  it('stays within the terminal’s width', () => {
    const out = stream(true, 24);
    new Progress(out).stage('x'.repeat(100));
    expect(out.text).toBe(`\r\x1b[K${'x'.repeat(23)}`);
  });

  it('writes each stage once where there is no terminal', () => {
    const out = stream(false);
    const progress = new Progress(out);
    for (const text of ['one', 'one', 'two']) progress.stage(text);
    progress.bytes(1, 2);
    progress.end();
    expect(out.text).toBe('one\ntwo\n');
  });
});
