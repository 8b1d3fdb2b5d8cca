/** The engines that a Cpu may be made with, the slowest and simplest first. */
export const ENGINES = ['reference', 'interpreter', 'translator'] as const;

export type EngineName = (typeof ENGINES)[number];
