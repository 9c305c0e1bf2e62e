import { type Finding, recipeText } from '@waybill/migration-lint';
import type { Palette } from './palette.js';

/** The findings in one service's migrations, or in one file. */
export interface LintedScripts {
  readonly of: string;
  readonly judged: readonly string[];
  readonly notJudged: readonly string[];
  readonly findings: readonly Finding[];
}

const STATEMENT_LINES_MAX = 6;

export function renderLint(linted: readonly LintedScripts[], paint: Palette): string {
  const blocks = linted.flatMap(({ of, findings }) =>
    findings.map(({ rule, severity, script, phase, query, position, statement, why, recipe }) => {
      const mark = severity === 'error' ? paint.bad('error') : paint.number('warning');
      const place = position === undefined ? '' : `, ${query === undefined || query === 1 ? '' : `query ${query}, `}line ${position.line}:${position.column}`;
      const where = of === script ? script : `${of} ${script}`;
      return [
        `${mark} ${paint.bold(rule)}  ${where} ${paint.dim(`(${phase}${place})`)}`,
        ...(statement === undefined ? [] : indented(shortened(statement)).map((line) => paint.dim(line))),
        ...indented(why),
        ...(recipe.length === 0 ? [] : [`  ${paint.good('instead:')}`, ...indented(recipeText(recipe), 4)]),
      ].join('\n');
    }),
  );
  return [...blocks, summary(linted)].join('\n\n');
}

function summary(linted: readonly LintedScripts[]): string {
  const findings = linted.flatMap((each) => each.findings);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const judged = linted.reduce((sum, each) => sum + each.judged.length, 0);
  const older = linted.reduce((sum, each) => sum + each.notJudged.length, 0);
  const counts = [count(errors, 'error'), count(findings.length - errors, 'warning')].join(', ');
  return `${counts} in ${judged} judged${older === 0 ? '' : `; ${older} older than the linter not judged (--all judges them)`}`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

function shortened(statement: string): string {
  const lines = statement.split('\n');
  return lines.length <= STATEMENT_LINES_MAX ? statement : [...lines.slice(0, STATEMENT_LINES_MAX - 1), '…'].join('\n');
}

function indented(text: string, by = 2): string[] {
  return text.split('\n').map((line) => `${' '.repeat(by)}${line}`);
}
