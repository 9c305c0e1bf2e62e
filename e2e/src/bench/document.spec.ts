import { describe, expect, it } from 'vitest';
import { withSection } from './document.js';
import { aligned, markdown } from './text-table.js';

describe('a section of the document', () => {
  const document = '# P\n\n<!-- begin: npm run bench -- relay --write -->\nold\n<!-- end -->\nkept\n<!-- end -->\n';

  it('is replaced, and nothing else', () => {
    expect(withSection(document, 'relay', 'new')).toBe(
      '# P\n\n<!-- begin: npm run bench -- relay --write -->\n\nnew\n\n<!-- end -->\nkept\n<!-- end -->\n',
    );
  });

  it('must be there', () => {
    expect(() => withSection(document, 'inbox', 'new')).toThrow('npm run bench -- inbox --write');
  });
});

describe('a table', () => {
  const table = [
    ['case', 'median'],
    ['relay', '1'],
  ];

  it('is Markdown, or columns', () => {
    expect(markdown(table)).toBe('| case | median |\n| --- | --- |\n| relay | 1 |');
    expect(aligned(table)).toBe('case   median\nrelay  1');
  });
});
