import { hasSqlDetails, loadModule, type Node, parseSync, scanSync, type ScanToken } from 'libpg-query';

// PostgreSQL's own grammar, compiled to WebAssembly. Loading it takes some 40 ms; whoever imports this file waits for it once.
await loadModule();

export type NodeKind = Node extends infer N ? (N extends unknown ? keyof N : never) : never;
export type NodeOf<K extends NodeKind> = Extract<Node, Record<K, unknown>>[K];

/** Where something stands in a text: both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One statement, with a text of its own that the locations in its tree count from, in bytes. */
export interface ParsedStatement {
  readonly text: string;
  readonly node: Node;
  readonly position: Position;
}

/** PostgreSQL would not read it either. */
export class SqlSyntaxError extends Error {
  constructor(
    message: string,
    readonly position: Position,
  ) {
    super(message);
    this.name = 'SqlSyntaxError';
  }
}

/** @throws SqlSyntaxError */
export function parseStatements(sql: string): ParsedStatement[] {
  const bytes = Buffer.from(sql);
  const tokens = scan(sql).filter((token) => !isComment(token));
  return (parsed(sql).stmts ?? []).flatMap(({ stmt, stmt_location: start = 0, stmt_len: length = bytes.length - start }) => {
    const first = tokens.find((token) => token.start >= start);
    if (stmt === undefined || first === undefined) {
      return [];
    }
    const text = bytes.subarray(first.start, start + length).toString().trimEnd();
    // Parsed again where it does not begin the text, so that its locations count from its own start.
    const node = first.start === 0 ? stmt : (parsed(text).stmts?.[0]?.stmt ?? stmt);
    return [{ text, node, position: positionAt(bytes.subarray(0, first.start).toString()) }];
  });
}

function parsed(sql: string): ReturnType<typeof parseSync> {
  try {
    return parseSync(sql);
  } catch (error) {
    const offset = hasSqlDetails(error) ? (error.sqlDetails?.cursorPosition ?? 0) : 0;
    throw new SqlSyntaxError((error as Error).message, positionAt([...sql].slice(0, offset).join('')));
  }
}

/** The words and signs of a text; their offsets are in bytes. */
export function scan(sql: string): ScanToken[] {
  try {
    return scanSync(sql).tokens;
  } catch (error) {
    throw new SqlSyntaxError((error as Error).message, { line: 1, column: 1 });
  }
}

export function isComment({ tokenName }: ScanToken): boolean {
  return tokenName === 'SQL_COMMENT' || tokenName === 'C_COMMENT';
}

export function positionAt(before: string): Position {
  const lines = before.split('\n');
  return { line: lines.length, column: [...(lines.at(-1) ?? '')].length + 1 };
}

/** What a node is, when it is of this kind. */
export function nodeAs<K extends NodeKind>(node: Node | undefined, kind: K): NodeOf<K> | undefined {
  return node === undefined ? undefined : (node as Partial<Record<NodeKind, unknown>>)[kind] as NodeOf<K> | undefined;
}

export function kindOf(node: Node): NodeKind {
  return Object.keys(node)[0] as NodeKind;
}

/** Every node below one, and itself, whatever holds it. */
export function* nodesIn(value: unknown): Generator<{ readonly kind: string; readonly node: unknown }> {
  if (Array.isArray(value)) {
    for (const item of value) {
      yield* nodesIn(item);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      if (/^[A-Z]/.test(key)) {
        yield { kind: key, node: child };
      }
      yield* nodesIn(child);
    }
  }
}

/** The texts in a list of names: `a.b` is ["a", "b"]. */
export function namesIn(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => nodeAs(node, 'String')?.sval ?? []);
}
