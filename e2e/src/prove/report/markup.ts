/** Text that may stand between tags and in attributes: a record holds what others have written. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

export function table(heading: readonly string[], rows: readonly (readonly string[])[], numeric: readonly number[] = []): string {
  const cell = (tag: 'th' | 'td', html: string, column: number) =>
    `<${tag}${tag === 'th' ? ' scope="col"' : ''}${numeric.includes(column) ? ' class="number"' : ''}>${html}</${tag}>`;
  const line = (tag: 'th' | 'td', cells: readonly string[]) =>
    `<tr>${cells.map((html, column) => cell(tag, html, column)).join('')}</tr>`;
  return `<div class="wide"><table><thead>${line('th', heading)}</thead><tbody>${rows.map((row) => line('td', row)).join('\n')}</tbody></table></div>`;
}
