import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ACTIONS, guestParameters, INIT_SCRIPT, MDEV_CONF, UDHCPC_SCRIPT } from './init-script.ts';

/** `sh -n` reads a script without running it. */
const syntax = (script: string): string => execFileSync('sh', ['-n'], { input: script, encoding: 'utf8' });

describe('The guest’s /init', () => {
  const script = INIT_SCRIPT;

  it('is a shell script without syntax errors', () => {
    expect(syntax(script)).toBe('');
    expect(syntax(UDHCPC_SCRIPT)).toBe('');
    expect(script.startsWith('#!/bin/busybox sh\n')).toBe(true);
  });

  it('names no module: those of a device are found by its MODALIAS', () => {
    expect(script).not.toMatch(/insmod|modprobe (?!-a -q -b \$new)/);
    expect(MDEV_CONF.split('\n')[0]).toBe('$MODALIAS=.* 0:0 660 @modprobe -q -b "$MODALIAS"');
  });

  it('sends a host’s traffic over one card after the other', () => {
    const each = /over_each_card\(\) \{[^}]*(?:\$\{[^}]*\}[^}]*)*\n\}/.exec(script)?.[0] ?? '';
    const run = (command: string): string =>
      execFileSync('sh', ['-c', `ip() { echo "ip $*"; }; cards="eth0 eth1"; ${each}\n${command}`], { encoding: 'utf8' });
    expect(run('over_each_card 10.0.2.2 echo get').split('\n')).toEqual([
      'ip route replace 10.0.2.2 dev eth0',
      'get',
      'ip route replace 10.0.2.2 dev eth1',
      'get',
      'ip route del 10.0.2.2',
      '',
    ]);
  });

  it('knows every action', () => {
    for (const action of ACTIONS) expect(script).toMatch(new RegExp(`^    ${action}\\)(?: |$)`, 'm'));
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
