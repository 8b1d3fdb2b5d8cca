import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FileServer, receiveUploads, serveFile, type UploadServer } from './host-server.ts';
import { type Architecture, boot, debianImage, type Image, type Outcome, paravirt, statistics } from './paravirt.ts';

/** PARAVIRT_TRANSFERS=full: 64 MiB down and 32 MiB up over each card. */
const FULL = process.env['PARAVIRT_TRANSFERS'] === 'full';
const DOWN = (FULL ? 64 : 4) << 20;
const UP = (FULL ? 32 : 2) << 20;
const LIMIT = '540';

let file: FileServer;
let uploads: UploadServer;

beforeAll(async () => {
  file = await serveFile(DOWN);
  uploads = await receiveUploads();
});
afterAll(() => {
  file.close();
  uploads.close();
});

interface Card {
  readonly name: string;
  readonly driver: string;
  readonly device: string;
  readonly received: number;
  readonly sent: number;
}

/** What `paravirt.do=cards` said last. */
function cards(stdout: string): readonly Card[] {
  const line = /paravirt: card (\S+) driver=(\S+) device=(\S+) rx_bytes=(\d+) tx_bytes=(\d+)/g;
  const all = [...stdout.matchAll(line)].map(([, name = '', driver = '', device = '', received, sent]) => ({
    name,
    driver,
    device,
    received: Number(received),
    sent: Number(sent),
  }));
  return [...new Map(all.map((card) => [card.name, card])).values()];
}

/** Where a card is, and who drives it. */
const place = ({ driver, device }: Card): string => `${driver} on ${device.startsWith('/devices/pci') ? 'PCI' : 'vbus'}`;

/** Boots with three cards and transfers over each. */
async function transfer(image: Image, wire: string): Promise<Outcome> {
  const parameters = [
    'paravirt.do=address,download,upload,cards,poweroff',
    `paravirt.url=${file.url}`,
    `paravirt.upload=${uploads.target} paravirt.upload_size=${UP}`,
  ];
  const nets = ['user,model=virtio-net', `user,model=venet,wire=${wire}`, `user,model=virtio-net,bus=vbus,wire=${wire}`];
  const memory = FULL ? '768M' : '512M';
  return paravirt(
    ...boot(image, parameters.join(' ')),
    ...nets.flatMap((net) => ['--net', net]),
    ...['--memory', memory, '--timeout', LIMIT, '--stats=json'],
  );
}

const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;

describe.each<Architecture>(['x86_64', 'i686'])('A Debian guest (%s) with three cards at once', (arch) => {
  let image: Image;
  beforeAll(async () => {
    image = await debianImage(arch);
  });

  it.each([
    ['PCI bridge', 'pci'],
    ['hypercalls', 'hypercall'],
  ])('has an address on each, and gets and sends files whole over each, the vbus over the %s', async (_, wire) => {
    const before = uploads.received.length;
    const outcome = await transfer(image, wire);
    const { stdout } = outcome;
    expect(outcome.code, stdout + outcome.stderr).toBe(0);
    expect(cards(stdout).map(place).sort()).toEqual(['vbus-enet on vbus', 'virtio_net on PCI', 'virtio_net on vbus']);
    expect(count(stdout, /paravirt: address 10\.0\.2\.15\/24 on eth/g)).toBe(3);
    expect(count(stdout, new RegExp(`downloaded ${DOWN} bytes, \\d+ KiB/s, sha256 ${file.sha256} over eth`, 'g'))).toBe(3);
    const digests = [...stdout.matchAll(new RegExp(`uploaded ${UP} bytes, \\d+ KiB/s, sha256 ([0-9a-f]+) over eth`, 'g'))];
    expect(digests.map(([, digest]) => digest)).toEqual(uploads.received.slice(before));
    expect(digests).toHaveLength(3);
    // Each file went over its own card.
    for (const { received, sent } of cards(stdout)) {
      expect(received).toBeGreaterThan(DOWN);
      expect(received).toBeLessThan(1.5 * DOWN);
      expect(sent).toBeGreaterThan(UP);
      expect(sent).toBeLessThan(1.5 * UP);
    }
    expect(stdout).not.toMatch(/BUG:|WARNING:|Oops|Call Trace/);
    expect(statistics(outcome)['cards']).toHaveLength(3);
  });
});
