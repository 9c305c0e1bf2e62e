import { setTimeout as sleep } from 'node:timers/promises';
import type { Migration, MigrationClass } from '../migration.js';
import type { Scene } from './dry-run.js';
import { type LatencySummary, summaryOf } from './latencies.js';
import { type Answer, Load, type LoadResult } from './load.js';
import { loadStatements } from './load-statements.js';
import { holdLocks } from './lock-holder.js';
import { byStrength, type LockModes, LockSampler, type LockSamples } from './lock-sampler.js';
import type { Measured } from './measured.js';
import { hashOf } from './migration-hash.js';
import type { RehearsalDatabase } from './rehearsal-database.js';
import { readRelations, type Relation, rewrittenTables, totalBytes, walWritten } from './relations.js';
import type { RowPlan } from './row-plan.js';
import { RUNNER, runNext } from './runner.js';

/** How hard it is made for a migration. */
export interface Conditions {
  readonly rows: number;
  /** How long somebody reads in a transaction, from the moment at which it begins. */
  readonly lockHolderMs: number;
  /** Statements of the load, per second. */
  readonly ratePerSecond: number;
  readonly connections: number;
  /** How long the load runs before the migration begins, for comparison. */
  readonly quietMs: number;
}

export interface Measurement {
  readonly measured: Measured;
  readonly readers: LatencySummary;
  /** The longest that anybody but the migration was seen waiting for a lock. */
  readonly longestLockWaitMs: number;
  /** Statements of the load that the database refused, and the first of them. */
  readonly refused: number;
  readonly refusal?: string;
  /** Why the migration itself did not come to its end. */
  readonly failure?: string;
  readonly nextNew: number;
}

export interface Rehearsed {
  readonly migrations: readonly MigrationClass[];
  readonly migration: Migration;
  readonly scene: Scene;
  readonly plans: ReadonlyMap<string, RowPlan>;
  /** The number of the first row that the load inserts. */
  readonly firstNew: number;
}

const MB = 1_048_576;

/** Runs one migration under load and behind a reader, and tells what that was like for the writers. */
export async function measure(database: RehearsalDatabase, rehearsed: Rehearsed, conditions: Conditions): Promise<Measurement> {
  const { migrations, scene, plans, firstNew } = rehearsed;
  const { name, before, after, touched } = scene;
  const { rows, lockHolderMs, ratePerSecond, connections, quietMs } = conditions;
  const { client, url } = database;
  const relations = await readRelations(client, touched);
  // What the filling has left in memory goes to the disk now, not in the middle of the measurement.
  await client.query('CHECKPOINT');
  const statements = touched.flatMap((table) => {
    const [plan, shape] = [plans.get(table), before.get(table)];
    return plan === undefined || shape === undefined ? [] : loadStatements(plan, shape, after.get(table));
  });
  const sampler = await LockSampler.start(url, RUNNER);
  const load = await Load.start({ url, statements, ratePerSecond, connections, rows, firstNew });
  try {
    await sleep(statements.length === 0 ? 0 : quietMs);
    const release = await holdLocks(url, lockHolderMs === 0 ? [] : touched, lockHolderMs);
    const wal = await walWritten(client);
    const startedMs = performance.now();
    const outcome = await runNext(url, migrations, name).catch((error: unknown) => ({ failure: wordsOf(error) }));
    const endedMs = performance.now();
    const walBytes = (await walWritten(client)) - wal;
    await release();
    const relationsNow = await readRelations(client, touched);
    const run = { outcome, startedMs, endedMs, walBytes, relations, relationsNow };
    return await measurementOf(database, rehearsed, conditions, run, await load.stop(), await sampler.stop(touched));
  } catch (error) {
    await Promise.allSettled([load.stop(), sampler.stop([])]);
    throw error;
  }
}

/** What happened between the begin and the end of the runner. */
interface Run {
  readonly outcome: number | { readonly failure: string };
  readonly startedMs: number;
  readonly endedMs: number;
  readonly walBytes: number;
  readonly relations: ReadonlyMap<string, Relation>;
  readonly relationsNow: ReadonlyMap<string, Relation>;
}

async function measurementOf(
  database: RehearsalDatabase,
  { migration, scene: { name, touched, lockModes } }: Rehearsed,
  { rows, lockHolderMs }: Conditions,
  { outcome, startedMs, endedMs, walBytes, relations, relationsNow }: Run,
  { answers, failed, failure, nextNew }: LoadResult,
  samples: LockSamples,
): Promise<Measurement> {
  const meanwhile = answers.filter(({ dueMs, latencyMs }) => dueMs <= endedMs && dueMs + latencyMs >= startedMs);
  const quiet = answers.filter(({ dueMs, latencyMs }) => dueMs + latencyMs < startedMs);
  const writers = summaryOf(latenciesOf('write', meanwhile));
  return {
    measured: {
      maxStallMs: Math.ceil(writers.max),
      p99Ms: Math.ceil(writers.p99),
      quietMaxMs: Math.ceil(summaryOf(latenciesOf('write', quiet)).max),
      rows,
      lockHolderMs,
      lockModes: both(touched, lockModes, samples.modes),
      durationMs: Math.round(endedMs - startedMs),
      tries: typeof outcome === 'number' ? outcome : 0,
      rewritten: rewrittenTables(relations, relationsNow),
      walMb: Math.round(walBytes / MB),
      grownMb: Math.round((totalBytes(relationsNow) - totalBytes(relations)) / MB),
      postgres: await versionOf(database),
      statements: await hashOf(name, migration),
      date: new Date().toISOString().slice(0, 10),
    },
    readers: summaryOf(latenciesOf('read', meanwhile)),
    longestLockWaitMs: samples.longestWaitMs,
    refused: failed,
    ...(failure === undefined ? {} : { refusal: failure }),
    ...(typeof outcome === 'number' ? {} : outcome),
    nextNew,
  };
}

function latenciesOf(kind: Answer['kind'], answers: readonly Answer[]): number[] {
  return answers.filter((answer) => answer.kind === kind).map(({ latencyMs }) => latencyMs);
}

/** What was read exactly on empty tables, and what was seen of those statements that no transaction holds. */
function both(tables: readonly string[], exact: LockModes, sampled: LockModes): LockModes {
  return Object.fromEntries(
    tables.map((table) => [table, byStrength([...(exact[table] ?? []), ...(sampled[table] ?? [])])]),
  );
}

async function versionOf({ client }: RehearsalDatabase): Promise<string> {
  const { rows } = await client.query<{ version: string }>(`SELECT current_setting('server_version') AS version`);
  return /^[\d.]+/.exec(rows[0]?.version ?? '')?.[0] ?? 'unknown';
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
