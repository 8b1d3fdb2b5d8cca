/**
 * Reads an object that comes from outside field by field. Each reader says what it expects and refuses everything else; what nobody has asked
 * for is refused at the end. A refusal is a ConfigurationError that names the field.
 */
import { ConfigurationError } from '@paravirt/bus';

/** Of a word. */
export const LONGEST_WORD = 64;

type Code = 'bad-point' | 'bad-result' | 'bad-profile';

export class Fields {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #what: string;
  readonly #code: Code;
  readonly #left: Set<string>;

  constructor(value: unknown, what: string, code: Code) {
    this.#what = what;
    this.#code = code;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.refuse(`${what} is no object`, value);
    this.#value = value as Readonly<Record<string, unknown>>;
    this.#left = new Set(Object.keys(this.#value));
  }

  has(name: string): boolean {
    return this.#left.has(name);
  }

  get(name: string): unknown {
    this.#left.delete(name);
    return Object.hasOwn(this.#value, name) ? this.#value[name] : undefined;
  }

  nested(name: string): Fields {
    return new Fields(this.get(name), `${this.#what}.${name}`, this.#code);
  }

  word<T extends string>(name: string, known: readonly T[]): T {
    const value = this.get(name);
    if (!known.includes(value as T)) this.refuse(`${this.#what}.${name} is not one of ${known.join(', ')}`, value);
    return value as T;
  }

  text(name: string, longest: number): string {
    const value = this.get(name);
    if (typeof value !== 'string' || value === '' || value.length > longest || /\p{Cc}/u.test(value))
      this.refuse(`${this.#what}.${name} is no line of text of at most ${longest} characters`, value);
    return value as string;
  }

  truth(name: string): boolean {
    const value = this.get(name);
    if (typeof value !== 'boolean') this.refuse(`${this.#what}.${name} is neither true nor false`, value);
    return value as boolean;
  }

  /** A whole number from 1. */
  positive(name: string, most: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.get(name);
    if (!Number.isSafeInteger(value) || (value as number) < 1 || (value as number) > most)
      this.refuse(`${this.#what}.${name} is no whole number from 1 to ${most}`, value);
    return value as number;
  }

  /** What was counted or measured, or a price: finite, not negative. */
  amount(name: string, most: number = Number.MAX_VALUE): number {
    const value = this.get(name);
    if (typeof value !== 'number' || !(value >= 0 && value <= most)) this.refuse(`${this.#what}.${name} is no amount up to ${most}`, value);
    return (value as number) + 0; // there is no negative zero
  }

  /** Amounts with these names, and nothing else. */
  amounts<K extends string>(names: readonly K[], most?: number): Record<K, number> {
    const amounts = Object.fromEntries(names.map((name) => [name, this.amount(name, most)])) as Record<K, number>;
    this.end();
    return amounts;
  }

  lines(name: string, most: number, longest: number): readonly string[] {
    const value = this.get(name);
    if (!Array.isArray(value) || value.length > most) this.refuse(`${this.#what}.${name} is no list of at most ${most} lines`, value);
    const lines = new Fields({ ...(value as readonly unknown[]) }, `${this.#what}.${name}`, this.#code);
    return Array.from({ length: (value as readonly unknown[]).length }, (_, i) => lines.text(String(i), longest));
  }

  /** Amounts with names of their own. */
  named(most: number): Readonly<Record<string, number>> {
    const names = [...this.#left];
    if (names.length > most) this.refuse(`${this.#what} has more than ${most} entries`, names.length);
    for (const name of names) if (!/^[A-Za-z][\w-]{0,63}$/.test(name)) this.refuse(`${this.#what} has an entry that is no name`, name);
    return this.amounts(names);
  }

  end(): void {
    const [name] = this.#left;
    if (name !== undefined) this.refuse(`${this.#what} has no ${name.slice(0, LONGEST_WORD)}`, this.#value);
  }

  refuse(message: string, value: unknown): never {
    throw new ConfigurationError(this.#code, message, value);
  }
}
