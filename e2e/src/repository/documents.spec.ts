import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorsOf, linksOf, npmScriptsOf, pathsOf } from './markdown.js';
import { exists, read, readJson, repositoryFiles } from './repository.js';

interface Manifest {
  readonly scripts: Record<string, string>;
}

/** What is wrong with the links of one document, as "line: target, reason". */
function brokenLinks(file: string, markdown: string): string[] {
  return linksOf(markdown).flatMap(({ line, target }) => {
    if (/^(https?|mailto):/.test(target)) {
      return [];
    }
    const [path = '', anchor] = target.split('#');
    const linked = path === '' ? file : normalize(join(dirname(file), decodeURIComponent(path)));
    if (linked.startsWith('..') || !exists(linked)) {
      return [`${file}:${line}: ${target}: no such file`];
    }
    if (anchor === undefined || !linked.endsWith('.md')) {
      return [];
    }
    const text = linked === file ? markdown : read(linked);
    return anchorsOf(text).has(anchor) ? [] : [`${file}:${line}: ${target}: no such heading`];
  });
}

const documents = repositoryFiles('**/*.md');
const scripts = Object.keys(readJson<Manifest>('package.json').scripts);

describe('the documents', () => {
  it('are there', () => {
    expect(documents).toEqual(
      expect.arrayContaining([
        'README.md',
        'CONTRIBUTING.md',
        'SECURITY.md',
        'docs/architecture.md',
        'docs/guarantees.md',
        'docs/operations.md',
      ]),
    );
  });

  it.each(documents)('%s: its links lead somewhere', (file) => {
    expect(brokenLinks(file, read(file))).toEqual([]);
  });

  it.each(documents)('%s: its npm commands exist', (file) => {
    expect(npmScriptsOf(read(file)).filter((script) => !scripts.includes(script))).toEqual([]);
  });

  it.each(documents)('%s: the files that it names exist', (file) => {
    expect(pathsOf(read(file)).filter((path) => !exists(path))).toEqual([]);
  });

  it('let a newcomer follow one order through nine files, in the order of the story', () => {
    const readme = read('README.md');
    const section = /## Follow one order\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? '';
    const steps = linksOf(section).map(({ target }) => target);
    expect(steps).toEqual([
      'apps/orders/src/http/orders.controller.ts',
      'apps/orders/src/use-cases/place-order.ts',
      'apps/orders/src/domain/order.ts',
      'libs/outbox/src/outbox.ts',
      'libs/outbox/src/outbox-relay.ts',
      'libs/kafka/src/producer.ts',
      'libs/kafka/src/consumer.ts',
      'libs/inbox/src/idempotent-consumer.ts',
      'apps/inventory/src/use-cases/reserve-stock.ts',
    ]);
    expect(steps.filter((step) => !exists(step))).toEqual([]);
  });

  it('list every decision record, numbered without a gap', () => {
    const records = repositoryFiles('docs/adr/*.md').filter((file) => file !== 'docs/adr/README.md');
    const numbers = records.map((file) => Number(/docs\/adr\/(\d{4})-/.exec(file)?.[1]));
    expect(numbers).toEqual(records.map((_, index) => index + 1));
    const listed = linksOf(read('docs/adr/README.md')).map(({ target }) => `docs/adr/${target}`);
    expect(listed).toEqual(expect.arrayContaining(records));
  });

  it.each(repositoryFiles('docs/adr/0*.md'))('%s says the context, the decision and what it costs', (file) => {
    const headings = read(file)
      .split('\n')
      .filter((line) => line.startsWith('## '));
    expect(headings).toEqual(['## Context', '## Decision', '## Consequences']);
    expect(read(file).split('\n').length).toBeLessThanOrEqual(70);
  });
});

describe('the README of a lib', () => {
  const libs = [...new Set(repositoryFiles('libs/*/package.json').map((file) => dirname(file)))];

  it.each(libs)('%s: what it promises, an example, what happens when something dies, its options', (lib) => {
    expect(exists(`${lib}/README.md`), `${lib}/README.md is missing`).toBe(true);
    const markdown = read(`${lib}/README.md`);
    const headings = [...anchorsOf(markdown)].join('\n');
    expect(headings).toMatch(/promise/);
    expect(markdown).toMatch(/```(ts|typescript)\n/);
    expect(headings).toMatch(/what-happens-when|when-.*(dies|fails|goes-wrong)/);
    expect(markdown).toMatch(/\n\|(\s*:?-+:?\s*\|)+\n/);
    expect(headings).toMatch(/options|settings|parts/);
  });
});

describe('the checks of the documents', () => {
  const text = [
    '# One order',
    '[here](#one-order) [there](package.json) [gone](docs/no-such.md) [lost](#two-orders) ![picture](no-such.png)',
    '`[code](no-such.md)` and',
    '```',
    '[fenced](no-such.md)',
    '```',
    '[out](../../outside.md) [world](https://example.com/no-such) [reference][r]',
    '[r]: no-such-reference.md',
  ].join('\n');

  it('find a link to a missing file, to a missing heading and out of the repository, and leave code alone', () => {
    expect(brokenLinks('README.md', text)).toEqual([
      'README.md:2: docs/no-such.md: no such file',
      'README.md:2: #two-orders: no such heading',
      'README.md:2: no-such.png: no such file',
      'README.md:7: ../../outside.md: no such file',
      'README.md:8: no-such-reference.md: no such file',
    ]);
  });

  it('make the anchors that GitHub makes', () => {
    const headings = '# A `code`, and more: done?\n## Same\n## Same\n## [Linked](x.md) text\n```\n# not a heading\n```\n';
    expect([...anchorsOf(headings)]).toEqual(['a-code-and-more-done', 'same', 'same-1', 'linked-text']);
  });

  it('see npm commands with and without "run", and not what npm itself does', () => {
    expect(npmScriptsOf('`npm start -- --fresh`, npm ci, `npm run no-such -- x`, npm test')).toEqual([
      'start',
      'no-such',
      'test',
    ]);
  });

  it('see a path in code, and not a pattern', () => {
    expect(pathsOf('`libs/outbox/src/no-such.ts` `apps/*/src` `apps/orders/dist/main.js` `docs/adr`')).toEqual([
      'libs/outbox/src/no-such.ts',
      'docs/adr',
    ]);
  });
});
