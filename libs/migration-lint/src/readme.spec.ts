import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { builtIn, rules, scriptRules } from './rules.js';

const file = new URL('../README.md', import.meta.url);
const RULES = /(<!-- rules -->\n)([\s\S]*?)(<!-- \/rules -->)/;
const work = { rewrites: 'rewrites it', scans: 'reads all of it', short: 'for a moment' };

it('the README lists every rule as it is in the code; UPDATE=1 writes the table', () => {
  const rows = [
    ...rules.map(({ id, severity, refuses, claim }) => [id, severity, refuses, claim === undefined ? '' : `${claim.lock}, ${work[claim.work]}`]),
    ...scriptRules.map(({ id, severity, refuses }) => [id, severity, refuses, '']),
    ...Object.entries(builtIn).map(([id, { severity, refuses }]) => [id, severity, refuses, '']),
  ];
  const lines = rows.map(([id, severity, refuses, lock]) => `| \`${id}\` | ${severity} | ${refuses} | ${lock} |`);
  const table = ['| rule | | refuses | lock |', '|---|---|---|---|', ...lines, ''].join('\n');
  if (process.env['UPDATE'] === '1') {
    writeFileSync(file, readFileSync(file, 'utf8').replace(RULES, (_all, begin: string, _old, end: string) => begin + table + end));
  }
  expect(RULES.exec(readFileSync(file, 'utf8'))?.[2]).toBe(table);
});

it('the README names no rule that there is not', () => {
  const ids = new Set([...rules.map(({ id }) => id), ...scriptRules.map(({ id }) => id), ...Object.keys(builtIn)]);
  const [, section = ''] = readFileSync(file, 'utf8').split('## Beside strong_migrations');
  const [table = ''] = section.split('## Beside squawk');
  const named = table
    .split('\n')
    .flatMap((line) => line.split('|')[2] ?? [])
    .flatMap((cell) => [...cell.matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !ids.has(name))).toEqual([]);
});
