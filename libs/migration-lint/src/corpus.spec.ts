import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Finding, Recipe, Step } from './finding.js';
import { lint } from './lint.js';
import { parseStatements } from './parse.js';
import { builtIn, rules, scriptRules } from './rules.js';
import type { Script } from './script.js';
import { sqlFile } from './sql-file.js';

interface Case {
  readonly name: string;
  readonly sql: string;
  readonly expected: readonly string[];
}

interface Squawk {
  readonly version: string;
  readonly findings: Readonly<Record<string, readonly string[]>>;
}

interface Differences {
  /** Which rules of ours say the same as one of squawk's. */
  readonly equivalents: Readonly<Record<string, readonly string[]>>;
  /** What squawk finds and we do not, and why; in these cases only, or in any. */
  readonly onlySquawk: Readonly<Record<string, { readonly reason: string; readonly cases?: readonly string[] }>>;
}

const corpus = new URL('../corpus/', import.meta.url);
const cases = readdirSync(corpus)
  .filter((file) => file.endsWith('.sql'))
  .flatMap((file) => casesIn(readFileSync(new URL(file, corpus), 'utf8')));
const squawk = JSON.parse(readFileSync(new URL('squawk.json', corpus), 'utf8')) as Squawk;
const { equivalents, onlySquawk } = JSON.parse(readFileSync(new URL('squawk-differences.json', corpus), 'utf8')) as Differences;
const found = new Map(cases.map(({ name, sql }) => [name, lint([sqlFile(name, sql)])]));

describe('the corpus', () => {
  it('holds more than a hundred cases, each with a name of its own', () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
    expect(cases.length).toBeGreaterThan(100);
  });

  it.each(cases)('$name finds $expected', ({ name, expected }) => {
    expect(rulesIn(found.get(name)).toSorted()).toEqual(expected.toSorted());
  });

  it('breaks every rule that looks at a statement at least once', () => {
    const broken = new Set([...found.values()].flatMap(rulesIn));
    // A file can neither declare a phase nor be a backfill; lint.spec.ts breaks those.
    const ofMigrations = ['concurrent-index-unnamed', 'backfill-without-keyset', 'expand-in-contract', 'schema-in-backfill', 'transaction-control'];
    expect(rules.map(({ id }) => id).filter((id) => !broken.has(id))).toEqual(ofMigrations);
  });

  it('names every rule once', () => {
    const ids = [...rules.map(({ id }) => id), ...scriptRules.map(({ id }) => id), ...Object.keys(builtIn)];
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });
});

describe('the recipes', () => {
  const findings = [...found.values()].flat();

  it('say why, of every finding, and what to do instead wherever there is a way', () => {
    expect(findings.filter(({ why }) => why.length < 20)).toEqual([]);
    const without = findings.filter(({ recipe }) => recipe.length === 0).map(({ rule }) => rule);
    expect([...new Set(without)].sort()).toEqual(['syntax-error', 'unjudged']);
  });

  it('are SQL that PostgreSQL can parse', () => {
    const statements = findings.flatMap(({ recipe }) => recipe.flatMap(statementsOf));
    expect(statements.length).toBeGreaterThan(100);
    for (const sql of statements) {
      expect(() => parseStatements(sql), sql).not.toThrow();
    }
  });

  it.each(findings.filter(({ recipe }) => recipe.some(({ step }) => step !== 'code')).map((finding) => [`${finding.script}: ${finding.rule}`, finding] as const))(
    'of %s pass the linter themselves',
    (_name, { recipe }) => {
      const errors = lint(scriptsOf(recipe)).filter(({ severity }) => severity === 'error');
      expect(errors.map(({ rule, statement, why }) => ({ rule, statement, why }))).toEqual([]);
    },
  );
});

describe('beside squawk', () => {
  const pairs = cases.flatMap(({ name }) => (squawk.findings[name] ?? []).map((rule) => ({ name, rule })));
  const alone = pairs.filter(({ name, rule }) => !rulesIn(found.get(name)).some((ours) => equivalents[rule]?.includes(ours)));

  it('is compared on every case, with the version that was recorded', () => {
    expect(squawk.version).toBe('2.66.0');
    expect(Object.keys(squawk.findings).sort()).toEqual(cases.map(({ name }) => name).sort());
  });

  it('finds what squawk finds, but for what is listed with its reason', () => {
    const unexplained = alone.filter(({ name, rule }) => {
      const listed = onlySquawk[rule];
      return listed === undefined || (listed.cases !== undefined && !listed.cases.includes(name));
    });
    expect(unexplained).toEqual([]);
  });

  it('lists no difference that there is not', () => {
    const listed = Object.entries(onlySquawk).flatMap(([rule, { cases: names = [''] }]) => names.map((name) => ({ rule, name })));
    const stale = listed.filter(({ rule, name }) => !alone.some((each) => each.rule === rule && (name === '' || each.name === name)));
    expect(stale).toEqual([]);
    expect(Object.values(onlySquawk).filter(({ reason }) => reason.length < 20)).toEqual([]);
  });

  it('knows only rules that there are', () => {
    const ids = new Set([...rules.map(({ id }) => id), ...scriptRules.map(({ id }) => id), ...Object.keys(builtIn)]);
    expect(Object.values(equivalents).flat().filter((id) => !ids.has(id))).toEqual([]);
  });

  it('comes to the figures that the README gives', () => {
    const ours = cases.flatMap(({ name }) => rulesIn(found.get(name)).map((rule) => ({ name, rule })));
    const onlyOurs = ours.filter(({ name, rule }) => !(squawk.findings[name] ?? []).some((theirs) => equivalents[theirs]?.includes(rule)));
    const robust = alone.filter(({ rule }) => rule === 'prefer-robust-stmts').length;
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    expect(readme).toContain(`| cases | ${cases.length} |`);
    expect(readme).toContain(`| findings of both | ${ours.length - onlyOurs.length} |`);
    expect(readme).toContain(`| only ours | ${onlyOurs.length} |`);
    expect(readme).toContain(`| only squawk's | ${alone.length}, of which ${robust} say IF NOT EXISTS |`);
  });
});

function casesIn(text: string): Case[] {
  return text
    .split(/^-- @ /m)
    .slice(1)
    .map((part) => {
      const [head = '', ...lines] = part.split('\n');
      const [, name, bare, expected = ''] = /^([\w-]+)( \(bare\))?: (.*)$/.exec(head) ?? [];
      if (name === undefined) {
        throw new Error(`expected "-- @ name: rules" or "-- @ name (bare): rules"; got "-- @ ${head}"`);
      }
      // The same words before each case as in record-squawk.mjs; those that are bare are about these words.
      const timeouts = bare === undefined ? "SET lock_timeout = '1s';\nSET statement_timeout = '15s';\n" : '';
      return { name, sql: `${timeouts}${lines.join('\n').trim()}\n`, expected: expected === '-' ? [] : expected.split(', ') };
    });
}

function rulesIn(findings: readonly Finding[] | undefined): string[] {
  return [...new Set((findings ?? []).map(({ rule }) => rule))];
}

function statementsOf(step: Step): readonly string[] {
  switch (step.step) {
    case 'migration':
      return step.statements;
    case 'backfill':
      return [step.backfill.statement];
    case 'code':
      return [];
  }
}

/** The steps of a recipe as the migrations that they describe. */
function scriptsOf(recipe: Recipe): Script[] {
  return recipe.flatMap((step, index): Script[] => {
    if (step.step === 'code') {
      return [];
    }
    const facts = { timestamp: index, lockTimeoutMs: undefined, statementTimeoutMs: undefined, declaresPhase: true, wayBack: true, unjudged: [] };
    const common = { name: `Step${index}`, ignores: [] };
    return step.step === 'backfill'
      ? [{ ...common, phase: 'backfill', transaction: true, queries: [{ sql: step.backfill.statement, from: 'backfill' }], migration: { ...facts, backfill: step.backfill } }]
      : [{ ...common, phase: step.phase, transaction: step.transaction, queries: step.statements.map((sql) => ({ sql, from: 'up' })), migration: { ...facts, backfill: undefined } }];
  });
}
