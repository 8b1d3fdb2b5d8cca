/** Text in lines: broken at spaces where it can be, within a word where it must. */

/** At least one line; all after the first begin with `hanging`. @param width in columns, more than `hanging` has */
export function wrap(text: string, width: number, hanging = ''): readonly string[] {
  const lines: string[] = [];
  let indent = '';
  let line = '';
  const next = (): void => {
    lines.push(line);
    line = indent = hanging;
  };
  for (const word of text.split(' ')) {
    const longer = line === indent ? line + word : `${line} ${word}`;
    if (longer.length > width && line !== indent) {
      next();
      line += word;
    } else line = longer;
    while (line.length > width) {
      const rest = line.slice(width);
      line = line.slice(0, width);
      next();
      line += rest;
    }
  }
  return [...lines, line];
}

/** Length of the longest word: the least width in which none is cut. */
export const longestWord = (text: string): number => Math.max(...text.split(' ').map((word) => word.length));
