import type pg from 'pg';
import type { DataSource } from 'typeorm';

/** TypeORM's own door to its pool. */
interface PoolDriver {
  obtainMasterConnection(): Promise<[client: pg.PoolClient, release: (error?: Error) => void]>;
}

/**
 * Takes a connection out of the pool, has the server answer on it, and puts it back: what every transaction needs.
 *
 * A connection on which nobody answers within `answerMs` is thrown away, not put back: it leaks nowhere, and the next
 * caller gets another one. How long the pool itself may take is the pool's affair (3 s).
 */
export async function checkOut(dataSource: DataSource, answerMs: number): Promise<void> {
  const [client, release] = await (dataSource.driver as unknown as PoolDriver).obtainMasterConnection();
  try {
    await client.query({ text: 'SELECT 1', query_timeout: answerMs } as pg.QueryConfig);
  } catch (error) {
    release(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
  release();
}
