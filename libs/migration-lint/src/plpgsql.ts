import { type CreateFunctionStmt, type DoStmt, type Node, parsePlPgSQLSync } from 'libpg-query';
import { namesIn, nodeAs, parseStatements } from './parse.js';

/** The SQL inside a block or a function, as far as it is written down there. */
export interface InnerSql {
  readonly statements: readonly string[];
  /** Why the rest of it cannot be judged; empty when all of it is known. */
  readonly unknown: readonly string[];
}

/** What a DO block does: it does it now. */
export function sqlInDo({ args = [] }: DoStmt, text: string): InnerSql {
  const language = textOption(args, 'language') ?? 'plpgsql';
  return language === 'plpgsql' ? inPlpgsql(text) : { statements: [], unknown: [`a DO block in ${language}`] };
}

/** What a function does when it is called. */
export function sqlInFunction({ options = [], sql_body: standardBody }: CreateFunctionStmt, text: string): InnerSql {
  const language = textOption(options, 'language') ?? 'sql';
  const body = textOption(options, 'as');
  switch (language.toLowerCase()) {
    case 'plpgsql':
      return inPlpgsql(text);
    case 'sql':
      // A body in the standard's form was parsed with the statement; one that changes tables cannot be written so.
      return standardBody !== undefined || body === undefined ? { statements: [], unknown: [] } : inText(body);
    default:
      return { statements: [], unknown: [`a function in ${language}`] };
  }
}

function textOption(options: readonly Node[], name: string): string | undefined {
  const option = options.map((node) => nodeAs(node, 'DefElem')).find((found) => found?.defname === name);
  return nodeAs(option?.arg, 'String')?.sval ?? namesIn(nodeAs(option?.arg, 'List')?.items)[0];
}

function inText(sql: string): InnerSql {
  try {
    return { statements: parseStatements(sql).map(({ text }) => text), unknown: [] };
  } catch (error) {
    return { statements: [], unknown: [`a body that does not parse (${(error as Error).message})`] };
  }
}

function inPlpgsql(text: string): InnerSql {
  try {
    return gathered(parsePlPgSQLSync(text));
  } catch (error) {
    return { statements: [], unknown: [`a body that does not parse (${(error as Error).message})`] };
  }
}

function gathered(tree: unknown): InnerSql {
  const statements: string[] = [];
  const unknown: string[] = [];
  for (const { kind, node } of members(tree)) {
    const { sqlstmt, query } = node as { sqlstmt?: unknown; query?: unknown };
    switch (kind) {
      case 'PLpgSQL_stmt_execsql':
        statements.push(expressionText(sqlstmt));
        break;
      case 'PLpgSQL_stmt_perform':
        statements.push(expressionText((node as { expr?: unknown }).expr));
        break;
      case 'PLpgSQL_stmt_dynexecute':
      case 'PLpgSQL_stmt_dynfors': {
        const literal = literalIn(expressionText(query));
        if (literal === undefined) {
          unknown.push(`EXECUTE of a text that is put together at run time: ${expressionText(query)}`);
        } else {
          statements.push(literal);
        }
        break;
      }
      default:
    }
  }
  return { statements: statements.filter((sql) => sql !== ''), unknown };
}

function* members(value: unknown): Generator<{ kind: string; node: unknown }> {
  if (typeof value !== 'object' || value === null) {
    return;
  }
  for (const [kind, node] of Object.entries(value)) {
    yield { kind, node };
    yield* members(node);
  }
}

function expressionText(expression: unknown): string {
  return (expression as { PLpgSQL_expr?: { query?: string } } | undefined)?.PLpgSQL_expr?.query ?? '';
}

/** The text that an expression is, when it is a plain literal. */
function literalIn(expression: string): string | undefined {
  const [select] = parseStatements(`SELECT ${expression}`);
  const [target] = nodeAs(select?.node, 'SelectStmt')?.targetList ?? [];
  return nodeAs(nodeAs(target, 'ResTarget')?.val, 'A_Const')?.sval?.sval;
}
