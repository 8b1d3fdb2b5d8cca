import { EventEmitter, once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { firstInput } from './first-input.ts';
import { type InputStream, Keyboard } from './keyboard.ts';

function typewriter(terminal: boolean, room = Number.POSITIVE_INFINITY, first?: Uint8Array) {
  const modes: boolean[] = [];
  const input: InputStream & PassThrough = Object.assign(new PassThrough(), {
    isTTY: terminal,
    setRawMode: (raw: boolean) => modes.push(raw),
  });
  const process = new EventEmitter();
  const state = { room, sent: '', quits: 0 };
  const keyboard = new Keyboard({
    input,
    process: process as unknown as ConstructorParameters<typeof Keyboard>[0]['process'],
    send: (bytes) => {
      const taken = Math.min(bytes.length, state.room);
      state.room -= taken;
      state.sent += Buffer.from(bytes.subarray(0, taken)).toString('latin1');
      return taken;
    },
    quit: () => {
      state.quits++;
    },
    ...(first === undefined ? {} : { first }),
  });
  const type = async (text: string): Promise<void> => {
    input.write(text);
    await new Promise(setImmediate);
  };
  return { modes, input, process, state, keyboard, type };
}

describe('On a terminal', () => {
  it('every key is the guest’s, Ctrl-C too; Ctrl-A X is the way out', async () => {
    const { modes, state, type } = typewriter(true);
    expect(modes).toEqual([true]);
    await type('ls\x03\x1a');
    expect(state.sent).toBe('ls\x03\x1a');
    await type('\x01x');
    expect(state).toMatchObject({ sent: 'ls\x03\x1a', quits: 1 });
  });

  it('the mode is restored once by close', () => {
    const { modes, keyboard, process } = typewriter(true);
    keyboard.close();
    keyboard.close();
    process.emit('exit');
    expect(modes).toEqual([true, false]);
    expect(process.listenerCount('exit')).toBe(0);
  });

  it('the mode is restored when the process exits without close, as after an exception', () => {
    const { modes, process } = typewriter(true);
    process.emit('exit');
    expect(modes).toEqual([true, false]);
  });

  it('the escape key works while the guest takes nothing', async () => {
    const { state, type, keyboard } = typewriter(true, 2);
    await type('abcdef');
    await type('\x01x');
    expect(state).toMatchObject({ sent: 'ab', quits: 1 });
    state.room = 100;
    keyboard.flush();
    expect(state.sent).toBe('abcdef');
  });
});

describe('Without a terminal', () => {
  it('there is no mode to set and no escape key', async () => {
    const { modes, state, type } = typewriter(false);
    await type('\x01x');
    expect(state).toMatchObject({ sent: '\x01x', quits: 0 });
    expect(modes).toEqual([]);
  });

  it('input waits until the guest takes it, in order', async () => {
    const { state, type, keyboard, input } = typewriter(false, 2);
    await type('abcdef');
    expect(input.isPaused()).toBe(true);
    await type('ghi');
    expect(state.sent).toBe('ab');
    for (let i = 0; i < 4; i++) {
      state.room = 2;
      keyboard.flush();
      await new Promise(setImmediate);
    }
    state.room = 100;
    keyboard.flush();
    expect(state.sent).toBe('abcdefghi');
  });

  it('its end is no reason to stop', async () => {
    const { input, keyboard, state } = typewriter(false);
    input.end('bye');
    await once(input, 'end');
    expect(keyboard.ended).toBe(true);
    expect(state).toMatchObject({ sent: 'bye', quits: 0 });
    keyboard.close();
  });

  it('what was read before comes first', async () => {
    const { state, type, keyboard } = typewriter(false, 1, Buffer.from('123'));
    await type('456');
    expect(state.sent).toBe('1');
    state.room = 100;
    keyboard.flush();
    await new Promise(setImmediate);
    expect(state.sent).toBe('123456');
  });
});

describe('Input of a deterministic run', () => {
  it('is read to its end', async () => {
    const input = new PassThrough();
    setTimeout(() => input.write('one '), 5);
    setTimeout(() => input.end('two'), 50);
    expect(Buffer.from(await firstInput(input)).toString()).toBe('one two');
  });

  it('is read until it is silent, and the rest stays', async () => {
    const input = new PassThrough();
    input.write('one');
    expect(Buffer.from(await firstInput(input)).toString()).toBe('one');
    input.write('two');
    expect(String(input.read())).toBe('two');
  });

  it('is not waited for on a terminal', async () => {
    expect(await firstInput(Object.assign(new PassThrough(), { isTTY: true }))).toHaveLength(0);
  });
});
