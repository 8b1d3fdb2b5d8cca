import { describe, expect, it } from 'vitest';
import { type UserNetworkFixture, userNetworkFixture } from '../testing.ts';
import { parseForward } from './forward.ts';
import { UserNetwork } from './user-network.ts';

const text = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0));

async function forwarded(): Promise<UserNetworkFixture> {
  const fixture = userNetworkFixture();
  await fixture.network.forward(parseForward('tcp:127.0.0.1:2222-:22'));
  return fixture;
}

describe('parseForward', () => {
  it('reads what users write for QEMU', () => {
    expect(parseForward('tcp:127.0.0.1:2222-:22')).toEqual({ host: { address: '127.0.0.1', port: 2222 }, guest: { port: 22 } });
    expect(parseForward('tcp::8080-10.0.2.20:80')).toEqual({
      host: { address: '127.0.0.1', port: 8080 },
      guest: { address: '10.0.2.20', port: 80 },
    });
    expect(parseForward('tcp:0.0.0.0:0-:80').host).toEqual({ address: '0.0.0.0', port: 0 });
  });

  it('refuses the rest', () => {
    for (const bad of ['', 'tcp', 'udp::1-:2', 'tcp:1.2.3:1-:2', 'tcp::70000-:2', 'tcp::1-:0', 'tcp::1-:99999', 'tcp::1-a:2', 'tcp::-:2']) {
      expect(() => parseForward(bad)).toThrow(expect.objectContaining({ code: 'bad-forward' }));
    }
  });
});

describe('BK-16 forwards into the guest', () => {
  it('BK-16 a port in use is a clear error, and nothing stays open', async () => {
    const { memory, clock } = await forwarded();
    const forwards = [parseForward('tcp::9000-:1'), parseForward('tcp:127.0.0.1:2222-:22')];
    await expect(UserNetwork.create({ clock, host: memory }, forwards)).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'port-in-use',
    });
    expect(memory.connectAsClient('127.0.0.1', 9000)).toBe(undefined);
  });

  it('BK-16 an address outside of the network is refused', async () => {
    const { network } = await forwarded();
    await expect(network.forward(parseForward('tcp::1-192.168.0.1:22'))).rejects.toMatchObject({ code: 'bad-forward' });
    await expect(network.forward(parseForward('tcp::1-10.0.2.2:22'))).rejects.toMatchObject({ code: 'bad-forward' });
  });

  it('reaches the guest, which is asked for by ARP first, and carries both ways', async () => {
    const { guest, memory, pass } = await forwarded();
    guest.listeners.set(22, (connection) => {
      connection.onData = (bytes) => connection.write(bytes);
      connection.onEnd = () => connection.end();
    });
    const client = memory.connectAsClient('127.0.0.1', 2222);
    client?.write(text('hello'));
    client?.end();
    pass(100);
    expect(client?.bytes).toEqual(text('hello'));
    expect(client?.ended).toBe(true);
    expect(guest.frames[0]?.[13]).toBe(6); // ARP
    expect(guest.packets[0]?.source).toBe('10.0.2.2');
    expect(guest.errors).toEqual([]);
  });

  it('BK-16 a client that connects before the guest is there waits until it is', async () => {
    const { guest, memory, pass } = await forwarded();
    guest.address = '0.0.0.0';
    const client = memory.connectAsClient('127.0.0.1', 2222);
    client?.write(text('early'));
    pass(10_000);
    expect(client?.closed).toBe(false);
    const got: Uint8Array[] = [];
    guest.listeners.set(22, (connection) => {
      connection.onData = (bytes) => got.push(bytes);
    });
    expect(guest.configure()).toBe('10.0.2.15');
    pass(10_000);
    expect(got).toEqual([text('early')]);
  });

  it('BK-16 a client is let down after a minute when the guest never comes', async () => {
    const { guest, memory, pass, network } = await forwarded();
    guest.address = '0.0.0.0';
    const client = memory.connectAsClient('127.0.0.1', 2222);
    pass(200_000);
    expect(client?.wasReset).toBe(true);
    expect(network.statistics().connections).toEqual([]);
  });

  it('BK-16 a guest that refuses resets the client', async () => {
    const { guest, memory, pass, network } = await forwarded();
    guest.resetsUnknown = true;
    const client = memory.connectAsClient('127.0.0.1', 2222);
    pass(10);
    expect(client?.wasReset).toBe(true);
    expect(network.statistics().connections).toEqual([]);
  });

  it('BK-16 a thousand clients in parallel', async () => {
    const { guest, memory, pass, network } = await forwarded();
    guest.recording = false;
    guest.listeners.set(22, (connection) => {
      connection.onData = (bytes) => connection.write(bytes);
      connection.onEnd = () => connection.end();
    });
    const clients = Array.from({ length: 1000 }, (_, i) => {
      const client = memory.connectAsClient('127.0.0.1', 2222);
      client?.write(text(`client ${i}`));
      client?.end();
      return client;
    });
    pass(100);
    expect(clients.every((client, i) => new TextDecoder().decode(client?.bytes) === `client ${i}` && client?.closed)).toBe(true);
    pass(120_000);
    expect(network.statistics().connections).toEqual([]);
  });

  it('BK-16 half close: the guest goes on after the client has ended, and the other way round', async () => {
    const { guest, memory, pass } = await forwarded();
    guest.listeners.set(22, (connection) => {
      connection.onEnd = () => {
        connection.write(text('after your end'));
        connection.end();
      };
    });
    const first = memory.connectAsClient('127.0.0.1', 2222);
    first?.end();
    pass(100);
    expect(first?.bytes).toEqual(text('after your end'));
    const got: Uint8Array[] = [];
    guest.listeners.set(22, (connection) => {
      connection.onData = (bytes) => got.push(bytes);
      connection.end();
    });
    const second = memory.connectAsClient('127.0.0.1', 2222);
    pass(100);
    expect(second?.ended).toBe(true);
    second?.write(text('still here'));
    pass(100);
    expect(got).toEqual([text('still here')]);
  });

  it('closing the network closes listeners and connections', async () => {
    const { guest, memory, pass, network } = await forwarded();
    guest.listeners.set(22, () => {});
    const client = memory.connectAsClient('127.0.0.1', 2222);
    pass(10);
    network.close();
    network.close();
    expect(client?.wasReset).toBe(true);
    expect(memory.connectAsClient('127.0.0.1', 2222)).toBe(undefined);
    expect(network.transmit(new Uint8Array(60))).toBe(true);
  });
});
