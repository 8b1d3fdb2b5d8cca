/**
 * What firmware finds in the CMOS RAM: the PC/AT's configuration bytes. [IBM PC/AT Technical Reference, "CMOS RAM Address Map"] The bytes
 * beyond the AT's (34h, 35h, 5Bh–5Dh) are those that SeaBIOS and OVMF read on virtual machines.
 */

const EQUIPMENT = 0x14;
const EQUIPMENT_FPU = 0x02;
const BASE_MEMORY = 0x15;
const EXTENDED_MEMORY = 0x17;
const CHECKSUM_FIRST = 0x10;
const CHECKSUM_LAST = 0x2d;
const CHECKSUM = 0x2e;
const EXTENDED_MEMORY_FOUND = 0x30;
const MEMORY_ABOVE_16M = 0x34;
const MEMORY_ABOVE_4G = 0x5b;

const KIB = 1024;
const MIB = 1024 * KIB;

/** 128 bytes, the clock's registers zero. Sizes in bytes. */
export function cmosContents(memoryBelow4G: number, memoryAbove4G: number): Uint8Array {
  const cmos = new Uint8Array(128);
  const set16 = (at: number, value: number): void => {
    const clamped = Math.max(0, Math.min(0xffff, Math.floor(value)));
    cmos[at] = clamped & 0xff;
    cmos[at + 1] = clamped >> 8;
  };
  cmos[EQUIPMENT] = EQUIPMENT_FPU;
  set16(BASE_MEMORY, 640);
  set16(EXTENDED_MEMORY, (memoryBelow4G - MIB) / KIB);
  set16(EXTENDED_MEMORY_FOUND, (memoryBelow4G - MIB) / KIB);
  set16(MEMORY_ABOVE_16M, (memoryBelow4G - 16 * MIB) / (64 * KIB));
  const above = Math.min(0xff_ffff, Math.floor(memoryAbove4G / (64 * KIB)));
  cmos[MEMORY_ABOVE_4G] = above & 0xff;
  cmos[MEMORY_ABOVE_4G + 1] = (above >> 8) & 0xff;
  cmos[MEMORY_ABOVE_4G + 2] = above >> 16;
  let sum = 0;
  for (let i = CHECKSUM_FIRST; i <= CHECKSUM_LAST; i++) sum += cmos[i] ?? 0;
  // The one word that is stored high byte first.
  cmos[CHECKSUM] = sum >> 8;
  cmos[CHECKSUM + 1] = sum & 0xff;
  return cmos;
}
