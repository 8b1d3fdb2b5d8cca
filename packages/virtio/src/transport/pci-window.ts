/**
 * The window: a capability through which software that cannot map memory reaches the ranges. An access to the first `length` bytes of
 * `pci_cfg_data` is an access of `length` bytes at `offset` of `bar`. Anything but an aligned 1, 2 or 4 bytes within a range that has
 * structures does nothing and reads as ones. [virtio 1.2 §4.1.4.9]
 */
import { ALL_ONES, type IoHandler, RegisterFile, type Width } from '@paravirt/bus';
import { type BarSpec, Regions } from '@paravirt/pci';
import { PCI_CFG_CAP, VIRTIO_PCI_CAP_PCI_CFG } from './pci-registers.ts';

export interface ConfigWindow {
  readonly handler: IoHandler;
  /** Bytes of the capability. */
  readonly size: number;
  readonly reset: () => void;
}

/** A window on the ranges in `bars` that have a handler. */
export function configWindow(bars: readonly BarSpec[]): ConfigWindow {
  const size = PCI_CFG_CAP.size + 4;
  const file = new RegisterFile(PCI_CFG_CAP, { capLen: size, cfgType: VIRTIO_PCI_CAP_PCI_CFG });
  const initial = file.bytes.slice();
  const target = (): { readonly structures: IoHandler; readonly offset: number; readonly length: Width } | undefined => {
    const offset = file.get('offset');
    const length = file.get('length');
    const bar = bars.find(({ index }) => index === file.get('bar'));
    if (bar?.handler === undefined || (length !== 1 && length !== 2 && length !== 4)) return undefined;
    return offset % length === 0 && offset + length <= bar.size ? { structures: bar.handler, offset, length } : undefined;
  };
  // Not a field of the table: a field merges narrow writes with what it reads, and reading the ISR status clears it.
  const data: IoHandler = {
    read: (offset, width) => {
      const at = offset === 0 ? target() : undefined;
      return at === undefined ? ALL_ONES[width] : at.structures.read(at.offset, at.length) % 2 ** (8 * width);
    },
    write: (offset, width, value) => {
      const at = offset === 0 ? target() : undefined;
      if (at !== undefined && width >= at.length) at.structures.write(at.offset, at.length, value % 2 ** (8 * at.length));
    },
  };
  const handler = new Regions(size, [
    { name: 'virtio window', offset: 0, size: PCI_CFG_CAP.size, handler: file },
    { name: 'pci_cfg_data', offset: PCI_CFG_CAP.size, size: 4, handler: data },
  ]);
  return { handler, size, reset: () => file.bytes.set(initial) };
}
