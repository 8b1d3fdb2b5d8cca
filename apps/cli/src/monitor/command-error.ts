/** Why a command was not done: a code for programs (an errno, or words with hyphens) and a line for people. */
export class CommandError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'CommandError';
    this.code = code;
  }
}
