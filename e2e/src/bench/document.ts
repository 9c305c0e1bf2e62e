/** Puts a text between the marks of a part, and leaves everything else as it is. */
export function withSection(document: string, part: string, text: string): string {
  const begin = `<!-- begin: npm run bench -- ${part} --write -->`;
  const end = '<!-- end -->';
  const from = document.indexOf(begin);
  const to = document.indexOf(end, from);
  if (from < 0 || to < 0) {
    throw new Error(`docs/performance.md should hold "${begin}" and "${end}": the figures go between them`);
  }
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`;
}
