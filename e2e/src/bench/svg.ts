/** What a chart is drawn on: light, with one accent, readable on a dark page, too. */
export const paper = {
  width: 820,
  background: '#ffffff',
  ink: '#1f2933',
  pale: '#9aa5b1',
  grid: '#e4e7eb',
  accent: '#2f6f8f',
  other: '#b8c4ce',
  font: 'font-family="system-ui, sans-serif"',
} as const;

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** One element a line, so that a change of one figure is a change of few lines. */
export function svg(height: number, title: string, elements: readonly string[]): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${paper.width} ${height}" role="img" aria-label="${escaped(title)}">`;
  const ground = `<rect width="${paper.width}" height="${height}" fill="${paper.background}"/>`;
  const heading = text(16, 26, title, { size: 15, weight: 600 });
  return [head, ground, heading, ...elements, '</svg>', ''].join('\n');
}

export interface TextStyle {
  readonly size?: number;
  readonly weight?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly fill?: string;
}

export function text(x: number, y: number, words: string, style: TextStyle = {}): string {
  const { size = 12, weight = 400, anchor = 'start', fill = paper.ink } = style;
  return `<text x="${px(x)}" y="${px(y)}" ${paper.font} font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" fill="${fill}">${escaped(words)}</text>`;
}

/** A tenth of a pixel is enough. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** The next of 1, 2, 5, 10, 20, 50 ... above a value: where an axis ends. */
export function niceMax(value: number): number {
  if (!(value > 0)) {
    return 1;
  }
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 2.5, 5, 10].find((each) => value <= each * power) ?? 10;
  return factor * power;
}

export function thousands(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}
