/** The command line as loaders pass it: bytes with a zero at the end. */
import { ConfigurationError } from '@paravirt/bus';

/** Of the platform, in browsers as in Node; the language's own library does not declare it. */
declare const TextEncoder: new () => { encode(text: string): Uint8Array<ArrayBuffer> };

/**
 * UTF-8 and a final zero.
 * @throws ConfigurationError `command-line-too-long` if there are more than `limit` bytes before the zero, `command-line` if one of them is 0.
 */
export function encodeCommandLine(text: string, limit: number): Uint8Array<ArrayBuffer> {
  const encoded = new TextEncoder().encode(text);
  if (encoded.includes(0)) throw new ConfigurationError('command-line', 'the kernel command line contains a zero byte', text);
  if (encoded.length > limit)
    throw new ConfigurationError(
      'command-line-too-long',
      `the kernel command line has ${encoded.length} bytes, this kernel takes ${limit}`,
      encoded.length,
    );
  const bytes = new Uint8Array(encoded.length + 1);
  bytes.set(encoded);
  return bytes;
}
