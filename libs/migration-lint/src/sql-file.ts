import type { LintIgnore, MigrationPhase } from '@waybill/database';
import { isComment, scan, SqlSyntaxError } from './parse.js';
import type { Script } from './script.js';

export interface SqlFileOptions {
  readonly phase?: MigrationPhase;
  /** Whoever runs the file puts a transaction around it. */
  readonly transaction?: boolean;
}

/** `-- waybill-lint-ignore RULE until 2026-12-31: why`. What is missing is left empty, and refused later. */
const IGNORE = /^--\s*waybill-lint-ignore\s+(\S+)(?:\s+until\s+(\S+?))?(?::\s*(.*))?$/;

/** A file of plain SQL, which declares nothing: an expand unless told, and with no time-outs but those it sets itself. */
export function sqlFile(name: string, sql: string, { phase = 'expand', transaction = false }: SqlFileOptions = {}): Script {
  return { name, phase, transaction, queries: [{ sql, from: 'up' }], ignores: ignoresIn(sql) };
}

function ignoresIn(sql: string): LintIgnore[] {
  return comments(sql).flatMap((comment) => {
    const [, rule, until = '', reason = ''] = IGNORE.exec(comment.trim()) ?? [];
    return rule === undefined ? [] : [{ rule, until, reason }];
  });
}

function comments(sql: string): string[] {
  try {
    return scan(sql)
      .filter(isComment)
      .map(({ text }) => text);
  } catch (error) {
    if (error instanceof SqlSyntaxError) {
      return [];
    }
    throw error;
  }
}
