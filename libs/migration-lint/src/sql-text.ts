import type { ColumnDef, Constraint, ScanToken } from 'libpg-query';
import { constraintsOf, type Operation } from './operation.js';
import { isComment, nodeAs, scan } from './parse.js';

/** The parts of a column's definition as they are written: `balance numeric(9, 2)`, and each constraint behind it. */
export interface ColumnText {
  readonly head: string;
  readonly constraints: readonly { readonly constraint: Constraint; readonly text: string }[];
}

/** From a place in the statement, in bytes, to the end of the command of ALTER TABLE that it belongs to. */
export function restOfCommand({ statement: { text } }: Operation, from: number): string {
  return slice(text, from, endOfCommand(text, from));
}

export function columnText(operation: Operation, column: ColumnDef): ColumnText {
  const { text } = operation.statement;
  const start = column.location ?? 0;
  const end = endOfCommand(text, start);
  const all = constraintsOf(column);
  // DEFERRABLE, NOT ENFORCED and their like belong to what stands before them.
  const own = all.filter(({ contype }) => contype?.startsWith('CONSTR_ATTR_') !== true);
  const starts = [...own.map(({ location }) => location ?? 0), column.collClause?.location ?? -1, end]
    .filter((at) => at > start)
    .sort((a, b) => a - b);
  const pieceAt = (at: number): string => slice(text, at, starts.find((next) => next > at) ?? end);
  const collate = column.collClause?.location === undefined ? '' : ` ${pieceAt(column.collClause.location)}`;
  return {
    head: `${pieceAt(start)}${collate}`,
    constraints: own.map((constraint) => ({ constraint, text: pieceAt(constraint.location ?? 0) })),
  };
}

/** The statement with words put behind the first token of this text: CONCURRENTLY behind INDEX. */
export function withWords(text: string, behind: string, words: string): string {
  const token = words === '' ? undefined : scan(text).find((found) => found.text.toUpperCase() === behind);
  if (token === undefined) {
    return text;
  }
  const bytes = Buffer.from(text);
  return `${bytes.subarray(0, token.end).toString()} ${words}${bytes.subarray(token.end).toString()}`;
}

/** The statement without its last token of this text. */
export function withoutWord(text: string, word: string): string {
  const token = scan(text).findLast((found) => found.text.toUpperCase() === word);
  const bytes = Buffer.from(text);
  return token === undefined ? text : `${bytes.subarray(0, token.start).toString().trimEnd()}${bytes.subarray(token.end).toString()}`;
}

/** An UPDATE or DELETE with one more condition; its own in parentheses, because one of them may be an OR. */
export function withCondition(text: string, condition: string): string {
  const where = wordOutside(text, 'WHERE');
  const end = wordOutside(text, 'RETURNING')?.start ?? Buffer.byteLength(text);
  const changed = slice(text, 0, where?.start ?? end);
  const own = where === undefined ? '' : ` AND (${slice(text, where.end, end)})`;
  return `${changed} WHERE ${condition}${own}`;
}

/** A word of the statement itself, not of a query within it. */
function wordOutside(text: string, word: string): ScanToken | undefined {
  let depth = 0;
  return restFrom(text, 0).find((token) => {
    depth += depthOf(token);
    return depth === 0 && token.text.toUpperCase() === word;
  });
}

/** What stands in the first parentheses of a constraint, with them. */
export function expressionText({ statement: { text } }: Operation, constraint: Constraint): string {
  const words = restFrom(text, constraint.location ?? 0);
  const open = words.find(({ text: word }) => word === '(');
  return open === undefined ? '' : slice(text, open.start, closing(words, open) ?? text.length);
}

/** Where the columns of an index are that have a name. */
export function indexColumns(params: readonly unknown[]): string[] {
  return params.map((param) => nodeAs(param as never, 'IndexElem')?.name ?? 'expression');
}

function endOfCommand(text: string, from: number): number {
  let depth = 0;
  for (const token of restFrom(text, from)) {
    depth += depthOf(token);
    if (depth < 0 || (depth === 0 && token.text === ',') || token.text === ';') {
      return token.start;
    }
  }
  return Buffer.byteLength(text);
}

function closing(words: readonly ScanToken[], open: ScanToken): number | undefined {
  let depth = 0;
  for (const token of words.slice(words.indexOf(open))) {
    depth += depthOf(token);
    if (depth === 0) {
      return token.end;
    }
  }
  return undefined;
}

function restFrom(text: string, from: number): ScanToken[] {
  return scan(text).filter((token) => token.start >= from && !isComment(token));
}

function depthOf({ text }: ScanToken): number {
  return text === '(' || text === '[' ? 1 : text === ')' || text === ']' ? -1 : 0;
}

function slice(text: string, from: number, to: number): string {
  return Buffer.from(text).subarray(from, to).toString().trim();
}
