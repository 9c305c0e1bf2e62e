import type pg from 'pg';

/** Where the rows of a table lie, and how much room they and their indexes take. */
export interface Relation {
  readonly filenode: string;
  readonly bytes: number;
}

/** Of the tables that there are. */
export async function readRelations(client: pg.ClientBase, tables: readonly string[]): Promise<ReadonlyMap<string, Relation>> {
  const { rows } = await client.query<Relation & { name: string }>(
    `SELECT relname AS name, coalesce(pg_relation_filenode(oid), 0)::text AS filenode, pg_total_relation_size(oid)::float8 AS bytes
     FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = ANY ($1)`,
    [tables],
  );
  return new Map(rows.map(({ name, filenode, bytes }) => [name, { filenode, bytes }]));
}

/** Bytes of WAL that the server has written since it was made. */
export async function walWritten(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ bytes: number }>(`SELECT (pg_current_wal_lsn() - '0/0')::float8 AS bytes`);
  return rows[0]?.bytes ?? 0;
}

/** Tables that were written anew: their rows lie in another file. */
export function rewrittenTables(before: ReadonlyMap<string, Relation>, after: ReadonlyMap<string, Relation>): string[] {
  return [...before].flatMap(([name, { filenode }]) => {
    const now = after.get(name);
    return now === undefined || now.filenode === filenode ? [] : [name];
  });
}

export function totalBytes(relations: ReadonlyMap<string, Relation>): number {
  return [...relations.values()].reduce((sum, { bytes }) => sum + bytes, 0);
}
