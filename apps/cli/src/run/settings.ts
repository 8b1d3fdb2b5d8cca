/** `KEY=VALUE` parts of an option, as `--net` and `--vbus` take them after their first word. */
import { suggestion, UsageError } from './usage-error.ts';

export interface Setting {
  readonly key: string;
  readonly value: string;
}

/** @param repeatable Keys that may be given more than once. @throws UsageError */
export function settings(option: string, parts: readonly string[], keys: readonly string[], repeatable: readonly string[] = []): Setting[] {
  const seen = new Set<string>();
  return parts.map((part) => {
    const equals = part.indexOf('=');
    const key = equals < 0 ? part : part.slice(0, equals);
    const value = part.slice(equals + 1);
    if (!keys.includes(key)) throw new UsageError(`${option}: unknown key "${key}"${suggestion(key, keys)}`);
    if (equals < 0 || value === '') throw new UsageError(`${option}: ${key} needs a value: ${key}=…`);
    if (!repeatable.includes(key) && seen.has(key)) throw new UsageError(`${option}: ${key} is given twice`);
    seen.add(key);
    return { key, value };
  });
}

/** @throws UsageError */
export function oneOf<T extends string>(option: string, key: string, value: string, known: readonly T[]): T {
  const found = known.find((each) => each === value);
  if (found === undefined) throw new UsageError(`${option}: no ${key} "${value}"${suggestion(value, known)}`);
  return found;
}
