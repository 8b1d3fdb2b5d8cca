/**
 * Decoded records: what the interpreter executes. 32 bytes each, in linear memory, in runs: the record of the next instruction follows.
 * Register operands are addresses of state (all below 64 KiB); an absent base or index is the address of the field `zero`.
 */

export const RECORD_SIZE = 32;
export const RECORD_SHIFT = 5;

export const RECORD = {
  /** u16: case of the main function, or index in the function table plus the number of cases. */
  handler: 0,
  /** u16: distance of the next instruction from the start of this one's page. */
  next: 2,
  /** u16: the first, second and third register operand. The third shares its place with `base`. */
  registers: [4, 6, 8] as const,
  base: 8,
  index: 10,
  /** u16: address of the linearBase of the operand's (or source) segment. */
  segment: 12,
  /** u8: 0–3. */
  scale: 14,
  /** u8: length of the instruction in bytes. */
  length: 15,
  /** i64: displacement; the second immediate of an instruction without memory operand. */
  displacement: 16,
  /** i64: the immediate. */
  immediate: 24,
  /**
   * Of `enterRegion`: i64, index in the table of regions. No other record has this value here: its length is not 0, or it is NO_REGION. Then,
   * i32 each: number of the entry, its distance from the region's base.
   */
  regionSlot: 8,
  regionEntry: 16,
  regionDistance: 20,
  /**
   * Of `crossing`, u32 each: the instruction's record (0: none yet) if its two pages lie at these addresses in linear memory; the map of the
   * first.
   */
  crossingRecord: 16,
  crossingFirst: 20,
  crossingSecond: 24,
  crossingMap: 28,
} as const;

/** In place of a slot in other records that are no instructions. */
export const NO_REGION = 0xffff_ffff;

/** Records that are no instructions. */
export const SPECIAL = {
  /** Go on at page offset `next`, which lies behind this page. */
  leavePage: 0,
  /** Look for the instruction at page offset `next` − `length` again: its record is void, or stands elsewhere. Not a boundary. */
  lookAgain: 1,
  /** An instruction that goes on in the next page starts at page offset `next`. */
  crossing: 2,
  /** Leave the run; the next instruction is at page offset `next`. */
  leaveRun: 3,
  /** Translated code begins here. The record behind it is the instruction itself, the one behind that "look again" for what follows. */
  enterRegion: 4,
} as const;

export const SPECIAL_COUNT = 5;
