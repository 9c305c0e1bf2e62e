import { escaped } from '../../bench/svg.js';

/** Text that is markup already. What is not of this class gets escaped on its way into a page. */
export class Markup {
  constructor(readonly text: string) {}
}

export type Part = Markup | string | number | null | undefined | readonly Part[];

/** The only way to write markup here: every part is escaped, unless `html` has made it. Attributes stand in double quotes. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.reduce((text, string, index) => text + textOf(parts[index - 1]) + string));
}

function textOf(part: Part): string {
  if (part === null || part === undefined) {
    return '';
  }
  if (part instanceof Markup) {
    return part.text;
  }
  return typeof part === 'object' ? part.map(textOf).join('') : escaped(String(part));
}

/** Enough of a text to tell what it is about: a page has to stay small whatever an error says. */
export function clipped(text: string, most = 400): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
