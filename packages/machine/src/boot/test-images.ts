/** Kernels made byte by byte for the loaders' tests. */

export interface BzImageFields {
  readonly setupSects?: number;
  readonly version?: number;
  readonly loadflags?: number;
  readonly xloadflags?: number;
  readonly code32Start?: number;
  readonly initrdAddrMax?: number;
  readonly alignment?: number;
  readonly relocatable?: number;
  readonly cmdlineSize?: number;
  readonly prefAddress?: bigint;
  readonly initSize?: number;
  /** Bytes of protected-mode code. */
  readonly payload?: number;
  /** In paragraphs; default: as many as the payload has. */
  readonly syssize?: number;
}

/** A bzImage with the header of boot.rst; its code is filled with a counting pattern. */
export function makeBzImage(fields: BzImageFields = {}): Uint8Array<ArrayBuffer> {
  const setup = ((fields.setupSects ?? 4) || 4) * 512 + 512;
  const payload = fields.payload ?? 0x4000;
  const file = new Uint8Array(setup + payload);
  const view = new DataView(file.buffer);
  view.setUint8(0x1f1, fields.setupSects ?? 4);
  view.setUint32(0x1f4, fields.syssize ?? Math.ceil(payload / 16), true);
  view.setUint16(0x1fe, 0xaa55, true);
  view.setUint16(0x200, 0x6aeb, true);
  view.setUint32(0x202, 0x5372_6448, true);
  view.setUint16(0x206, fields.version ?? 0x020f, true);
  view.setUint8(0x211, fields.loadflags ?? 1);
  view.setUint32(0x214, fields.code32Start ?? 0x10_0000, true);
  view.setUint32(0x22c, fields.initrdAddrMax ?? 0x7fff_ffff, true);
  view.setUint32(0x230, fields.alignment ?? 0x20_0000, true);
  view.setUint8(0x234, fields.relocatable ?? 1);
  view.setUint16(0x236, fields.xloadflags ?? 1, true);
  view.setUint32(0x238, fields.cmdlineSize ?? 2047, true);
  view.setBigUint64(0x258, fields.prefAddress ?? 0x100_0000n, true);
  view.setUint32(0x260, fields.initSize ?? 0x10_0000, true);
  for (let i = 0; i < payload; i++) file[setup + i] = i;
  return file;
}

export interface ElfSegmentFields {
  readonly offset?: number;
  readonly address: number;
  readonly virtual?: number;
  readonly fileSize: number;
  readonly memorySize?: number;
  readonly type?: number;
}

export interface MultibootFields {
  /** File offset of the multiboot header; default 0x100. */
  readonly at?: number;
  readonly flags?: number;
  readonly checksum?: number;
  /** header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr. */
  readonly addresses?: readonly [number, number, number, number, number];
  readonly entry?: number;
  readonly segments?: readonly ElfSegmentFields[];
  readonly length?: number;
  readonly elfClass?: number;
  readonly machine?: number;
  readonly phoff?: number;
  readonly phnum?: number;
  readonly phentsize?: number;
}

/** An ELF32 file with a multiboot header; with `addresses`, a flat one. */
export function makeMultiboot(fields: MultibootFields = {}): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(fields.length ?? 0x3000);
  const view = new DataView(file.buffer);
  for (let i = 0x400; i < file.length; i++) file[i] = i >> 4;
  const segments = fields.segments ?? [{ address: 0x10_0000, fileSize: 0x1000, memorySize: 0x2000 }];
  if (fields.addresses === undefined) {
    file.set([0x7f, 0x45, 0x4c, 0x46, fields.elfClass ?? 1, 1, 1]);
    view.setUint16(16, 2, true);
    view.setUint16(18, fields.machine ?? 3, true);
    view.setUint32(24, fields.entry ?? 0x10_0010, true);
    view.setUint32(28, fields.phoff ?? 52, true);
    view.setUint16(42, fields.phentsize ?? 32, true);
    view.setUint16(44, fields.phnum ?? segments.length, true);
    segments.forEach((s, i) => {
      const at = 52 + 32 * i;
      const words = [s.type ?? 1, s.offset ?? 0x1000, s.virtual ?? s.address, s.address, s.fileSize, s.memorySize ?? s.fileSize, 7, 4096];
      words.forEach((w, k) => {
        view.setUint32(at + 4 * k, w, true);
      });
    });
  }
  const at = fields.at ?? 0x100;
  const flags = fields.flags ?? (fields.addresses === undefined ? 3 : 0x1_0003);
  const header = [0x1bad_b002, flags, fields.checksum ?? -(0x1bad_b002 + flags), ...(fields.addresses ?? [])];
  header.forEach((w, k) => {
    view.setUint32(at + 4 * k, w, true);
  });
  return file;
}
