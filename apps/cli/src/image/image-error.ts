/**
 * Why no image could be made, said in one line for the person at the keyboard: what is missing and what to do about it. The command ends
 * with exit code 2.
 */
export class ImageError extends Error {
  /** Short, stable, kebab-case: `no-apt`, `no-package`, `bad-module`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'ImageError';
    this.code = code;
  }
}
