import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ACTIONS, guestParameters, initScript, UDHCPC_SCRIPT } from './init-script.ts';

/** `sh -n` reads a script without running it. */
const syntax = (script: string): string => execFileSync('sh', ['-n'], { input: script, encoding: 'utf8' });

describe('The guest’s /init', () => {
  const script = initScript(['virtio', 'virtio_net']);

  it('is a shell script without syntax errors', () => {
    expect(syntax(script)).toBe('');
    expect(syntax(UDHCPC_SCRIPT)).toBe('');
    expect(script.startsWith('#!/bin/busybox sh\n')).toBe(true);
  });

  it('loads the modules in the order given', () => {
    expect(script).toContain('for module in virtio virtio_net; do');
  });

  it('knows every action', () => {
    for (const action of ACTIONS) expect(script).toMatch(new RegExp(`^    ${action}\\) `, 'm'));
  });

  it('powers off at the end, whatever was asked for', () => {
    expect(script.trimEnd().split('\n').at(-1)).toBe('poweroff -f');
  });

  it('reads its parameters from the kernel command line', () => {
    const folder = mkdtempSync(join(tmpdir(), 'init-'));
    const file = join(folder, 'cmdline');
    const parameter = /parameter\(\) \{.*\}/.exec(script)?.[0].replace('/proc/cmdline', `'${file}'`) ?? '';
    const read = (name: string): string => execFileSync('sh', ['-c', `${parameter}; parameter ${name}`], { encoding: 'utf8' });
    try {
      writeFileSync(file, `console=ttyS0 ${guestParameters(['address', 'ping', 'poweroff'], 'http://10.0.2.2:8000/a=b')} quiet\n`);
      expect(read('do')).toBe('address,ping,poweroff\n');
      expect(read('url')).toBe('http://10.0.2.2:8000/a=b\n');
      expect(read('none')).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
