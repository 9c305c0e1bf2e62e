import type { LintIgnore } from '@waybill/database';
import type { Finding } from './finding.js';
import { code } from './recipe.js';
import { builtIn, rules, scriptRules } from './rules.js';
import type { Script } from './script.js';

const DAY_MS = 24 * 60 * 60_000;
const AHEAD_MAX_MS = 366 * DAY_MS;
const ISO_DAY = /^\d{4}-\d\d-\d\d$/;

/** Takes out what the script says is right all the same, and puts in what is wrong with saying so. */
export function withoutIgnored(script: Script, found: readonly Finding[], today: Date): Finding[] {
  const valid = script.ignores.filter((ignore) => problemWith(ignore, found, today) === undefined);
  const ignored = new Set(valid.map(({ rule }) => rule));
  return [
    ...found.filter(({ rule }) => !ignored.has(rule)),
    ...script.ignores.flatMap((ignore) => {
      const problem = problemWith(ignore, found, today);
      return problem === undefined ? [] : [finding(script, problem)];
    }),
  ];
}

type IgnoreProblem = { readonly rule: 'ignore-incomplete' | 'ignore-expired' | 'ignore-unused'; readonly why: string; readonly todo: string };

function problemWith({ rule, reason, until }: LintIgnore, found: readonly Finding[], today: Date): IgnoreProblem | undefined {
  if (reason.trim() === '') {
    return { rule: 'ignore-incomplete', why: `The ignore of ${rule} gives no reason.`, todo: 'say why it is right here' };
  }
  // Its day counts to the end, wherever the reader is.
  const end = ISO_DAY.test(until) ? Date.parse(`${until}T00:00:00Z`) + DAY_MS : Number.NaN;
  if (Number.isNaN(end)) {
    return { rule: 'ignore-incomplete', why: `The ignore of ${rule} should end on a day such as 2026-12-31; got "${until}".`, todo: 'say until when' };
  }
  if (end - today.getTime() > AHEAD_MAX_MS) {
    return { rule: 'ignore-incomplete', why: `The ignore of ${rule} ends on ${until}, more than a year ahead.`, todo: 'choose a day on which somebody looks at it again' };
  }
  if (end <= today.getTime()) {
    return { rule: 'ignore-expired', why: `The ignore of ${rule} ended on ${until} (${reason}).`, todo: 'follow the recipe, or give a new day with a reason that still holds' };
  }
  if (!isRule(rule)) {
    return { rule: 'ignore-unused', why: `There is no rule ${rule}.`, todo: 'take the name from `migrate lint`' };
  }
  if (!found.some((each) => each.rule === rule)) {
    return { rule: 'ignore-unused', why: `The ignore of ${rule} ignores nothing.`, todo: 'take it out' };
  }
  return undefined;
}

function isRule(name: string): boolean {
  return [...rules, ...scriptRules].some(({ id }) => id === name) || name === 'unjudged';
}

function finding({ name, phase }: Script, { rule, why, todo }: IgnoreProblem): Finding {
  const { severity } = builtIn[rule];
  return { rule, severity, script: name, phase, statement: undefined, query: undefined, position: undefined, why, recipe: [code(todo)] };
}
