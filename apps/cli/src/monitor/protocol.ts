/**
 * What goes over the monitor's socket, line by line.
 *
 *   text    →  vbus ls /config/vbus                                        words as in a shell
 *           ←  devices                                                     any number of lines
 *              ok                                                          or: error CODE: what is wrong
 *   JSON    →  {"command":"vbus ls","arguments":["/config/vbus"],"id":1}   `arguments` and `id` may be left out
 *           ←  {"id":1,"result":["devices","instances"]}                   or: {"id":1,"error":{"code":"ENOENT","message":"…"}}
 *
 * A line that begins with `{` is JSON. Every line gets its answer, in order, also one that makes no sense. In text, an answer's line that
 * could be taken for its end has a blank before it.
 */
import { CommandError } from './command-error.ts';
import { splitWords } from './words.ts';

/** What JSON can say. */
export type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [key: string]: Json };

/** The outcome of a command, for programs and for people. `text` ends with a line feed unless it is empty. */
export interface Answer {
  readonly value: Json;
  readonly text: string;
}

export interface Request {
  readonly words: readonly string[];
  readonly json: boolean;
  /** As the client gave it; undefined: not at all. */
  readonly id: string | number | null | undefined;
}

const isJson = (line: string): boolean => line.trimStart().startsWith('{');

/** @throws CommandError `bad-request`; `requestStyle` tells how to answer it. */
export function parseRequest(line: string): Request {
  if (!isJson(line)) {
    const words = splitWords(line);
    if (words === undefined) throw new CommandError('bad-request', 'a quote or a backslash has no end');
    return { words, json: false, id: undefined };
  }
  const request = parseObject(line);
  const { command, arguments: more = [] } = request;
  if (typeof command !== 'string') throw new CommandError('bad-request', '"command" is to be a string');
  if (!Array.isArray(more) || more.some((word) => typeof word !== 'string'))
    throw new CommandError('bad-request', '"arguments" are to be strings');
  const words = splitWords(command);
  if (words === undefined) throw new CommandError('bad-request', 'a quote or a backslash has no end');
  return { words: [...words, ...(more as string[])], json: true, id: idOf(request) };
}

/** How a line that could not be understood wants its answer. */
export function requestStyle(line: string): Pick<Request, 'json' | 'id'> {
  if (!isJson(line)) return { json: false, id: undefined };
  try {
    return { json: true, id: idOf(parseObject(line)) };
  } catch {
    return { json: true, id: undefined };
  }
}

/** A line of text that could be taken for the end of an answer, or is meant not to be. */
const LOOKS_LIKE_AN_END = /^( *(?:ok$|error |\{))/gm;

/** A line between the first and the last of a text answer, as it was before `formatAnswer` put a blank before it. */
export const plainLine = (line: string): string => (/^ +(?:ok$|error |\{)/.test(line) ? line.slice(1) : line);

/** Ends with a line feed. */
export function formatAnswer({ json, id }: Pick<Request, 'json' | 'id'>, answer: Answer): string {
  if (json) return `${JSON.stringify({ id, result: answer.value ?? null })}\n`;
  return `${answer.text.replaceAll(LOOKS_LIKE_AN_END, ' $1')}ok\n`;
}

/** Ends with a line feed. */
export function formatError({ json, id }: Pick<Request, 'json' | 'id'>, code: string, message: string): string {
  const line = message.replaceAll(/[\r\n]+/g, ' ');
  return json ? `${JSON.stringify({ id, error: { code, message: line } })}\n` : `error ${code}: ${line}\n`;
}

function parseObject(line: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new CommandError('bad-request', `no JSON: ${(error as Error).message}`);
  }
}

function idOf({ id }: Readonly<Record<string, unknown>>): string | number | null | undefined {
  return typeof id === 'string' || typeof id === 'number' || id === null ? id : undefined;
}
