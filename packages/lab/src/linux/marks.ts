/**
 * How the guest's program tells the machine where a workload begins and ends: bytes written to the machine's exit port, at which the run
 * stops, at exactly that instruction. [guests/linux/lab/labnet.c]
 */

/** The port, at the place that test programs expect an exit device at. */
export const MARK_PORT = 0xf4;

export const MARKS = { begin: 1, end: 2, linkUp: 3, linkGone: 4 } as const;

/** Of the byte. */
export type Mark = (typeof MARKS)[keyof typeof MARKS];

/** The mark of an exit code, `(value << 1) | 1`. */
export const markOf = (code: number): number => (code - 1) / 2;
