/**
 * The caller's mistake: overlapping ranges, a bad option, a truncated file. Thrown at construction only; never because of what a
 * guest or a network peer did.
 */
export class ConfigurationError extends Error {
  /** Short, stable, kebab-case: `range-overlap`, `bad-option`, `kernel-truncated`. */
  readonly code: string;
  /** The offending value, for a program that wants to look at it. */
  readonly value: unknown;

  constructor(code: string, message: string, value?: unknown) {
    super(message);
    this.name = 'ConfigurationError';
    this.code = code;
    this.value = value;
  }
}
