/**
 * Markup is written with `html\`…\``, which escapes whatever is put into it; only what was made by `html` itself, or was said to be markup
 * by `trusted`, goes in as it is. Nothing that comes from a report can become an element.
 */

/** Text that is markup already. */
export class Markup {
  readonly text: string;

  /** Use `html` or `trusted`. */
  constructor(text: string) {
    this.text = text;
  }
}

type Content = Markup | string | number | readonly Content[];

export function html(texts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(texts.map((text, index) => text + (index < contents.length ? markupOf(contents[index] ?? '') : '')).join(''));
}

/** Markup from elsewhere: a drawing. */
export const trusted = (text: string): Markup => new Markup(text);

function markupOf(content: Content): string {
  if (content instanceof Markup) return content.text;
  return typeof content === 'object' ? content.map(markupOf).join('') : escaped(String(content));
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** For text and for values of attributes in quotes. Control characters, which no document may hold, become U+FFFD. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character).replace(/[^\P{Cc}\t\n]/gu, '\ufffd');
