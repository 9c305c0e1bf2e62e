/** What asks the database: a DataSource, an EntityManager or a QueryRunner of TypeORM, or a client of pg. */
export interface Queryable {
  query(statement: string, parameters?: unknown[]): Promise<unknown>;
}

/** The rows; TypeORM answers with them, pg with an object around them. */
export async function rowsOf<Row>(database: Queryable, statement: string, parameters: unknown[] = []): Promise<Row[]> {
  const answer = await database.query(statement, parameters);
  return Array.isArray(answer) ? (answer as Row[]) : (answer as { rows: Row[] }).rows;
}
