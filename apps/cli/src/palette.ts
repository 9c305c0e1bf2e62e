/** Colours for a terminal; where there is none, the text as it is. */
export interface Palette {
  bold(text: string): string;
  dim(text: string): string;
  number(text: string): string;
  event(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

export function palette(colour: boolean): Palette {
  const paint = (code: string) => (text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: paint('1'), dim: paint('2'), number: paint('33'), event: paint('36'), good: paint('1;32'), bad: paint('1;31') };
}
